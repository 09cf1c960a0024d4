"""The backtest: at each origin the candidate and the calibrator that were best until then judge what came after.

Figures on `val` and `test` come from here: of models that had not seen those leads, chosen without them. What is
shipped is chosen the same way with all folds, and learns from all leads where the configuration wants that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from kits.core.errors import DataError
from kits.lead_scoring._learning.calibration import Slice, calibrate
from kits.lead_scoring._learning.candidates import Candidate, Learner
from kits.lead_scoring._learning.choice import LATEST, Scored, choose, hopeless, judge
from kits.lead_scoring._learning.effort import is_large
from kits.lead_scoring._learning.folds import LATER, Origin
from kits.lead_scoring._learning.intervals import interval_of
from kits.lead_scoring._models.calibrator import calibrated, probability
from kits.lead_scoring._models.spec import CalibratorSpec, IntervalSpec

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Chosen:
    """What was best by some folds.

    Attributes:
        why: one sentence on the calibrator.
        scored: all candidates on the folds that decided.
    """

    candidate: Candidate
    calibrator: CalibratorSpec
    why: str
    scored: tuple[Scored, ...] = ()


@dataclass(frozen=True)
class Backtest:
    """What a backtest found.

    Attributes:
        unseen: row → probability by a model that had not seen it.
        chosen: at each origin that was judged by a choice; the last one, `ship`, by all folds.
        slices: the latest folds by the shipped candidate.
        given_up: candidates that were hopeless on the first folds, and how they did there.
    """

    unseen: Mapping[int, float]
    chosen: Mapping[str, Chosen]
    slices: tuple[Slice, ...] = field(repr=False)
    given_up: tuple[Scored, ...] = field(default=(), repr=False)

    @property
    def shipped(self) -> Chosen:
        """By all folds."""
        return self.chosen["ship"]

    @property
    def interval(self) -> IntervalSpec:
        """How sure the shipped model's probabilities are."""
        return interval_of(self.slices, self.shipped.calibrator)


def run_backtest(
    learner: Learner, steps: Sequence[Origin], tried: Sequence[Candidate], *, in_time: bool
) -> Backtest:
    """Judges all candidates at all origins, choosing at each by what was known until then.

    Of a large table, those that are hopeless after an inner fold are given up.

    Raises:
        DataError: no fold holds leads won and lost on both sides.
    """
    margins: dict[str, dict[Candidate, Floats]] = {}
    done: list[Origin] = []
    unseen: dict[int, float] = {}
    chosen: dict[str, Chosen] = {}
    given_up: list[Scored] = []
    learner.progress.begin("trying models on leads they have not seen", len(steps))
    for step in steps:
        if not 0 < learner.won[step.fit].mean() < 1:
            continue
        choosing = step.name not in LATER
        margins[step.name] = learner.margins(step, tried, inner=choosing)
        if not choosing:
            chosen[step.name] = _choose(learner, margins, done, tried, in_time=in_time)
            taken = chosen[step.name]
            logits = calibrated(margins[step.name][taken.candidate], taken.calibrator)
            unseen.update(zip(step.judge.tolist(), probability(logits).tolist()))
        done.append(step)
        if choosing and is_large(learner.cells):
            left = judge(margins, done, learner.won)
            behind = hopeless([one for one in left if one.candidate in tried])
            given_up += behind
            gone = {one.candidate for one in behind}
            tried = tuple(one for one in tried if one not in gone)
    learner.progress.end()
    if not done:
        raise DataError(
            "no leads won and lost to learn from on both sides of any split",
            fix="import more leads whose outcome is known, won and lost ones",
        )
    shipped = chosen["ship"] = _choose(learner, margins, done, tried, in_time=in_time)
    inner = [step for step in done if step.name not in LATER]
    for step in inner:
        logits = calibrated(margins[step.name][shipped.candidate], shipped.calibrator)
        unseen.update(zip(step.judge.tolist(), probability(logits).tolist()))
    slices = _slices(learner, margins, _latest(done, in_time), shipped.candidate)
    return Backtest(unseen, chosen, slices, tuple(given_up))


def _choose(
    learner: Learner,
    margins: Mapping[str, Mapping[Candidate, Floats]],
    done: Sequence[Origin],
    tried: Sequence[Candidate],
    *,
    in_time: bool,
) -> Chosen:
    """The candidate and the calibrator by the latest folds so far."""
    latest = _latest(done, in_time)
    scored = tuple(o for o in judge(margins, latest, learner.won) if o.candidate in tried)
    if not scored:
        return Chosen(
            tried[0], CalibratorSpec(), "not calibrated: no fold holds leads won and lost"
        )
    candidate = choose(scored).candidate
    slices = _slices(learner, margins, latest, candidate)
    calibrator, why = calibrate(slices, learner.config.calibrator)
    return Chosen(candidate, calibrator, why, scored)


def _latest(done: Sequence[Origin], in_time: bool) -> Sequence[Origin]:
    """In time the latest folds decide; by lot all are alike."""
    return done[-LATEST:] if in_time else done


def _slices(
    learner: Learner,
    margins: Mapping[str, Mapping[Candidate, Floats]],
    steps: Sequence[Origin],
    candidate: Candidate,
) -> tuple[Slice, ...]:
    return tuple(Slice(margins[s.name][candidate], learner.won[s.judge]) for s in steps)
