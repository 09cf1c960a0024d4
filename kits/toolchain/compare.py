"""`kit compare`: is the challenger cheaper than the champion, beyond chance?

Both bundles judge the same test samples, each at its own operating point; where people take the best first, both at
what these people can do now. Better means: the 95 %
interval of the cost difference lies below zero, and neither the goal metric nor the escape rate
got worse beyond the stated limits. Where people read probabilities, one whose probabilities come truer beyond chance
(`proper_score`) is better, too, unless it is dearer: scores that mislead cost where no threshold counts it. It changes
nothing; the caller decides what to do.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import JsonValue

from kits import load_bundle
from kits.core.dataset import DatasetItem, Split
from kits.core.errors import BundleError, DataError
from kits.core.kit import Evaluation, Kit, Progress
from kits.core.kit_manifest import Words
from kits.core.operating_point import OperatingPoint
from kits.core.ready import ReadyBundle
from kits.core.stats import Estimate, upper_bound
from kits.toolchain.evaluation import finite, metrics_json, task_of
from kits.toolchain.goal import goal_metric
from kits.toolchain.pairing import GoalRatio, Pair, ScoreChange, goal_ratio, pair_up, score_change
from kits.toolchain.project import Project
from kits.toolchain.recalling import named_as_now, shared

MIN_PER_CLASS = 10
"""Below this, a bootstrap over samples without a single mistake would call nothing certain."""
_IN_THE_MONEY = frozenset({"escape_rate", "overkill_rate"})
"""Goals that the cost difference weighs already: near zero, a ratio of such rates says nothing."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """What a challenger may lose.

    Attributes:
        max_loss: of the goal metric, relative.
        max_escape_rise: of the escape rate, absolute; only a rise beyond chance counts.
        max_new_escapes: how many defects that the champion catches may escape, beyond chance or
            not; None: no such limit.
    """

    max_loss: float = 0.02
    max_escape_rise: float = 0.01
    max_new_escapes: int | None = None


@dataclass(frozen=True)
class Comparison:
    """The answer of `kit compare`."""

    better: bool
    reason: str
    dataset: str
    split: str
    n: int
    seed: int
    currency: str
    champion: Evaluation
    challenger: Evaluation
    cost_difference: Estimate
    goal: GoalRatio
    agreement: float
    new_escapes: int
    proper_score: ScoreChange | None = None
    notes: tuple[str, ...] = ()

    def as_json(self) -> dict[str, JsonValue]:
        """The answer of `kit compare --json`."""
        return {
            "better": self.better,
            "reason": self.reason,
            "dataset": self.dataset,
            "split": self.split,
            "n": self.n,
            "seed": self.seed,
            "currency": self.currency,
            "champion": metrics_json(self.champion.metrics),
            "challenger": metrics_json(self.challenger.metrics),
            "cost_difference": finite(self.cost_difference),
            "disagreement": {
                "value": 1 - self.agreement,
                "high": upper_bound(round((1 - self.agreement) * self.n), self.n),
            },
            "new_escapes": self.new_escapes,
            "proper_score": _score_json(self.proper_score),
            "notes": list(self.notes),
            "goal": {
                "metric": self.goal.metric,
                "champion": finite(self.goal.before),
                "challenger": finite(self.goal.after),
                "kept": finite(self.goal.ratio),
                "kept_low": finite(self.goal.low),
                "kept_high": finite(self.goal.high),
            },
        }


def compare(
    project: Project,
    champion: Path,
    challenger: Path,
    *,
    split: Split = "test",
    allowed: Allowed | None = None,
    seed: int | None = None,
    progress: Progress | None = None,
) -> Comparison:
    """Judges both bundles on a split of the project's current dataset version.

    Args:
        allowed: what the challenger may lose; the defaults with the project's own
            `gate.max_new_escapes` when None.

    Raises:
        BundleError: a bundle is damaged or of another kit.
        DataError: the split is empty, or a bundle may know the outcome of every sample in it.
    """
    dataset = project.dataset()
    items = tuple(i for i in dataset.of(split) if i.annotation is not None)
    if not items:
        raise DataError(
            f"the current dataset has no annotated {split} samples",
            where=f"dataset {dataset.id[:12]}",
            fix="import or freeze a version with a test split",
        )
    chosen_seed = project.config.data.seed if seed is None else seed

    old, new = (_opened(path, project.kit) for path in (champion, challenger))
    fair = shared(project, old, new, dataset, items)

    def judged(
        ready: ReadyBundle, known: Sequence[DatasetItem], point: OperatingPoint | None
    ) -> Evaluation:
        task = task_of(
            ready,
            dataset,
            known,
            costs=project.config.costs,
            seed=chosen_seed,
            point=point,
            progress=progress,
        )
        found = project.kit.evaluate.evaluate(replace(task, so_far=True))
        return named_as_now(found, known, fair.items)

    before = judged(old, fair.champion, _at_its_rates(old, new, project.kit))
    after = judged(new, fair.challenger, None)
    pair = pair_up(before, after)
    difference = pair.cost_difference(
        project.config.costs, chosen_seed, as_it_is=project.kit.manifest.ranked
    )
    goal = goal_ratio(project.kit, goal_metric(project, before.metrics), fair.items, before, after)
    score = score_change(project.kit, fair.items, before, after)
    allowed = allowed or Allowed(max_new_escapes=project.config.gate.max_new_escapes)
    currency = project.config.costs.currency
    reasons = objections(
        goal, pair, difference, allowed, project.kit.manifest.words, currency, score
    )
    return Comparison(
        better=not reasons,
        reason="; ".join(reasons) or _praise(difference, currency, score),
        dataset=dataset.id,
        split=split,
        n=len(pair.before),
        seed=chosen_seed,
        currency=currency,
        champion=before,
        challenger=after,
        cost_difference=difference,
        goal=goal,
        agreement=pair.agreement(),
        new_escapes=pair.new_escapes(),
        proper_score=score,
        notes=(*fair.notes, *_so_far(fair.items, after)),
    )


def _so_far(items: Sequence[DatasetItem], judged: Evaluation) -> Iterator[str]:
    """How many are judged though nothing is decided of them."""
    waiting = {i.sample.id for i in items if i.annotation is not None and not i.annotation.says}
    if count := sum(one.sample_id in waiting for one in judged.results):
        yield (
            f"{count} of {len(judged.results)} are judged by what became of them so far: nothing is decided of them yet, and they "
            "know of the latest"
        )


def _opened(path: Path, kit: Kit) -> ReadyBundle:
    ready = load_bundle(path)
    if ready.bundle.manifest.kit != kit.name:
        raise BundleError(f"made for {ready.bundle.manifest.kit!r}", where=str(path))
    return ready


def _at_its_rates(old: ReadyBundle, new: ReadyBundle, kit: Kit) -> OperatingPoint | None:
    """Where people take the best first, both are judged at what these people can do now.

    When more samples come than before, the share they can take is smaller; whoever learned of it last would seem to
    find less.
    """
    before, after = old.bundle.operating_point, new.bundle.operating_point
    if not kit.manifest.ranked:
        return None
    return before.model_copy(update={"rates": {**before.rates, **after.rates}})


def _counts(pair: Pair, words: Words) -> list[tuple[int, str]]:
    """Of what there must be enough to prove anything: both classes, or samples where a label alone can be wrong."""
    if words.none:
        return [(len(pair.before), "labelled")]
    return [(pair.escapes()[2], words.bad), (pair.overkill()[2], words.good)]


def objections(
    goal: GoalRatio,
    pair: Pair,
    difference: Estimate,
    allowed: Allowed,
    words: Words,
    currency: str,
    score: ScoreChange | None = None,
) -> list[str]:
    """Why the challenger is not better, in the words of its kit; empty when it is.

    Args:
        score: how true either's probabilities are; None: nobody reads them.
    """
    reasons = []
    for count, what in _counts(pair, words):
        if count < MIN_PER_CLASS:
            reasons.append(
                f"only {count} {what} test {words.sample}s: an interval from fewer than {MIN_PER_CLASS} "
                "proves nothing, review more"
            )
    truer = score is not None and score.truer and not difference.low > 0
    if not (difference.high < 0 or truer):
        told = f"cost per 1,000 samples changes by {_per_thousand(difference)} {currency}"
        what = (
            "no proof that it is cheaper"
            if score is None
            else "no proof that it is cheaper, or its probabilities truer"
        )
        reasons.append(f"{what}: {told}{_of_score(score)}")
    # of one whose probabilities come truer, all that it knows is weighed already
    if goal.metric not in _IN_THE_MONEY and goal.falls(allowed.max_loss, beyond_chance=truer):
        reasons.append(
            f"{goal.metric} falls from {goal.before:.4g} to {goal.after:.4g} "
            f"({goal.ratio:.1%} is left, {1 - allowed.max_loss:.1%} is asked)"
        )
    before, after, n = pair.escapes()
    if n and (after - before) / n > allowed.max_escape_rise and pair.escapes_beyond_chance():
        reasons.append(f"{_escapes(words)} rise from {before} to {after} of {n}")
    strict, lost = allowed.max_new_escapes, pair.new_escapes()
    if strict is not None and lost > strict:
        missed = words.mistakes.get("escape")
        what = f"{words.bad} {words.sample}s" if missed else "defects"
        reasons.append(
            f"{lost} {what} that the champion catches would {f'be {missed}' if missed else 'escape'}, {strict} may"
        )
    return reasons


def _escapes(words: Words) -> str:
    """What a kit calls its escapes, many of them."""
    missed = words.mistakes.get("escape")
    return f"{words.bad} {words.sample}s that are {missed}" if missed else "escapes"


def _praise(difference: Estimate, currency: str, score: ScoreChange | None) -> str:
    money = f"cost per 1,000 samples changes by {_per_thousand(difference)} {currency}"
    return f"{money}{_of_score(score)}"


def _of_score(score: ScoreChange | None) -> str:
    if score is None:
        return ""
    found = score.difference
    return f", {score.metric} by {found.value:+.4f} [{found.low:+.4f}, {found.high:+.4f}]"


def _score_json(score: ScoreChange | None) -> dict[str, JsonValue] | None:
    if score is None:
        return None
    return {
        "metric": score.metric,
        "champion": finite(score.before),
        "challenger": finite(score.after),
        "difference": finite(score.difference),
    }


def _per_thousand(difference: Estimate) -> str:
    value, low, high = (1000 * v for v in (difference.value, difference.low, difference.high))
    return f"{value:+.1f} [{low:+.1f}, {high:+.1f}]"
