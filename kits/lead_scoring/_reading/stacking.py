"""One table that lies in several files or sheets: those with the same columns, and those that list the same kind of leads.

Lists that are kept year by year get a column more or less; each counts its own rows from one on.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import PurePosixPath

from kits.core.column_names import squeezed
from kits.core.dataset import Split
from kits.core.errors import ConfigError, DataError
from kits.core.kit import Finding
from kits.core.spreadsheets.naming import file_and_sheet
from kits.lead_scoring._reading.mapping import find_mapping
from kits.lead_scoring._reading.outcomes import find_outcome
from kits.lead_scoring._reading.relations import is_id, same_rows
from kits.lead_scoring._reading.sheets import Sheet, stack
from kits.lead_scoring._reading.stated_splits import NO_SPLIT, SPLITS_SAID
from kits.lead_scoring.config import SourceConfig

_ALIKE, _MOSTLY, _HALF = 0.9, 0.75, 0.5
_LEAST = 3
"""Columns in common from which on two tables may list the same kind of leads."""
_SURE = 2
"""How surely a column must tell outcomes: it says won and lost."""
_SHOWN, _TWO = 3, 2


def stacked(
    sheets: Sequence[Sheet], role: Callable[[Sheet], str], source: SourceConfig
) -> tuple[list[Sheet], list[Finding]]:
    """Tables that are parts of one as one, and what is to be said of those whose columns differ.

    Args:
        role: what a person said a table is; empty: nothing.
    """
    groups: list[list[Sheet]] = []
    told: list[Finding] = []
    for sheet in sheets:
        own = [group for group in groups if role(group[0]) == role(sheet)]
        group = next((g for g in own if _are_parts(g[0], sheet)), None)
        if group is None:
            group = next((g for g in own if _of_one_kind(g[0], sheet, source)), None)
            told += [_said(group[0], sheet)] if group else []
        if group is None:
            groups.append([sheet])
        else:
            group.append(sheet)
    named = source.split != NO_SPLIT
    return [_as_one(group, splits_named=named) for group in groups], told


def _names(sheet: Sheet) -> dict[str, str]:
    return {squeezed(name): name for name in sheet.columns}


def _alike(one: Sheet, other: Sheet) -> float:
    mine, theirs = set(_names(one)), set(_names(other))
    return len(mine & theirs) / len(mine | theirs)


def _are_parts(one: Sheet, other: Sheet) -> bool:
    """Whether two tables are parts of one: by their columns, of which a part to be scored may lack the outcome."""
    mine, theirs = set(_names(one)), set(_names(other))
    parts = {_split_of(one.name), _split_of(other.name)} - {None}
    if len(parts) == _TWO and len(mine & theirs) >= _LEAST and len(mine ^ theirs) == 1:
        return True
    return _alike(one, other) >= _ALIKE


def _of_one_kind(one: Sheet, other: Sheet, source: SourceConfig) -> bool:
    """Whether both list leads, by the same column of outcomes and most others, and not the same leads."""
    common = _names(one).keys() & _names(other).keys()
    if len(common) < _LEAST or _alike(one, other) < _HALF:
        return False
    mine, theirs = _outcome_of(one, source), _outcome_of(other, source)
    return bool(mine) and mine == theirs and not _same_leads(one, other, sorted(common))


def _outcome_of(sheet: Sheet, source: SourceConfig) -> str:
    """The column that tells surely what became of the rows, as names are compared; empty where none does."""
    try:
        found = find_outcome(sheet, source, find_mapping(sheet.columns, source.mapping))
    except (DataError, ConfigError):
        return ""
    sure = found is not None and found.kind <= _SURE and not found.all_lost and found.columns
    return squeezed(found.columns[0]) if found is not None and sure else ""


def _same_leads(one: Sheet, other: Sheet, common: Sequence[str]) -> bool:
    """Whether rows with the same id say the same: two exports of the same leads, which are joined."""
    mine, theirs = _names(one), _names(other)
    ids = (name for name in common if is_id(mine[name]))
    return any(same_rows(one, mine[name], other, theirs[name]) for name in ids)


def _said(one: Sheet, other: Sheet) -> Finding:
    mine, theirs = _names(one), _names(other)
    apart = [
        *(mine[n] for n in mine if n not in theirs),
        *(theirs[n] for n in theirs if n not in mine),
    ]
    differ = _alike(one, other) < _MOSTLY
    return Finding(
        "one-table", "warn" if differ else "pass",
        f"{one.name} and {other.name} list the same kind of leads and were read as one table: {len(mine.keys() & theirs.keys())} columns"
        f" are in both, {len(apart)} in one of them",
        tuple(apart),
        f"if they are different things, or tell of the same people, take one alone in kit.yaml: model.source.tables: [{{file: {other.name}, "
        "role: ignore}]" if differ
        else "if they are different things, say what each is in kit.yaml: model.source.tables",
    )  # fmt: skip


def _as_one(group: Sequence[Sheet], *, splits_named: bool) -> Sheet:
    if len(group) == 1:
        return group[0]
    splits = [_split_of(sheet.name) if splits_named else None for sheet in group]
    if len(set(splits)) > 1:
        group = [replace(s, splits=[split] * len(s)) for s, split in zip(group, splits)]
    names = " + ".join(sheet.name for sheet in group[:_SHOWN])
    return stack(group, names + (" …" if len(group) > _SHOWN else ""))


def _split_of(name: str) -> Split | None:
    """The split that the name of a file, a sheet or a folder tells (`test.csv`, `leads_test.csv`, `test/leads.csv`)."""
    file, sheet = file_and_sheet(name.lower())
    parts = PurePosixPath(file)
    words = [*re.split(r"[^a-z]+", f"{sheet} {parts.stem}"), *reversed(parts.parent.parts)]
    return next((SPLITS_SAID[word] for word in words if word in SPLITS_SAID), None)
