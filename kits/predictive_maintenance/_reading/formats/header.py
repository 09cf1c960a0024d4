"""Where the names of a text table end and its readings begin: names, units, and lines of settings above them.

Works on the cells of the first lines. How lines are cut into cells is `_reading/formats/text.py`'s work.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from kits.predictive_maintenance._reading.columns.names import is_unit, role_of

Cells = Sequence[str]
_PROPER = 0.5
_FEWEST_UNITS = 2
_FEWEST_PROPERTIES = 3
_SCOPE_TIME = "time [ms]"


@dataclass(frozen=True)
class Header:
    """What stands above the readings.

    Attributes:
        names: of the columns; empty: the file has none.
        first: index of the first line of it, or of the readings where there is none.
        rows_from: index of the first line of readings.
        units: name → unit.
    """

    names: tuple[str, ...]
    first: int
    rows_from: int
    units: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Judge:
    """Tells words from readings in the columns that hold readings.

    Attributes:
        is_value: whether a cell is a number or a time.
        is_bad: whether a cell is a word for no reading.
        columns: indices of those with readings.
    """

    is_value: Callable[[str], bool]
    is_bad: Callable[[str], bool]
    columns: tuple[int, ...]

    def is_proper(self, row: Cells) -> bool:
        """A row of readings: no word where others have values, and values in most of these places."""
        own = [row[c].strip() for c in self.columns]
        values = sum(map(self.is_value, own))
        bad = sum(self.is_bad(cell) for cell in own)
        return values + bad >= len(own) and values >= _PROPER * len(own) and values > 0

    def is_words(self, row: Cells) -> bool:
        """A row of words in the places of readings."""
        own = [row[c].strip() for c in self.columns]
        words = sum(
            bool(cell) and not self.is_value(cell) and not self.is_bad(cell) for cell in own
        )
        return words >= _PROPER * len(own) and not any(map(self.is_value, own))


def judge(
    rows: Sequence[Cells], is_value: Callable[[str], bool], is_bad: Callable[[str], bool]
) -> Judge:
    """By the later rows, which are readings: columns most of whose cells are values.

    Args:
        rows: of equal length, the first ones of the file.
    """
    tail = rows[len(rows) // 2 :]
    columns = []
    for index in range(len(rows[0])):
        told = [cell for row in tail if not is_bad(cell := row[index].strip())]
        if told and sum(map(is_value, told)) > 0.6 * len(told):
            columns.append(index)
    return Judge(is_value, is_bad, tuple(columns))


def find_header(lines: Sequence[Cells], width: int, told: Judge) -> Header | None:
    """Names and units above the readings; None where no row of words stands above them.

    Args:
        lines: cells of the first lines, those of another width too.
        width: cells of a row of readings.
    """
    full = [index for index, row in enumerate(lines) if len(row) == width]
    proper = _first_proper(lines, full, told)
    if proper is None or not told.columns:
        return None
    pairs = _of_pairs(
        [lines[i] for i in full if i < proper], [lines[i] for i in full if i >= proper]
    )
    if pairs:
        return Header(pairs, full[0], proper)
    words = [i for i in full if i < proper and told.is_words(lines[i])]
    if not words:
        return _shorter(lines, proper, width, told)
    last = words[-1] if len(told.columns) > 1 else words[0]
    first = last
    while first - 1 in words:
        first -= 1
    block = [lines[i] for i in range(first, last + 1)]
    names, units = _names_and_units(block)
    return Header(names, first, last + 1, units)


def _first_proper(lines: Sequence[Cells], full: Sequence[int], told: Judge) -> int | None:
    """The first row of readings that another one follows: a line of numbers among settings is none."""
    good = [told.is_proper(lines[i]) for i in full]
    follows = [*good[1:], True]
    return next((i for i, one, other in zip(full, good, follows) if one and other), None)


def _of_pairs(above: Sequence[Cells], rows: Sequence[Cells]) -> tuple[str, ...]:
    """Names where each channel stands beside its times, below lines of its properties (`Name`, `SampleTime[ms]`)."""
    keyed = [row for row in above if len(row) > 2 and len(set(row[::2])) == 1 and row[0].strip()]
    named = next((row for row in keyed if row[0].strip().lower() == "name"), None)
    if named is None or len(keyed) < _FEWEST_PROPERTIES:
        return ()
    own = any(len({cell for cell in row[::2] if cell.strip()}) > 1 for row in rows)
    between = _SCOPE_TIME if own else ""
    cells = [_SCOPE_TIME, *(cell for name in named[1::2] for cell in (name, between))]
    return tuple(_clean(cells))[:-1]


def _shorter(lines: Sequence[Cells], proper: int, width: int, told: Judge) -> Header | None:
    """Names above all columns but the first, which counts rows, as R writes them."""
    above = lines[proper - 1] if proper else ()
    if len(above) != width - 1 or width < 3:
        return None
    if any(not cell.strip() or told.is_value(cell.strip()) for cell in above):
        return None
    return Header(("", *_clean(above)), proper - 1, proper)


def _names_and_units(block: Sequence[Cells]) -> tuple[tuple[str, ...], dict[str, str]]:
    """The row that names columns, completed by the others; and the row of units."""
    rows = [row for row in block if len({c.strip() for c in row}) > 1 or len(row) == 1] or [*block]
    counts = [sum(is_unit(cell) for cell in row[1:]) for row in rows]
    most = max(range(len(rows)), key=lambda i: counts[i])
    at = most if counts[most] >= _FEWEST_UNITS else 1 if len(rows) == 2 else None
    if at is None or len(rows) == 1:
        return _completed(rows, len(rows) - 1), {}
    others = [row for i, row in enumerate(rows) if i != at]
    nearest = list(range(max(1, at)))[::-1]
    base = max(nearest, key=lambda i: len({cell.strip() for cell in others[i]}))
    names = _completed(others, base)
    if counts[at] < _FEWEST_UNITS and any(role_of(cell) == "time" for cell in rows[at]):
        return _completed(rows, at), {}  # two rows of names, the lower one nearer to the readings
    return names, {n: cell.strip().strip(" []()") for n, cell in zip(names, rows[at])}


def _completed(rows: Sequence[Cells], base: int) -> tuple[str, ...]:
    """A row of names; where another row says that a column is a time, or the row itself is silent, that one's word."""
    names = []
    for column, own in enumerate(rows[base]):
        cells = [row[column] for row in reversed(rows)]
        time = next((c for c in cells if role_of(c) == "time"), "")
        names.append(time or own if own.strip() else next((c for c in cells if c.strip()), ""))
    return tuple(_clean(names))


def _clean(cells: Sequence[str]) -> list[str]:
    return [cell.strip().lstrip("#").strip() for cell in cells]
