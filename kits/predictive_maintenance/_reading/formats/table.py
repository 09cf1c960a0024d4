"""A table as the readers know it: columns of numbers, texts or times, equally long."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from kits.core.kit import Finding
from kits.core.window import MAX_NAME
from kits.predictive_maintenance._reading.columns.names import split_unit

Kind = Literal["number", "text", "time"]
Floats = NDArray[np.float64]
Texts = NDArray[np.object_]
_ROOM = 8
"""Signs that a name grows by at most where a number tells it apart."""


@dataclass(frozen=True)
class Column:
    """One column.

    Attributes:
        values: float64 for numbers (NaN: missing) and times (seconds since 1970), else text.
        naive: a time that names no zone.
        bad: cells that held something else than a number.
    """

    name: str
    unit: str
    kind: Kind
    values: NDArray[Any]
    naive: bool = False
    bad: int = 0


@dataclass(frozen=True)
class Table:
    """Columns of equal length.

    Attributes:
        header: whether the file named its columns; else they are called `c1`, `c2`, ….
        remarks: what was odd about the file, for people.
        findings: what a spreadsheet has to say of itself.
    """

    columns: tuple[Column, ...]
    header: bool = True
    remarks: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()

    @property
    def rows(self) -> int:
        return int(self.columns[0].values.shape[0]) if self.columns else 0

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    def column(self, name: str) -> Column | None:
        """By its whole name, else without the unit; upper and lower case are the same."""
        wanted = name.strip().lower()
        bare = split_unit(name)[0].lower()
        names = (wanted, short_name(wanted), bare, short_name(bare))
        columns = {column.name.lower(): column for column in reversed(self.columns)}
        return next((columns[name] for name in names if name in columns), None)

    def without(self, names: set[str]) -> Table:
        """The table without some columns."""
        return replace(self, columns=tuple(c for c in self.columns if c.name not in names))

    def take(self, rows: NDArray[Any] | slice) -> Table:
        """Some rows, by index, mask or slice."""
        kept = tuple(replace(c, values=c.values[rows]) for c in self.columns)
        return replace(self, columns=kept)


def short_name(name: str, longest: int = MAX_NAME) -> str:
    """A name that fits into a window. Of a long one its end: paths of tags differ there from their neighbours."""
    return name if len(name) <= longest else f"…{name[1 - longest :].strip()}"


def told_apart(columns: tuple[Column, ...]) -> tuple[Column, ...]:
    """Columns of which no two have one name, and none a longer one than windows take.

    `Pressure (in)` and `Pressure (out)` differ by what was taken for their units.
    """
    columns = tuple(replace(column, name=short_name(column.name)) for column in columns)
    counts = Counter(column.name for column in columns)
    taken = {name for name, times in counts.items() if times == 1}
    again: Counter[str] = Counter()
    found: list[Column] = []
    for column in columns:
        name = column.name
        if name and counts[name] > 1:
            own = short_name(f"{name} [{column.unit}]" if column.unit else name, MAX_NAME - _ROOM)
            name = own
            while name in taken:
                again[own] += 1
                name = f"{own} {again[own] + 1}"
            taken.add(name)
        found.append(replace(column, name=name))
    return tuple(found)
