"""Judges a runtime on mails: figures with intervals, the operating point with its promise, what the report draws.

What a figure is stands in `_judging/figures.py`; one that the data does not allow is left out with a note.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic import BaseModel

from kits.core.dataset import DatasetItem
from kits.core.errors import DataError
from kits.core.kit import EvaluateTask, Evaluation, ItemResult
from kits.core.mail.message import read_message
from kits.core.operating_point import OperatingPoint
from kits.core.stats import Estimate
from kits.support_triage._judging import figures, point
from kits.support_triage._judging.judged import Judged, judge, judged_again, scope_names
from kits.support_triage._judging.plots import plots
from kits.support_triage._mail.span import without_strays
from kits.support_triage.config import Config

__all__ = ["choose_operating_point", "evaluate", "plots", "statistic"]

_MOST = 0.5
_NOTES = {
    "accuracy": "no mail states an intent: accuracy and what follows from it are left out",
    "oos_auroc": "no mail is out of scope: whether such mails are noticed was not measured",
    "entity_exact": "no mail has marked entities: entity figures are left out",
    "auto_coverage": "there is no operating point: nothing is decided without a person",
}


def choose_operating_point(task: EvaluateTask, config: BaseModel) -> OperatingPoint:
    """The threshold that carries the promised error rate, on the items given; without one every mail is a person's."""
    assert isinstance(config, Config)
    judged, _ = judge(task, config.out_of_scope)
    return point.choose(task, config, judged)


def evaluate(task: EvaluateTask) -> Evaluation:
    """Metrics with intervals at the task's operating point.

    Raises:
        DataError: no annotated mail that can be read.
    """
    judged, unread = judge(task, scope_names(task.runtime))
    if not judged:
        raise DataError("no annotated mail to evaluate on", fix="label mails of this split")
    metrics = figures.figures(judged, task.seed)
    return Evaluation(
        kit=task.dataset.header.kit,
        dataset=task.dataset.id,
        split=task.split,
        n=len(judged),
        seed=task.seed,
        metrics=metrics,
        slices=figures.slices(judged),
        results=tuple(one.result(task.costs) for one in judged),
        notes=(*_notes(judged, unread, metrics), *_when(task, judged)),
    )


def statistic(
    name: str, items: Sequence[DatasetItem], results: Sequence[ItemResult]
) -> figures.Statistic | None:
    """A metric on resampled mails, from what the bundle said of them; None for one that they do not allow."""
    return figures.statistic_of(name, judged_again(items, results))


def _notes(judged: Sequence[Judged], unread: int, metrics: Mapping[str, Estimate]) -> list[str]:
    notes = [text for name, text in _NOTES.items() if name not in metrics]
    if unread:
        notes.append(f"{unread} mails could not be read and were left out")
    marked = sum(bool(one.spans) for one in judged)
    if 0 < marked < len(judged):
        notes.append(
            f"entities are marked in {marked} of {len(judged)} mails: entity figures are of these"
        )
    machines = sum(bool(one.prediction.details.get("automatic")) for one in judged)
    if machines:
        notes.append(f"{machines} of these mails were written by machines")
    return notes


def _when(task: EvaluateTask, judged: Sequence[Judged]) -> list[str]:
    """From when the mails are; nothing where few say it. A figure says nothing of a year in which nobody looked."""
    dates = [read_message(task.dataset.content(one.item)).date for one in judged]
    known = sorted(date for date in dates if date is not None)
    if len(known) < _MOST * len(judged):
        return []
    days = without_strays(known)
    apart = len(known) - len(days)
    but = f" (but for {apart} with a date a year or more apart)" if apart else ""
    return [
        f"these mails came from {days[0].date()} to {days[-1].date()}{but}: figures are about that time; of later mails tells kit replay"
    ]
