"""Which machine each row of a table is of: by the column that names it, else by the one that tells rows of one time apart."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kits.predictive_maintenance._reading.columns.names import value_text
from kits.predictive_maintenance._reading.columns.roles import Roles, are_numbers
from kits.predictive_maintenance._reading.formats.table import Column, Floats, Table, Texts
from kits.predictive_maintenance._reading.notes import Notes

_REPEATED = 0.2
"""With a larger share of rows at the time of another, these are of several machines."""
_DOUBLED = 0.01
"""So large a share of rows at most is there twice of one machine, as where clocks are put back."""
_MOST_MACHINES = 1_000
_FEWEST_ROWS = 3


def owner_of(
    table: Table, roles: Roles, seconds: Floats | None, tag: str, notes: Notes, where: str
) -> str:
    """The column that names the machine; empty where there is none.

    Args:
        seconds: times of the rows.
        tag: the column that names what is measured, in a table with a row per reading; else empty.
    """
    stated = roles.asset or roles.unit
    if stated or seconds is None:
        return stated
    rows = seconds.astype(np.complex128)
    tags = table.column(tag) if tag else None
    if tags is not None:
        rows = rows + 1j * _codes(tags)
    if np.unique(rows).size > (1 - _REPEATED) * rows.size:
        return ""
    special = roles.special() | {tag}
    for column in table.columns:
        flag = set(column.values.tolist()) <= {0.0, 1.0}
        names = column.kind == "text" or (are_numbers(column) and not flag)
        if names and column.name not in special and _parts(column, rows):
            text = f"rows of one time are told apart by the column {column.name}: taken for the machine"
            notes.warn("asset", text, where, "state asset in machines.yaml")
            return column.name
    return ""


def _codes(column: Column) -> Floats:
    """A number for each value of a column."""
    values = column.values.tolist()
    numbers = {value: float(number) for number, value in enumerate(dict.fromkeys(values))}
    return np.array([numbers[value] for value in values])


def _parts(column: Column, rows: NDArray[np.complex128]) -> bool:
    """Whether each of its values has a time once, but for a few rows.

    Args:
        rows: times, and numbers of what is measured as their imaginary part.
    """
    values = column.values.tolist()
    levels = set(values)
    if not 2 <= len(levels) <= min(_MOST_MACHINES, len(values) / _FEWEST_ROWS) or "" in levels:
        return False
    return len(set(zip(rows.tolist(), values))) >= (1 - _DOUBLED) * rows.size


def owners(table: Table, name: str, stem: str) -> Texts | None:
    """The machine of each row; None where no column names it. A cell that is empty says nothing else than the others.

    Args:
        stem: of the file, where nothing is said.
    """
    column = table.column(name) if name else None
    if column is None:
        return None
    words = [value_text(v) if _is_told(v) else "" for v in column.values.tolist()]
    levels = set(words) - {""}
    default = levels.pop() if len(levels) == 1 else stem
    return np.array([word or default for word in words], dtype=object)


def _is_told(value: object) -> bool:
    return not (isinstance(value, float) and np.isnan(value))
