"""Judges a runtime on leads: figures with intervals, money at the team's capacity, groups, what the report draws.

Leads that the shipped model learned from are judged by models that had not seen them (`_judging/judged.py`). What a
figure is stands in `_judging/figures.py`; one that the data does not allow is left out with a note.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import isclose

from pydantic import BaseModel

from kits.core.dataset import OUTSIDE, DatasetItem
from kits.core.errors import DataError
from kits.core.kit import EvaluateTask, Evaluation, ItemResult
from kits.core.operating_point import OperatingPoint
from kits.core.stats import Estimate
from kits.lead_scoring._judging import figures, point
from kits.lead_scoring._judging.capacity import STATE, TENTH, Terms, everyone, terms_of
from kits.lead_scoring._judging.groups import FOUR_FIFTHS, groups, ratios_by_lot
from kits.lead_scoring._judging.judged import Judged, judge, judged_again
from kits.lead_scoring._judging.misjudged import misjudged
from kits.lead_scoring._judging.of_runtime import court_of, protected_by, team_of
from kits.lead_scoring._judging.plots import plots
from kits.lead_scoring._judging.ranking import ranking
from kits.lead_scoring._judging.retuned import LeadTuning
from kits.lead_scoring._judging.slices import drawn_by_lot, slices
from kits.lead_scoring.config import Config, TeamConfig

__all__ = ["TUNING", "choose_operating_point", "evaluate", "plots", "ranking", "statistic"]

TUNING = LeadTuning()
"""Capacity and money are the team's to set: no model learns from them."""

_NOTES = {
    "auc": "all leads ended alike: no order can be measured",
    "money_per_month": "without won leads nothing is said of money",
}
_FEW_WON = 30
_NAMED = 8


def choose_operating_point(task: EvaluateTask, config: BaseModel) -> OperatingPoint:
    """Hot as many as the team can call, warm the next ones, on the items given."""
    assert isinstance(config, Config)
    return point.choose(task, config, judge(task))


def evaluate(task: EvaluateTask) -> Evaluation:
    """Metrics with intervals at the task's operating point.

    Raises:
        DataError: no decided lead that can be read.
    """
    judged = judge(task)
    if not len(judged):
        raise DataError(
            "no lead with an outcome to evaluate on",
            fix="choose a split or data with won and lost leads",
        )
    terms = terms_of(
        team_of(task.runtime), task.dataset.items, judged.clocked, task.operating_point
    )
    metrics = figures.figures(judged, terms, task.seed)
    protected = protected_by(task.runtime)
    court = court_of(task.runtime)
    barred = (*protected, *(court.excluded if court is not None else ()))
    by_group = groups(judged, protected, task.seed)
    unequal = _unequal(by_group, ratios_by_lot(judged, protected, task.seed))
    notes = (*_notes(task, judged, terms, metrics), *misjudged(judged, barred), *unequal)
    error, beyond = _error(judged, metrics, task.seed)
    return Evaluation(
        kit=task.dataset.header.kit,
        dataset=task.dataset.id,
        split=task.split,
        n=len(judged),
        seed=task.seed,
        metrics=metrics,
        slices={**slices(judged, task.seed, barred=barred), **by_group},
        results=judged.results(task.costs),
        notes=(*notes, *(error if beyond else ())),
        details=(*_details(judged, metrics), *(() if beyond else error)),
    )


def statistic(
    name: str, items: Sequence[DatasetItem], results: Sequence[ItemResult]
) -> figures.Statistic | None:
    """A metric on resampled leads, from what the bundle said of them; None for one that they do not allow.

    Money is compared at the default terms: the ratio of two bundles does not depend on them but for the capacity.
    """
    judged = judged_again(items, results)
    hot = sum(verdict == "act" for verdict in judged.verdicts) / max(1, len(judged))
    team = TeamConfig()
    terms = Terms(hot or TENTH, 1.0, 1.0, team.value, team.contact, 0.0, "as many as are hot")
    return figures.statistic_of(name, judged, terms)


def _notes(
    task: EvaluateTask,
    judged: Judged,
    terms: Terms,
    metrics: Mapping[str, Estimate],
) -> Iterator[str]:
    yield from (text for name, text in _NOTES.items() if name not in metrics)
    won = int(judged.won.sum())
    if won < _FEW_WON:
        yield f"only {won} of these leads were won: every figure here is wide, auc and pr_auc wider than they say"
    yield from _flattered(len(judged), int(judged.backtested.sum()))
    yield from _lacking(judged)
    if judged.left_out:
        yield f"{judged.left_out} leads have no score (opted out, or unreadable) and were left out"
    if judged.too_young:
        yield (
            f"{judged.too_young} leads are so young that hardly any of the slower outcome are decided, and were left out: they would "
            "tell of the quick ones alone"
        )
    yield (
        f"capacity: {terms.said}; a lead won is worth {terms.value:g}, a contact costs {terms.contact:g} "
        f"{task.costs.currency}: model.team, if that is wrong"
    )
    missed = max(terms.value - terms.contact, 0.0)
    if not (isclose(task.costs.escape, missed) and isclose(task.costs.overkill, terms.contact)):
        yield (
            f"costs: `costs` in kit.yaml say {task.costs.escape:g} {task.costs.currency} for a lead missed and "
            f"{task.costs.overkill:g} for a call in vain, model.team says {missed:g} and {terms.contact:g}: bundles are compared by "
            f"the former, sums of a month are of the latter; to have one: costs.escape: {missed:g}, costs.overkill: {terms.contact:g}"
        )
    if terms.guessed:
        yield (
            "month: nothing tells how many leads come in a month, so the hot list may be far too short or too long, and what "
            "is called a sum of a month is one of all these leads: state model.team.incoming_per_month"
        )
    if said := everyone(terms):
        yield f"no choice: {said}; {STATE}"
    yield from _by_lot(task, judged, terms, metrics.get("money_per_month"))


def _error(
    judged: Judged, metrics: Mapping[str, Estimate], seed: int
) -> tuple[tuple[str, ...], bool]:
    """What is told of the calibration error, if it was measured; whether chance does not explain it."""
    if "ece" not in metrics:
        return (), False
    text, beyond = figures.error_told(metrics["ece"].value, judged, seed)
    return (f"probabilities: {text}",), beyond


def _details(judged: Judged, metrics: Mapping[str, Estimate]) -> Iterator[str]:
    if judged.backtested.all():
        yield (
            f"{len(judged):,} of these {len(judged):,} leads are judged by models that had not seen them; the model of the bundle "
            "learned from all of them afterwards"
        )
    if not judged.alike:
        yield (
            f"these {len(judged):,} leads stand for {judged.each.sum():,.0f}: one that was decided early counts for those of its age "
            "that are not decided yet, by how long outcomes of its kind took before"
        )
    if "money_per_month" in metrics:
        yield (
            "money_per_month is what calling by score brings beyond calling as many in random order, if a call to a lead "
            "that was won is what won it: an upper end, not an effect"
        )


def _by_lot(
    task: EvaluateTask, judged: Judged, terms: Terms, money: Estimate | None
) -> Iterator[str]:
    """What cannot be learned without leads in random order, and what they cost."""
    told = []
    if not drawn_by_lot(judged).any():
        told.append(
            "no lead was called by lot, so outcomes may depend on whom the team called, which no figure here shows"
        )
    if money is not None and terms.exploration:
        price = figures.exploration_price(money, terms)
        outside = task.dataset.header.split_rule == OUTSIDE
        where = "on these leads" if outside else f"on leads of {task.split}"
        told.append(point.exploration_text(price, terms, task.costs.currency, where))
    if told:
        yield f"by lot: {'; '.join(told)}"


def _flattered(n: int, backtested: int) -> Iterator[str]:
    """Where some of the leads are judged by the model that learned from them."""
    if 0 < backtested < n:
        are, them = ("is", "it") if backtested == 1 else ("are", "them")
        yield (
            f"{backtested:,} of these {n:,} leads {are} judged by models that had not seen {them}, the others by the bundle's own: "
            "what it learned from among them flatters it"
        )


def _lacking(judged: Judged) -> Iterator[str]:
    """Columns that were learned from and that none of these leads has: left out of the file, or renamed in it."""
    asked = [one for one, seen in zip(judged.predictions, judged.backtested) if not seen]
    lacks = [one.details.get("unknown_fields") for one in asked]
    known = [{str(name) for name in found} for found in lacks if isinstance(found, list)]
    if not known or len(known) < len(asked):
        return
    absent = sorted(set.intersection(*known))
    if absent:
        more = f" and {len(absent) - _NAMED} more" if len(absent) > _NAMED else ""
        yield (
            f"learned from, but in none of these leads (left out or renamed?): {', '.join(absent[:_NAMED])}{more}; "
            "scores go by the other columns alone"
        )


def _unequal(
    by_group: Mapping[str, Mapping[str, Estimate]], by_lot: Mapping[str, float]
) -> Iterator[str]:
    for name, found in by_group.items():
        ratio = found.get("selection_ratio")
        if ratio is not None and ratio.value < FOUR_FIFTHS:
            apart = ratio.high < FOUR_FIFTHS and ratio.value < by_lot.get(name, 0.0)
            sure = "beyond chance" if apart else "within chance"
            yield (
                f"{name}: hot {ratio.value:.2f} times as often as the group that is hot most "
                f"[{ratio.low:.2f}, {ratio.high:.2f}], under the four-fifths mark, {sure} (n={ratio.n})"
            )
