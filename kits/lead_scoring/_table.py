"""Leads of a dataset version as columns: raw values, outcomes, places in time. No column is interpreted here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kits.core.dataset import Dataset, DatasetItem
from kits.core.errors import DataError
from kits.core.sample import place_in_time
from kits.lead_scoring._lead import LOST, WON, Lead, Value, decode_lead


@dataclass(frozen=True)
class LeadTable:
    """Leads in order of time.

    Attributes:
        items: samples of the rows.
        leads: rows.
        won: (rows,) 1 won, 0 lost, NaN open.
        order: (rows,) place in time, rising: seconds since 1970 or a rank; all 0 where nothing is known.
    """

    items: tuple[DatasetItem, ...]
    leads: tuple[Lead, ...]
    won: NDArray[np.float64]
    order: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.leads)

    @property
    def timed(self) -> bool:
        """Whether the rows have an order."""
        return len(self.leads) > 1 and bool(self.order[0] != self.order[-1])

    @property
    def names(self) -> tuple[str, ...]:
        """All columns, in the order they are first met."""
        return names_of(self.leads)

    def column(self, name: str) -> list[Value]:
        """(rows,) values of a column; None where a lead lacks it."""
        return [lead.fields.get(name) for lead in self.leads]

    def rows(self, which: NDArray[np.intp] | NDArray[np.bool_]) -> LeadTable:
        """Some of the rows."""
        numbers = np.arange(len(self.leads))[which]
        return LeadTable(
            tuple(self.items[n] for n in numbers),
            tuple(self.leads[n] for n in numbers),
            self.won[numbers],
            self.order[numbers],
        )

    @property
    def decided(self) -> LeadTable:
        """The rows with an outcome."""
        return self.rows(np.isfinite(self.won))


def names_of(leads: Iterable[Lead]) -> tuple[str, ...]:
    """All columns of some leads, in the order they are first met."""
    known: dict[str, Value] = {}
    for lead in leads:
        known.update(lead.fields)
    return tuple(known)


def load_table(dataset: Dataset, items: Iterable[DatasetItem]) -> LeadTable:
    """The leads of some items, sorted by time, then by id.

    Raises:
        DataError: a sample's bytes are absent, damaged or no lead.
    """
    rows: list[tuple[float, str, DatasetItem, Lead, float]] = []
    texts: dict[str, str] = {}
    for item in items:
        try:
            lead = _sharing(decode_lead(dataset.content(item)), texts)
        except DataError as error:
            raise DataError(error.what, where=item.sample.source or item.sample.id) from error
        place = place_in_time(item.sample)
        rows.append((place or 0.0, item.sample.id, item, lead, won_of(item)))
    rows.sort(key=lambda row: row[:2])
    return table_of(rows)


def _sharing(lead: Lead, texts: dict[str, str]) -> Lead:
    """The same lead with names and texts that all leads share in memory, of which many have the same."""
    once = texts.setdefault
    fields = {
        once(name, name): once(value, value) if isinstance(value, str) else value
        for name, value in lead.fields.items()
    }
    return Lead(lead.id, fields, lead.at)


def table_of(rows: Sequence[tuple[float, str, DatasetItem, Lead, float]]) -> LeadTable:
    """A table from (place in time, id, item, lead, outcome)."""
    return LeadTable(
        tuple(row[2] for row in rows),
        tuple(row[3] for row in rows),
        np.array([row[4] for row in rows], dtype=np.float64),
        np.array([row[0] for row in rows], dtype=np.float64),
    )


def won_of(item: DatasetItem) -> float:
    """What became of a lead, told without reading it: 1 won, 0 lost, NaN open."""
    label = item.annotation.label if item.annotation is not None else ""
    return {WON: 1.0, LOST: 0.0}.get(label, float("nan"))
