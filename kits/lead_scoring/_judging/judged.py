"""Leads beside what a bundle makes of them: outcome, probability, verdict, as columns.

Leads that the shipped model learned from are judged by what a model said that had not seen them: the bundle's backtest.
Figures are made of this in `figures.py`, thresholds in `point.py`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import compress

import numpy as np
from numpy.typing import NDArray

from kits.core.dataset import DatasetItem
from kits.core.errors import DataError
from kits.core.kit import EvaluateTask, ItemResult
from kits.core.operating_point import Costs
from kits.core.prediction import Prediction, prediction_from_json, prediction_to_json
from kits.core.runtime import Payload
from kits.core.sample import place_in_time
from kits.lead_scoring._judging.bands import verdicts
from kits.lead_scoring._judging.of_runtime import backtest_of, backtest_of_whole_year
from kits.lead_scoring._lead import LOST, WON, Lead, decode_lead
from kits.lead_scoring._learning.delays import Delays, delays_of
from kits.lead_scoring._learning.so_far import so_far
from kits.lead_scoring._table import table_of, won_of

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
BATCH = 256
_CLOCKED = 0.95
"""The share of leads with a date from which on the data is said to have dates."""
EVEN = 0.5
"""From this probability on the likelier outcome is won."""


@dataclass(frozen=True)
class Judged:
    """Decided leads in order of time.

    Attributes:
        won: (leads,) the outcome.
        score: (leads,) what they are put in order by: the probability of won, 0 to 1, without the time of year.
        chance: (leads,) the probability.
        verdicts: `act` (hot), `review` (warm), `pass` (cold); empty where there is no operating point.
        order: (leads,) place in time, 0 where nothing is known.
        backtested: (leads,) judged by a model of the backtest.
        each: (leads,) how many each stands for: those that came as late and are not decided yet among them.
        left_out: leads that have no score: opted out, or not readable.
        too_young: leads so young that hardly any of one outcome are decided, which are left out too.
    """

    items: tuple[DatasetItem, ...]
    leads: tuple[Lead, ...]
    won: Flags
    score: Floats
    chance: Floats
    verdicts: tuple[str, ...]
    order: Floats
    backtested: Flags
    predictions: tuple[Prediction, ...]
    each: Floats
    left_out: int = 0
    too_young: int = 0

    def __len__(self) -> int:
        return len(self.items)

    @property
    def groups(self) -> list[str]:
        """What counts together, per lead."""
        return [item.sample.group or item.sample.id for item in self.items]

    @property
    def alone(self) -> int:
        """What counts singly: accounts, or leads where each is its own."""
        return len(set(self.groups))

    @property
    def share_won(self) -> float:
        """Of all leads that these stand for, 0 to 1."""
        return float(np.average(self.won, weights=self.each))

    @property
    def alike(self) -> bool:
        """Whether each stands for itself alone."""
        return bool((self.each == 1.0).all())

    @property
    def dated(self) -> Flags:
        """(leads,) whether it is known when each was to be decided."""
        return np.array([lead.at is not None for lead in self.leads], dtype=bool)

    @property
    def clocked(self) -> bool:
        """Whether the data has a clock: a few leads without a date take it from nobody."""
        return len(self) > 0 and bool(self.dated.mean() >= _CLOCKED)

    def rows(self, which: Flags) -> Judged:
        """Some of the leads."""
        numbers = np.flatnonzero(which)
        return Judged(
            tuple(self.items[n] for n in numbers),
            tuple(self.leads[n] for n in numbers),
            self.won[numbers],
            self.score[numbers],
            self.chance[numbers],
            tuple(self.verdicts[n] for n in numbers),
            self.order[numbers],
            self.backtested[numbers],
            tuple(self.predictions[n] for n in numbers),
            self.each[numbers],
        )

    def costs(self, costs: Costs) -> Floats:
        """(leads,) what each verdict cost: a call in vain, a buyer who was not called, a look at a warm one."""
        verdicts = np.array(self.verdicts)
        hot, warm = verdicts == "act", verdicts == "review"
        spent = np.where(hot & ~self.won, costs.overkill, 0.0)
        return np.where(self.won & ~hot, costs.escape, spent) + np.where(warm, costs.review, 0.0)

    def results(self, costs: Costs) -> tuple[ItemResult, ...]:
        """For reports and paired comparison."""
        spent = self.costs(costs)
        return tuple(
            ItemResult(
                sample_id=item.sample.id,
                group=item.sample.group or item.sample.id,
                truth=WON if won else LOST,
                verdict=verdict or "review",
                score=prediction.score,
                cost=float(cost),
                prediction=prediction_to_json(prediction),
                weight=float(each),
            )
            for item, won, verdict, prediction, cost, each in zip(
                self.items, self.won, self.verdicts, self.predictions, spent, self.each
            )
        )


def judge(task: EvaluateTask) -> Judged:
    """Every decided lead through the backtest where it is in it, else through the runtime."""
    outcomes = _Outcomes.of(task)
    wanted = sorted(
        (item for item in task.items if outcomes.of_item(item) is not None),
        key=lambda item: (place_in_time(item.sample) or 0.0, item.sample.id),
    )
    backtest = backtest_of(task.runtime)
    whole_year = backtest_of_whole_year(task.runtime)
    rows: list[tuple[DatasetItem, Lead, Prediction, bool]] = []
    task.progress.begin("judging leads", len(wanted))
    for start in range(0, len(wanted), BATCH):
        batch = wanted[start : start + BATCH]
        rows += _judged(task, batch, backtest, whole_year)
        task.progress.advance(len(batch))
    task.progress.end()
    return _columns(task, rows, len(wanted), outcomes)


def judged_again(items: Sequence[DatasetItem], results: Sequence[ItemResult]) -> Judged:
    """The same from results that were kept, for resampling in pairs; leads themselves are not read."""
    predictions = tuple(prediction_from_json(dict(result.prediction)) for result in results)
    return Judged(
        tuple(items),
        tuple(Lead(item.sample.id) for item in items),
        np.array([result.truth == WON for result in results], dtype=bool),
        np.array([result.score for result in results], dtype=np.float64),
        _chances(predictions),
        tuple(result.verdict for result in results),
        np.array([place_in_time(item.sample) or 0.0 for item in items], dtype=np.float64),
        np.zeros(len(items), dtype=bool),
        predictions,
        np.array([result.weight for result in results], dtype=np.float64),
    )


def _judged(
    task: EvaluateTask,
    batch: Sequence[DatasetItem],
    backtest: Mapping[str, float],
    whole_year: Mapping[str, float],
) -> list[tuple[DatasetItem, Lead, Prediction, bool]]:
    read: list[tuple[DatasetItem, Lead, Payload]] = []
    for item in batch:
        content = task.dataset.content(item)
        try:
            lead = decode_lead(content)
            payload = task.runtime.decode(content, item.sample.media_type)
        except DataError:
            # counted as left out
            continue
        read.append((item, lead, payload))
    asked = [payload for item, _, payload in read if item.sample.id not in backtest]
    answers = iter(task.runtime.predict(asked) if asked else [])
    rows = []
    for item, lead, _ in read:
        known = backtest.get(item.sample.id)
        score = whole_year.get(item.sample.id, known)
        prediction = next(answers) if known is None else _of_backtest(known, score)
        rows.append((item, lead, prediction, known is not None))
    return rows


def _of_backtest(probability: float, score: float | None) -> Prediction:
    return Prediction(
        probability if score is None else score,
        label=WON if probability >= EVEN else LOST,
        probabilities={WON: probability, LOST: 1.0 - probability},
    )


def _columns(
    task: EvaluateTask,
    rows: Sequence[tuple[DatasetItem, Lead, Prediction, bool]],
    wanted: int,
    outcomes: _Outcomes,
) -> Judged:
    scored = [row for row in rows if math.isfinite(row[2].score)]
    order = np.array([place_in_time(row[0].sample) or 0.0 for row in scored], dtype=np.float64)
    won = np.array([bool(outcomes.of_item(row[0])) for row in scored], dtype=bool)
    each = outcomes.stands_for(order, won)
    told = each > 0
    kept, order, won, each = list(compress(scored, told)), order[told], won[told], each[told]
    predictions = tuple(row[2] for row in kept)
    score = np.array([one.score for one in predictions], dtype=np.float64)
    backtested = np.array([row[3] for row in kept], dtype=bool)
    return Judged(
        tuple(row[0] for row in kept),
        tuple(row[1] for row in kept),
        won,
        score,
        _chances(predictions),
        verdicts(task.operating_point, predictions, score, backtested),
        order,
        backtested,
        predictions,
        each,
        wanted - len(scored),
        int((~told).sum()),
    )


def _chances(predictions: Sequence[Prediction]) -> Floats:
    """(leads,) probabilities of won; the score where a prediction has no other."""
    return np.array([one.probabilities.get(WON, one.score) for one in predictions], np.float64)


@dataclass(frozen=True)
class _Outcomes:
    """What became of leads, and what they stand for.

    Attributes:
        delays: how long outcomes take of all leads of a version; None: nobody knows, each stands for itself.
        young: id → whether it was won so far, of those that are judged though nothing is decided.
    """

    delays: Delays | None
    young: Mapping[str, bool]

    @classmethod
    def of(cls, task: EvaluateTask) -> _Outcomes:
        rows = [
            (
                place_in_time(item.sample) or 0.0,
                item.sample.id,
                item,
                Lead(item.sample.id),
                won_of(item),
            )
            for item in task.dataset.items
        ]
        table = table_of(sorted(rows, key=lambda row: row[:2]))
        delays = delays_of(table.items, table.order, table.won)
        found = so_far(table, delays) if task.so_far and delays is not None else None
        if found is None:
            return cls(delays, {})
        young = zip(found.table.items, found.table.won.tolist(), found.young.tolist())
        return cls(found.delays, {item.sample.id: won > 0 for item, won, held in young if held})

    def of_item(self, item: DatasetItem) -> bool | None:
        """Won, or not; None: nothing is known of it."""
        decided = _outcome(item)
        return self.young.get(item.sample.id) if decided is None else decided

    def stands_for(self, order: Floats, won: Flags) -> Floats:
        """(leads,) how many each stands for; 0: too young to tell."""
        return np.ones(len(order)) if self.delays is None else self.delays.stands_for(order, won)


def _outcome(item: DatasetItem) -> bool | None:
    label = item.annotation.label if item.annotation is not None else ""
    return {WON: True, LOST: False}.get(label)
