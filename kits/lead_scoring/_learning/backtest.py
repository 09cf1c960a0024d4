"""The backtest: at each origin the candidate and the calibrator that were best until then judge what came after.

All figures come from here: of models that had not seen those leads, chosen and calibrated without them and without later
ones, by outcomes that were known by then; `test` in parts, each by a model that knows what was known when that began,
as one that ships knows what is known then. (The first fold has nothing before it: the plainest model judges it,
uncalibrated. Of very large tables, later folds narrow down what is tried at all.) What is shipped is chosen the same way
with all folds, and learns from all leads where the configuration wants that.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from kits.core.errors import DataError
from kits.lead_scoring._learning.calibration import Slice, calibrate
from kits.lead_scoring._learning.candidates import Candidate
from kits.lead_scoring._learning.choice import LATEST, Scored, choose, judge
from kits.lead_scoring._learning.effort import is_large, thinned
from kits.lead_scoring._learning.folds import AFTER, LATER, Origin, can_learn
from kits.lead_scoring._learning.intervals import interval_of
from kits.lead_scoring._learning.learner import Learner, Trial
from kits.lead_scoring._learning.level import Level, level_of, raised, said_of
from kits.lead_scoring._learning.search import Search
from kits.lead_scoring._models.calibrator import calibrated, probability
from kits.lead_scoring._models.spec import CalibratorSpec, IntervalSpec

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Chosen:
    """What was best by some folds.

    Attributes:
        why: one sentence on the calibrator.
        scored: all candidates on the folds that decided.
        level: where the level of those folds was going.
    """

    candidate: Candidate
    calibrator: CalibratorSpec
    why: str
    scored: tuple[Scored, ...] = ()
    level: Level = field(default_factory=Level)


@dataclass(frozen=True)
class Backtest:
    """What a backtest found.

    Attributes:
        unseen: row → probability by a model that had not seen it.
        whole_year: the same without the time of year, of rows whose model knew one.
        chosen: at each origin that was judged by a choice; the last one, `ship`, by all folds.
        slices: the latest folds by the shipped candidate.
        given_up: candidates that were hopeless on the first folds, and how they did there.
        thinned: whether inner folds learned from some of their leads only, there being very many.
        parts: how many `test` was judged in.
    """

    unseen: Mapping[int, float]
    chosen: Mapping[str, Chosen]
    slices: tuple[Slice, ...] = field(repr=False)
    given_up: tuple[Scored, ...] = field(default=(), repr=False)
    thinned: bool = False
    whole_year: Mapping[int, float] = field(default_factory=dict)
    parts: int = 1

    @property
    def shipped(self) -> Chosen:
        """By all folds."""
        return self.chosen["ship"]

    @property
    def interval(self) -> IntervalSpec:
        """How sure the shipped model's probabilities are."""
        return interval_of(self.slices, self.shipped.calibrator, self.shipped.level.past)


def run_backtest(
    learner: Learner, steps: Sequence[Origin], candidates: Sequence[Candidate], *, in_time: bool
) -> Backtest:
    """Judges candidates at all origins, choosing at each by what was known until then.

    Raises:
        DataError: too few outcomes were known when `val` or `test` began, or no fold has any to learn from.
    """
    found = _Unseen()
    chosen: dict[str, Chosen] = {}
    search = Search(tuple(candidates))
    usable = [step for step in steps if can_learn(learner.won[step.fit])]
    _refuse_unjudged(learner, steps, usable)
    inner = [step for step in usable if step.name not in AFTER]
    learner.progress.begin("trying models on leads they have not seen", len(usable))
    margins, parts = _search(learner, inner, search, found.waves), 1
    for step in usable[len(inner) :]:
        trial = Trial(learner, step, view=search.tried[0].view, inner=False)
        done = [one for one in usable if one.name in margins]
        margins[step.name] = trial.margins(search.tried)
        found.waves[step.name] = trial.waves
        taken = _choose(learner, margins, done, search.tried, in_time=in_time, by=step.moment)
        chosen[step.name] = taken
        if step.parts and done and learner.config.refit:
            parts = len(step.parts) if step.name in LATER else parts
            _judge_parts(learner, step, trial, taken, margins, done, found)
        else:
            found.judge(margins[step.name][taken.candidate], step, taken)
        learner.progress.advance()
    learner.progress.end()
    shipped = chosen["ship"] = _choose(learner, margins, usable, search.tried, in_time=in_time)
    for place, step in enumerate(inner):
        before = inner[:place] if in_time else [one for one in inner if one is not step]
        there = [one for one in search.tried if one in margins[step.name]]
        taken = _choose(learner, margins, before, there, in_time=in_time, by=step.moment)
        found.judge(margins[step.name][taken.candidate], step, taken)
    slices = _slices(
        learner, margins, _latest(usable, in_time), shipped.candidate, learner.beside()
    )
    some = any(thinned(step.fit) is not step.fit for step in inner)
    return Backtest(
        found.chances, chosen, slices, tuple(search.given_up), some, found.whole_year, parts
    )


def _judge_parts(
    learner: Learner,
    step: Origin,
    trial: Trial,
    taken: Chosen,
    margins: Mapping[str, Mapping[Candidate, Floats]],
    done: Sequence[Origin],
    found: _Unseen,
) -> None:
    """Judges a step by its parts: the candidate learns again before each, of a large table its calibrator alone does.

    Args:
        trial: of the whole step, before all of its parts.
        done: the steps before.
    """
    candidate, latest = taken.candidate, done[-1]
    before, by = margins[latest.name][candidate], taken
    for number, part in enumerate(step.parts):
        if number:
            known = {**margins, latest.name: {candidate: before}}
            steps = [*done[:-1], latest]
            by = _choose(learner, known, steps, [candidate], in_time=True, by=part.moment)
        if number and not is_large(trial.cells):
            again = Trial(learner, part, view=candidate.view, inner=False)
            own, waves = again.margins([candidate])[candidate], again.waves
        else:
            mine = np.isin(step.judge, part.judge)
            own = margins[step.name][candidate][mine]
            waves = {one: wave[mine] for one, wave in trial.waves.items()}
        found.waves[part.name] = waves
        found.judge(own, part, by)
        latest = replace(latest, judge=np.concatenate([latest.judge, part.judge]), parts=())
        before = np.concatenate([before, own])


@dataclass
class _Unseen:
    """What is said of rows that the models saying it had not seen.

    Attributes:
        chances: row → probability.
        whole_year: the same without the time of year, of rows whose model knew one.
        waves: step → candidate → (judged rows,) what the time of year is of its log-odds.
    """

    chances: dict[int, float] = field(default_factory=dict)
    whole_year: dict[int, float] = field(default_factory=dict)
    waves: dict[str, dict[Candidate, Floats]] = field(default_factory=dict)

    def judge(self, margins: Floats, step: Origin, by: Chosen) -> None:
        """Takes log-odds of the rows that a step judges."""
        self.chances.update(_chances(margins, step, by))
        wave = self.waves.get(step.name, {}).get(by.candidate)
        if wave is not None:
            self.whole_year.update(_chances(margins - wave, step, by))


def _chances(margins: Floats, step: Origin, by: Chosen) -> dict[int, float]:
    """Row → probability of the rows that a step judges."""
    chances = probability(calibrated(margins, by.calibrator))
    return dict(zip(step.judge.tolist(), chances.tolist()))


def _search(
    learner: Learner,
    inner: Sequence[Origin],
    search: Search,
    waves: dict[str, dict[Candidate, Floats]],
) -> dict[str, dict[Candidate, Floats]]:
    """Log-odds of candidates on the inner folds, the latest fold first."""
    margins: dict[str, dict[Candidate, Floats]] = {}
    cells = 0
    for place, step in enumerate(reversed(inner)):
        trial = Trial(learner, step, view=search.tried[0].view, inner=True)
        cells = max(cells, trial.cells)
        if not place:
            search.begin(cells)
        done = inner[len(inner) - 1 - place :]
        margins[step.name] = trial.margins(search.tried)
        waves[step.name] = trial.waves
        search.narrow(judge(margins, done, learner.won, learner.beside()), cells)
        joining = () if place else search.join()
        if joining:
            margins[step.name].update(trial.margins(joining))
            scored = judge(margins, done, learner.won, learner.beside())
            search.narrow([one for one in scored if one.candidate in search.tried], cells)
        learner.progress.advance()
    search.settle(
        [
            o
            for o in judge(margins, inner, learner.won, learner.beside())
            if o.candidate in search.tried
        ],
        cells,
    )
    return margins


def _choose(
    learner: Learner,
    margins: Mapping[str, Mapping[Candidate, Floats]],
    done: Sequence[Origin],
    tried: Sequence[Candidate],
    *,
    in_time: bool,
    by: float = math.inf,
) -> Chosen:
    """The candidate and the calibrator by the latest folds so far, and by what was known of them at a moment."""
    margins, latest = _known(margins, _latest(done, in_time), learner.settled, by)
    beside = learner.beside(by)
    found = judge(margins, latest, learner.won, beside)
    scored = tuple(one for one in found if one.candidate in tried)
    if not scored:
        return Chosen(
            tried[0], CalibratorSpec(), "not calibrated: no fold holds leads won and lost"
        )
    candidate = choose(scored).candidate
    slices = _slices(learner, margins, latest, candidate, beside)
    calibrator, why = calibrate(slices, learner.config.calibrator)
    level = Level()
    if in_time and learner.config.calibrator == "auto" and len(slices) > 1:
        level = level_of(slices, calibrator)
        calibrator = raised(calibrator, level.to_come)
        why = f"{why}{said_of(level)}"
    return Chosen(candidate, calibrator, why, scored, level)


def _known(
    margins: Mapping[str, Mapping[Candidate, Floats]],
    steps: Sequence[Origin],
    settled: Floats | None,
    by: float,
) -> tuple[Mapping[str, Mapping[Candidate, Floats]], Sequence[Origin]]:
    """Steps without the leads whose outcomes did not count by then."""
    if settled is None or math.isinf(by):
        return margins, steps
    left: dict[str, Mapping[Candidate, Floats]] = {}
    kept: list[Origin] = []
    for step in steps:
        known = ~(settled[step.judge] > by)
        if known.any():
            kept.append(step.only(known))
            left[step.name] = {one: found[known] for one, found in margins[step.name].items()}
    return left, kept


def _refuse_unjudged(learner: Learner, steps: Sequence[Origin], usable: Sequence[Origin]) -> None:
    """A model of which nothing could be told on the leads that figures come from."""
    judged = {step.name for step in usable}
    for step in steps:
        if step.name in LATER and step.name not in judged:
            won = int(learner.won[step.fit].sum())
            raise DataError(
                f"when the leads of {step.name} began to come, {won} leads were known to be won and "
                f"{len(step.fit) - won} to be lost: too few to judge a model by that learned from them",
                fix="import leads of a longer time, older ones too: outcomes count from when they were known",
            )
    if not usable:
        raise DataError(
            "no leads won and lost to learn from on both sides of any split",
            fix="import more leads whose outcome is known, won and lost ones",
        )


def _latest(done: Sequence[Origin], in_time: bool) -> Sequence[Origin]:
    """In time the latest folds decide; by lot all are alike."""
    return done[-LATEST:] if in_time else done


def _slices(
    learner: Learner,
    margins: Mapping[str, Mapping[Candidate, Floats]],
    steps: Sequence[Origin],
    candidate: Candidate,
    beside: Floats | None,
) -> tuple[Slice, ...]:
    return tuple(
        Slice(
            margins[step.name][candidate],
            learner.won[step.judge],
            None if beside is None else beside[step.judge],
        )
        for step in steps
    )
