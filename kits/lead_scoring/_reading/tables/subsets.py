"""Tables that hold nothing but rows of another one with the same columns: a tenth to try things with (`bank.csv`), or a copy.

Read as further leads, each of their rows would stand there twice, once to learn from and once to be judged by.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from kits.core.column_names import squeezed
from kits.core.kit import Finding
from kits.lead_scoring._reading.tables.sheets import Sheet

_DECIMALS = re.compile(r"-?\d+\.\d+")
_LEAST = 20
"""Rows that are not met elsewhere by chance, all of them."""
_NEARLY_ALL, _OWN = 0.98, 0.9
"""Share of its rows that the other one has; share of the other's rows that are there once."""


@dataclass(frozen=True)
class _Rows:
    """A table's rows by what they hold, whatever the order of its columns.

    Attributes:
        each: a number for each row's cells.
        all: the same, once each.
    """

    each: Sequence[int]
    all: frozenset[int]


def without_subsets(
    sheets: Sequence[Sheet], role: Callable[[Sheet], str]
) -> tuple[list[Sheet], list[Finding]]:
    """The tables without those whose rows another one has, and what is to be said of these.

    Args:
        role: what a person said a table is; empty: nothing.
    """
    alike: dict[tuple[str, ...], list[Sheet]] = defaultdict(list)
    for sheet in sheets:
        key = (role(sheet), *sorted(map(squeezed, sheet.columns)))
        alike[key].append(sheet)
    told = [found for group in alike.values() if len(group) > 1 for found in _subsets(group)]
    out = {sheet.name for sheet, _ in told}
    return [one for one in sheets if one.name not in out], [_said(*pair) for pair in told]


def _subsets(group: Sequence[Sheet]) -> Iterator[tuple[Sheet, Sheet]]:
    """Of tables with the same columns those whose rows a larger one has, each with that one."""
    left: list[tuple[Sheet, _Rows]] = []
    for sheet in sorted(group, key=len, reverse=True):
        rows = _rows(sheet)
        whole = next((other for other, larger in left if _within(rows, larger)), None)
        if whole is None:
            left.append((sheet, rows))
        else:
            yield sheet, whole


def _rows(sheet: Sheet) -> _Rows:
    columns = sorted(sheet.columns, key=squeezed)
    each = list(map(hash, zip(*(map(_as_written, sheet.cells[name]) for name in columns))))
    return _Rows(each, frozenset(each))


def _as_written(cell: str) -> str:
    """A cell as every program writes it: `37.0` of one is `37` in a spreadsheet."""
    text = cell.strip()
    return text.rstrip("0").rstrip(".") if _DECIMALS.fullmatch(text) else text


def _within(rows: _Rows, larger: _Rows) -> bool:
    if len(rows.each) < _LEAST or len(larger.all) < _OWN * len(larger.each):
        return False
    if not any(row in larger.all for row in rows.each[:_LEAST]):
        return False
    return sum(row in larger.all for row in rows.each) >= _NEARLY_ALL * len(rows.each)


def _said(sheet: Sheet, whole: Sheet) -> Finding:
    return Finding(
        "same-rows", "warn",
        f"{sheet.name} was passed over: {whole.name} has its rows too, and each would count twice",
        (sheet.name,),
        "nothing to do; other leads that happen to look the same need a column that identifies them",
    )  # fmt: skip
