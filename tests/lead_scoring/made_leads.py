"""Small made-up tables of leads for tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timezone

from kits.core.annotation import Annotation
from kits.core.dataset import DatasetItem
from kits.core.sample import Sample
from kits.lead_scoring._lead import LOST, WON, Lead, Value
from kits.lead_scoring._table import LeadTable, table_of

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
