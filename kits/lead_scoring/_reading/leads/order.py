"""The column whose numbers rise with time, where no date tells when leads came."""

from __future__ import annotations

from collections.abc import Mapping as Table
from collections.abc import Sequence
from itertools import pairwise

from kits.core.column_names import plain
from kits.core.errors import DataError
from kits.lead_scoring._reading.columns.names import phrases_for, rank
from kits.lead_scoring._reading.columns.stated import column_named
from kits.lead_scoring._reading.leads.ids import is_numbered
from kits.lead_scoring._reading.tables.sheets import Sheet
from kits.lead_scoring._reading.values.cells import Typed
from kits.lead_scoring.config import SourceConfig

BY_ROWS = "rows"
"""Stated where the rows themselves are in the order of time."""
_UNIQUE = 0.98
_PARTS = 5
_LEAST = 20
_RARE = 0.05
_DENSE = 0.05
"""Numbers given one by one leave gaps (other teams' leads), but not twenty times as many as there are leads."""


def order_column(
    sheet: Sheet, typed: Table[str, Typed], source: SourceConfig, free: Sequence[str], dated: bool
) -> tuple[str, str]:
    """The column, or `rows`, and what was assumed.

    Raises:
        ConfigError: the stated column is not there.
        DataError: it holds nothing that could rise.
    """
    if source.order == BY_ROWS:
        return BY_ROWS, ""
    if source.order:
        name = column_named(sheet.columns, source.order, "order")
        if typed[name].kind not in ("number", "date"):
            raise DataError(
                f"{name!r} holds no numbers that could rise",
                where="kit.yaml: model.source.order",
                fix="name a column of numbers or dates, or write `rows`",
            )
        return name, ""
    if dated:
        return "", ""
    numbers = [
        name
        for name in free
        if rank(name, "order") is not None
        or plain(name) == "c1"
        or is_numbered(name)
        or _counts(typed[name])
    ]
    moments = [name for name in free if rank(name, "moment") is not None]
    for name in (*sorted(numbers, key=_order_rank), *moments):
        if _rises(typed[name]) or (name in moments and _never_falls(typed[name])):
            close = "has numbers so close that they were given one by one,"
            how = "rises from lead to lead" if _never_falls(typed[name]) else close
            return name, f"no date tells when leads came; {name} {how} and was taken for time"
    told = "no date tells when leads came, and no number rises with time: leads are split by lot"
    years = [name for name in free if plain(name) in phrases_for("year_part")]
    alone = f"; {years[0]} tells years alone, and is learned from: export the date" if years else ""
    return "", f"{told}{alone}"


def _order_rank(name: str) -> int:
    place = rank(name, "order")
    return 1_000 if place is None else place


def _counts(column: Typed) -> bool:
    """The place of each row, from nought or one on or down to it: nothing that a lead is like does so."""
    if column.kind != "number" or len(column.values) < _LEAST:
        return False
    steps = (
        b - a if isinstance(a, float) and isinstance(b, float) else None
        for a, b in pairwise(column.values)
    )
    first, ends = next(steps), {column.values[0], column.values[-1]}
    return (
        first in (1.0, -1.0) and not ends.isdisjoint({0.0, 1.0}) and all(s == first for s in steps)
    )


def _rises(column: Typed) -> bool:
    """Whole numbers, each once, that rise from row to row, or lie so close that they were given one by one."""
    values = [v for v in column.values if isinstance(v, float)]
    if len(values) < _UNIQUE * len(column.values) or len(values) < 2:
        return False
    if len(set(values)) < _UNIQUE * len(values) or any(v % 1 for v in values):
        return False
    rising = all(a < b for a, b in pairwise(values))
    return rising or len(values) >= _DENSE * (max(values) - min(values) + 1)


def _never_falls(column: Typed) -> bool:
    """Numbers that stay or rise from row to row, of which there are many: times since a beginning, in the order of a log."""
    values = [v for v in column.values if isinstance(v, float)]
    if len(values) < _UNIQUE * len(column.values) or len(set(values)) < _LEAST:
        return False
    return all(a <= b for a, b in pairwise(values))


def is_sorted_by_outcome(order: Typed, won: Sequence[bool | None]) -> bool:
    """Whether leads lie sorted by their outcome in an assumed order, which then is no time."""
    placed = sorted(
        (place, one)
        for place, one in zip(order.values, won)
        if isinstance(place, float) and one is not None
    )
    size = len(placed) // _PARTS
    share = sum(one for _, one in placed) / len(placed) if placed else 0.0
    if size < _LEAST or min(share, 1 - share) < _RARE:
        return False
    parts = [[one for _, one in placed[n * size : (n + 1) * size]] for n in range(_PARTS)]
    return not all(0 < sum(part) < size for part in parts)
