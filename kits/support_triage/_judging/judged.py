"""A mail beside what a bundle makes of it: the truth, the prediction, the verdict.

It asks the runtime once per mail. Figures are made of it in `figures.py`, thresholds in `point.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol, runtime_checkable

from kits.core.dataset import DatasetItem
from kits.core.errors import DataError
from kits.core.kit import EvaluateTask, ItemResult
from kits.core.operating_point import Costs, OperatingPoint
from kits.core.prediction import (
    Prediction,
    Quantity,
    Span,
    prediction_from_json,
    prediction_to_json,
)
from kits.core.runtime import Payload
from kits.support_triage.config import OUT_OF_SCOPE

BATCH = 32
_SCOPE = "scope"


@runtime_checkable
class KnowsScope(Protocol):
    """A runtime that was told which labels mean: none of the intents; the first stands for all."""

    @property
    def out_of_scope(self) -> tuple[str, ...]: ...


@dataclass(frozen=True, slots=True)
class Judged:
    """One annotated mail.

    Attributes:
        truth: its intents; empty when none is stated. What is out of scope has one name.
        said: the predicted intents.
        verdict: `act`, `review`, `pass`, or empty where there is no operating point.
    """

    item: DatasetItem
    prediction: Prediction
    truth: frozenset[str]
    said: frozenset[str]
    scope: str
    verdict: str = ""

    @property
    def labelled(self) -> bool:
        return bool(self.truth)

    @property
    def right(self) -> bool:
        """All intents and no other: filed under one of two, the second matter would be lost."""
        return self.truth == self.said

    @property
    def in_scope(self) -> bool:
        return self.truth != {self.scope}

    @property
    def group(self) -> str:
        return self.item.sample.group or self.item.sample.id

    @property
    def language(self) -> str:
        stated = self.item.sample.meta.get("language") or self.prediction.details.get("language")
        return stated if isinstance(stated, str) else ""

    @property
    def spans(self) -> tuple[Span, ...]:
        return self.item.annotation.spans if self.item.annotation else ()

    def level(self, name: str) -> tuple[float | None, float | None]:
        """True and predicted level of urgency or sentiment; None where nothing is said."""
        note = self.item.annotation
        stated = note.quantities if note else ()
        return _level(stated, name), _level(self.prediction.quantities, name)

    def cost(self, costs: Costs) -> float:
        """A person's look, unless it was decided: then nothing if right, an escape if wrong.

        Without a machine a person looks at every mail, so what is passed costs that too.
        """
        if self.verdict != "act":
            return costs.review
        return 0.0 if self.right or not self.labelled else costs.escape

    def result(self, costs: Costs) -> ItemResult:
        """For reports and paired comparison; a draft is no part of it."""
        return ItemResult(
            sample_id=self.item.sample.id,
            group=self.group,
            truth="|".join(sorted(self.truth)),
            verdict=self.verdict or "review",
            score=self.prediction.score,
            cost=self.cost(costs),
            prediction=prediction_to_json(self._kept()),
        )

    def _kept(self) -> Prediction:
        """The prediction without its draft; the name of what is out of scope goes along where it is another."""
        details = dict(self.prediction.details)
        if self.scope != OUT_OF_SCOPE:
            details[_SCOPE] = self.scope
        return replace(self.prediction, draft=None, details=details)


def scope_names(runtime: object) -> tuple[str, ...]:
    """Labels that mean: none of the intents."""
    return runtime.out_of_scope if isinstance(runtime, KnowsScope) else (OUT_OF_SCOPE,)


def judge(task: EvaluateTask, names: tuple[str, ...]) -> tuple[list[Judged], int]:
    """Every annotated item through the runtime; how many could not be read.

    Args:
        names: labels that mean out of scope.
    """
    wanted = tuple(item for item in task.items if item.annotation is not None)
    found = predicted(replace(task, items=wanted))
    judged = [beside(item, one, names, task.operating_point) for item, one in found]
    return judged, len(wanted) - len(judged)


def predicted(task: EvaluateTask) -> list[tuple[DatasetItem, Prediction]]:
    """The items with what the runtime says of them; those that cannot be read are left out."""
    task.progress.begin("judging mails", len(task.items))
    found: list[tuple[DatasetItem, Prediction]] = []
    for start in range(0, len(task.items), BATCH):
        some = task.items[start : start + BATCH]
        items, payloads = _decoded(task, some)
        found += zip(items, task.runtime.predict(payloads) if payloads else [])
        task.progress.advance(len(some))
    task.progress.end()
    return found


def _decoded(
    task: EvaluateTask, items: Sequence[DatasetItem]
) -> tuple[list[DatasetItem], list[Payload]]:
    read: list[DatasetItem] = []
    payloads: list[Payload] = []
    for item in items:
        try:
            payload = task.runtime.decode(task.dataset.content(item), item.sample.media_type)
        except DataError:
            continue
        read.append(item)
        payloads.append(payload)
    return read, payloads


def beside(
    item: DatasetItem, prediction: Prediction, names: tuple[str, ...], point: OperatingPoint | None
) -> Judged:
    """One item with its prediction."""
    note = item.annotation
    return Judged(
        item,
        prediction,
        intents(note.label if note else "", names),
        intents(prediction.label, names),
        names[0],
        point.decide(prediction).verdict if point is not None else "",
    )


def judged_again(items: Sequence[DatasetItem], results: Sequence[ItemResult]) -> list[Judged]:
    """The same from results that were kept, for resampling in pairs."""
    return [_again(item, result) for item, result in zip(items, results)]


def _again(item: DatasetItem, result: ItemResult) -> Judged:
    prediction = prediction_from_json(dict(result.prediction))
    names = (str(prediction.details.get(_SCOPE, OUT_OF_SCOPE)),)
    found = beside(item, prediction, names, None)
    return replace(found, truth=intents(result.truth, names), verdict=result.verdict)


def intents(label: str, names: tuple[str, ...]) -> frozenset[str]:
    """`refund|delay` → both; whatever means out of scope has one name."""
    found = (part.strip() for part in label.split("|"))
    return frozenset(names[0] if part in names else part for part in found if part)


def _level(quantities: Sequence[Quantity], name: str) -> float | None:
    return next((quantity.value for quantity in quantities if quantity.name == name), None)
