"""Small made-up tables of leads for tests."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone

import numpy as np
from pydantic import JsonValue

from kits.core.annotation import Annotation
from kits.core.dataset import DatasetHeader, DatasetItem, build
from kits.core.errors import DataError
from kits.core.kit import EvaluateTask
from kits.core.operating_point import Band, Costs, OperatingPoint
from kits.core.prediction import Prediction
from kits.core.runtime import Payload, StageTimes
from kits.core.sample import Sample
from kits.lead_scoring._lead import LOST, WON, Lead, Value, decode_lead, encode_lead
from kits.lead_scoring._table import LeadTable, table_of
from kits.lead_scoring.config import TeamConfig
from kits.toolchain.evaluation import MemoryBlobStore

START_S = datetime(2025, 1, 1, tzinfo=timezone.utc).timestamp()
DAY_S = 86_400.0


def a_table(rows: Sequence[tuple[Mapping[str, Value], float]], step_s: float = DAY_S) -> LeadTable:
    """A table from (fields, outcome: 1 won, 0 lost, NaN open), a row every `step_s` seconds."""
    made = []
    for number, (fields, won) in enumerate(rows):
        place = START_S + number * step_s
        lead = Lead(str(number), fields, datetime.fromtimestamp(place, tz=timezone.utc))
        label = {1.0: WON, 0.0: LOST}.get(won)
        annotation = Annotation(label=label) if label else None
        sample = Sample(f"s{number:06}", "application/json", "", 0, datetime.now(timezone.utc))
        made.append((place, sample.id, DatasetItem(sample, annotation, "train"), lead, won))
    return table_of(made)


def repeated(
    fields: Mapping[str, Value], won: int, lost: int
) -> list[tuple[Mapping[str, Value], float]]:
    """So many leads alike."""
    return [(fields, 1.0)] * won + [(fields, 0.0)] * lost


class SayingRuntime:
    """A `Runtime` for judging: a lead's own field `says` is its score."""

    def __init__(
        self,
        team: TeamConfig | None = None,
        protected: tuple[str, ...] = (),
        backtest: Mapping[str, float] | None = None,
        court: Mapping[str, JsonValue] | None = None,
        whole_year: Mapping[str, float] | None = None,
    ) -> None:
        self.court = court or {}
        self.team = team or TeamConfig()
        self.protected = protected
        self.backtest = backtest or {}
        self.backtest_of_whole_year = whole_year or {}

    def decode(self, content: bytes, media_type: str) -> Payload:
        lead = decode_lead(content)
        if "says" not in lead.fields:
            raise DataError("nothing is said of it")
        return {"score": lead.fields["says"]}

    def encode(self, payload: Payload) -> tuple[bytes, str]:
        raise NotImplementedError

    def predict(self, payloads: Sequence[Payload]) -> list[Prediction]:
        return [self._one(payload) for payload in payloads]

    def predict_timed(self, payload: Payload) -> tuple[Prediction, StageTimes]:
        return self._one(payload), StageTimes(0.0, 0.0, 0.0)

    def _one(self, payload: Payload) -> Prediction:
        assert isinstance(payload, Mapping)
        score = payload["score"]
        return Prediction(float("nan") if score is None else float(str(score)))


@dataclass(frozen=True)
class Told:
    """A lead for judging: what the runtime says of it, and what became of it."""

    says: float | None
    won: bool | None
    day: float = 0.0
    fields: Mapping[str, Value] = field(default_factory=dict)
    group: str = ""
    meta: Mapping[str, JsonValue] = field(default_factory=dict)


def task_of(
    leads: Sequence[Told],
    *,
    runtime: SayingRuntime | None = None,
    point: OperatingPoint | None = None,
    costs: Costs | None = None,
    clock: bool = True,
    undated: Container[int] = (),
) -> EvaluateTask:
    """A task on leads of a split `val`, in order of their days; some of them may have no date."""
    blobs = MemoryBlobStore()
    items = []
    for number, told in enumerate(leads):
        place = START_S + told.day * DAY_S if clock else told.day
        dated = clock and number not in undated
        at = datetime.fromtimestamp(place, tz=timezone.utc) if dated else None
        lead = Lead(str(number), {"says": told.says, **told.fields}, at)
        content = encode_lead(lead)
        sample = Sample(
            f"s{number:06}",
            "application/json",
            blobs.put(content),
            len(content),
            datetime.fromtimestamp(0, tz=timezone.utc),
            source=f"leads.csv#{number}",
            group=told.group,
            meta={**({} if number in undated else {"order": place}), **told.meta},
        )
        label = {True: WON, False: LOST, None: ""}[told.won]
        items.append(DatasetItem(sample, Annotation(label) if label else None, "val"))
    dataset = build(DatasetHeader(kit="lead-scoring", split_rule="by time", seed=0), items, blobs)
    return EvaluateTask(
        runtime=runtime or SayingRuntime(),
        operating_point=point,
        dataset=dataset,
        items=dataset.items,
        costs=costs or Costs(escape=480, overkill=20, review=0),
        seed=0,
    )


def drawn(n: int, seed: int = 0, *, days: float = 365.0, **fields: Sequence[Value]) -> list[Told]:
    """Leads whose probability is true: each is won by it."""
    rng = np.random.default_rng(seed)
    says = rng.beta(1.2, 6.0, n)
    won = rng.random(n) < says
    picked = {name: rng.choice(len(values), n) for name, values in fields.items()}
    return [
        Told(
            float(says[k]),
            bool(won[k]),
            days * k / n,
            {name: fields[name][picked[name][k]] for name in fields},
        )
        for k in range(n)
    ]


def a_point(act_at: float, review_from: float = 0.0) -> OperatingPoint:
    """An operating point as stated."""
    return OperatingPoint(
        default=Band(act_at=act_at, review_from=min(act_at, review_from)),
        action="write",
        method="stated",
        dataset="d",
        seed=0,
    )
