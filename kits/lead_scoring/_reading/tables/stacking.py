"""One table that lies in several files or sheets: those with the same columns, and those that list the same kind of leads.

Lists that are kept year by year get a column more or less; each counts its own rows from one on.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from pathlib import PurePosixPath

from kits.core.column_names import squeezed
from kits.core.dataset import Split
from kits.core.kit import Finding
from kits.core.spreadsheets.naming import file_and_sheet
from kits.lead_scoring._reading.columns.stated_splits import NO_SPLIT, SPLITS_SAID
from kits.lead_scoring._reading.tables.kinds_of_lists import Kinds
from kits.lead_scoring._reading.tables.renamed import with_one_name
from kits.lead_scoring._reading.tables.sheets import Sheet, stack
from kits.lead_scoring._reading.tables.stated_tables import stating
from kits.lead_scoring._reading.values.cells import is_missing
from kits.lead_scoring._reading.values.dates import DateForm, iso, read_dates
from kits.lead_scoring.config import SourceConfig

_ALIKE, _MOSTLY = 0.9, 0.75
_LEAST = 3
"""Columns in common from which on two tables may be parts of one."""
_SHOWN, _TWO = 3, 2


def stacked(
    sheets: Sequence[Sheet],
    role: Callable[[Sheet], str],
    source: SourceConfig,
    known: Collection[str] = (),
) -> tuple[list[Sheet], list[Finding]]:
    """Tables that are parts of one as one, and what is to be said of those whose columns differ.

    Each is compared with all of a group: of lists that grow by a column the last is like the one before it, and not the first.

    Args:
        role: what a person said a table is; empty: nothing.
        known: names of columns that a person stated or a bundle learned.
    """
    groups: list[list[Sheet]] = []
    for sheet in sheets:
        own = (group for group in groups if role(group[0]) == role(sheet))
        group = next((g for g in own if any(_are_parts(one, sheet) for one in g)), None)
        if group is None:
            groups.append([sheet])
        else:
            group.append(sheet)
    told: list[Finding] = []
    alike = Kinds(source, role)
    while pair := alike.next_pair(groups):
        one, other = pair
        told.append(_said(one[0], other[0]))
        groups.remove(other)
        one[:] = [sheet for sheet in sheets if any(sheet is own for own in (*one, *other))]
    found = []
    for group in groups:
        aligned, renamed = with_one_name(group, known)
        told += renamed
        dated, guessed = _with_dates_alike(aligned)
        told += guessed
        found.append(_as_one(dated, splits_named=source.split != NO_SPLIT))
    return found, told


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
        f"if they are different things, or tell of the same people, take one alone in kit.yaml: model.source.tables: "
        f"[{stating(other.files[0], 'ignore')}]" if differ
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


def _with_dates_alike(group: Sequence[Sheet]) -> tuple[Sequence[Sheet], list[Finding]]:
    """Parts of a table of which some write the day first and others the month, with dates as ISO 8601; told where one does not tell."""
    orders: Counter[DateForm] = Counter()
    for sheet in group:
        orders[sheet.dates] += len(sheet)
    del orders["auto"]
    if len(orders) < _TWO:
        return group, []
    most = orders.most_common(1)[0][0]
    read = [_with_plain_dates(sheet, most) for sheet in group]
    told = tuple(one for _, guessed in read for one in guessed)
    finding = Finding(
        "assumed", "warn", "parts of the table have the day first and others the month, and of some it is not sure", told,
        "write the dates there as 2024-12-31, and import again with --replace",
    )  # fmt: skip
    return [sheet for sheet, _ in read], [finding] if told else []


def _with_plain_dates(sheet: Sheet, most: DateForm) -> tuple[Sheet, list[str]]:
    """Dates that begin with the day or the month as ISO 8601, by `most` where they do not tell; and how those were read that are not sure."""
    cells, guessed = dict(sheet.cells), []
    for name, texts in sheet.cells.items():
        known = [text for text in dict.fromkeys(texts) if not is_missing(text)]
        found = read_dates(name, known, sheet.dates, sheet.zone) if known else None
        unsure = found is not None and bool(found.doubt)
        if unsure:
            found = read_dates(name, known, most, sheet.zone)
        if found is not None and (found.order != "auto" or unsure):
            plain = {t: iso(at, found.clock) for t, at in zip(known, found.seconds) if at is not None}  # fmt: skip
            cells[name] = [plain.get(text, text) for text in texts]
        if found is not None and unsure:
            how = found.doubt or most.removeprefix("likely-").replace("-", " ")
            guessed.append(f"{sheet.name}: dates of {name} were read {how}")
    return replace(sheet, cells=cells), guessed


def _split_of(name: str) -> Split | None:
    """The split that the name of a file, a sheet or a folder tells (`test.csv`, `leads_test.csv`, `test/leads.csv`)."""
    file, sheet = file_and_sheet(name.lower())
    parts = PurePosixPath(file)
    words = [*re.split(r"[^a-z]+", f"{sheet} {parts.stem}"), *reversed(parts.parent.parts)]
    return next((SPLITS_SAID[word] for word in words if word in SPLITS_SAID), None)
