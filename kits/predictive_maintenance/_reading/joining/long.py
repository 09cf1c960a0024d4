"""Is it a table with one row per tag and time? Which column says what is measured, which how much, and in what unit.

By names, or where a file has none by what the columns hold. Turning it is done in `_reading/joining/pivot.py`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from kits.core.window import MAX_CHANNELS
from kits.predictive_maintenance._reading.columns.names import (
    is_unit,
    is_value_name,
    plain,
    role_of,
    value_text,
)
from kits.predictive_maintenance._reading.columns.roles import Roles
from kits.predictive_maintenance._reading.formats.table import Column, Floats, Table, Texts

MAX_TAGS = MAX_CHANNELS
_TAG = re.compile(
    r"(?:.*_)?(?:tag|sensor|signal|channel|variable|metric|item|parameter|attribute|attr|data_?point|point|kanal|datenpunkt|"
    r"entity|messstelle|messpunkt)s?(?:_?(?:name|id|index|nr|no))?"
    r"|name|var_?name|variablenname|node(?:_?id)?|(?:display|object|browse)_?name|measurement|quantity|series|field|alias|key|"
    r"topic|messgroesse|messkanal|bezeichnung|grandeur|n|ip_trend_name"
)
"""Names of a column that says what is measured."""
_PLAINEST = frozenset({"value", "wert", "val", "v"})
_UNNAMED = re.compile(r"c\d+")
_FEWEST_ROWS = 3


@dataclass(frozen=True)
class Long:
    """The columns of a table with one row per tag and time.

    Attributes:
        tag: says what is measured.
        values: readings; several where each kind of number has a column of its own.
        unit: says in what unit; empty: none does.
    """

    tag: str
    values: tuple[str, ...]
    unit: str = ""

    def tags_in(self, table: Table) -> Texts:
        """What is measured in each row."""
        column = table.column(self.tag)
        assert column is not None
        if column.kind == "text":
            return column.values
        return np.array([value_text(v) for v in column.values.tolist()], dtype=object)

    def readings_in(self, table: Table) -> Floats:
        """The reading of each row."""
        found: Floats = np.full(table.rows, np.nan)
        for name in self.values:
            column = table.column(name)
            if column is not None:
                found = np.where(np.isfinite(found), found, column.values)
        return found

    def units_in(self, table: Table) -> Mapping[str, str]:
        """Tag → unit."""
        column = table.column(self.unit) if self.unit else None
        if column is None:
            return {}
        return {tag: str(unit) for tag, unit in zip(self.tags_in(table), column.values) if unit}


def find_long(table: Table, roles: Roles) -> Long | None:
    """The columns of a table with one row per tag and time; None where it is none."""
    if not roles.time:
        return None
    special = roles.special() - {roles.asset, roles.unit}
    rest = [c for c in table.columns if c.name not in special]
    values = _values(rest, named=table.header)
    if not values:
        return None
    others = [c for c in rest if c.name not in values]
    tag = _tag(others, named=table.header) or _by_content(table, others, roles)
    if tag is None:
        return None
    unit = next((c.name for c in rest if c is not tag and _holds_units(c)), "")
    return Long(tag.name, values, unit)


def _values(columns: list[Column], *, named: bool) -> tuple[str, ...]:
    """Columns of readings: the first that is called so, with those that have readings where it has none."""
    found = [
        c
        for c in columns
        if c.kind == "number" and np.isfinite(c.values).any()
        and (is_value_name(c.name) if named else _UNNAMED.fullmatch(c.name))
    ]  # fmt: skip
    if not named and len(found) != 1:
        return ()
    exact = [c for c in found if plain(c.name) in _PLAINEST]
    kept: list[Column] = exact[:1]
    for column in found:
        if not any(np.any(np.isfinite(column.values) & np.isfinite(k.values)) for k in kept):
            kept.append(column)
    if not exact and len(kept) < len(found):
        return ()  # values side by side: a column per channel
    return tuple(c.name for c in kept)


def _tag(columns: list[Column], *, named: bool) -> Column | None:
    pattern = _TAG if named else _UNNAMED
    found = [c for c in columns if pattern.fullmatch(plain(c.name)) and _names_things(c)]
    # of a measurement and its fields the fields tell readings apart
    return max(found, key=lambda column: len(set(column.values.tolist())), default=None)


def _by_content(table: Table, columns: list[Column], roles: Roles) -> Column | None:
    """The only column of words that tells apart the readings of one time, whatever it is called."""
    times = [c.values.tolist() for name in roles.time if (c := table.column(name)) is not None]
    moments = list(zip(*times))
    if len(set(moments)) > len(moments) / 2:
        return None
    owner = table.column(roles.asset or roles.unit) if roles.asset or roles.unit else None
    machines = owner.values.tolist() if owner is not None else [""] * len(moments)
    found = [
        c
        for c in columns
        if c.kind == "text" and c.name not in (roles.asset, roles.unit) and not _holds_units(c)
        and 1 < len(set(c.values.tolist())) <= min(MAX_TAGS, len(moments) / _FEWEST_ROWS)
        and len(set(zip(moments, machines, c.values.tolist()))) == len(moments)
    ]  # fmt: skip
    return found[0] if len(found) == 1 else None


def _names_things(column: Column) -> bool:
    if column.kind == "text":
        return not _holds_units(column)
    if column.kind != "number" or role_of(column.name) == "id":
        return False
    levels = set(column.values.tolist())
    whole = all(np.isfinite(v) and float(v).is_integer() for v in levels)
    return whole and len(levels) <= min(MAX_TAGS, column.values.size / _FEWEST_ROWS)


def _holds_units(column: Column) -> bool:
    levels = set(column.values.tolist()) - {""} if column.kind == "text" else set()
    return bool(levels) and all(is_unit(str(level)) for level in levels)
