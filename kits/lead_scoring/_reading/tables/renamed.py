"""Columns that parts of one table call otherwise: in other letters or signs, or, of an id and of when leads came, by another name.

A month's export has `Lead-Nr.` and the next one `Lead Nr`: as two columns each would be empty in half of the rows.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from kits.core.kit import Finding
from kits.lead_scoring._reading.columns.mapping import find_mapping
from kits.lead_scoring._reading.tables.sheets import Sheet, possible_labels
from kits.lead_scoring._reading.tables.things import ranked_in

_SIGNS = re.compile(r"[\s_.\-]+")
_JOINED = re.compile(r"([^.:]+)(?:\.(?! )|: ).+")
"""`Firmen.Ort` and `visits: count`."""
_GERMAN = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})
_ROLES = {"lead_id": "the lead's id", "decided_at": "when leads came"}
"""What a column is for of which each part has one."""


def with_one_name(
    sheets: Sequence[Sheet], known: Collection[str]
) -> tuple[list[Sheet], list[Finding]]:
    """The parts with one name for each column, and what was taken for another name.

    Args:
        known: names that a person stated or a bundle learned, which stay; else the first that a column had.
    """
    found = _written_alike(sheets, known)
    told: list[Finding] = []
    for role, said in _ROLES.items():
        found, renamed = _by_role(found, role, known)
        told += [
            Finding(
                "renamed-column", "warn",
                f"{old} of {where} was read as {new} of the tables beside it: {said}, under another name",
                (old, new),
                "nothing to do if it is; else call the right one alike in all tables",
            )
            for old, new, where in renamed
        ]  # fmt: skip
    return found, told


def as_known(sheet: Sheet, known: Collection[str], mapping: str, stated: Collection[str]) -> Sheet:
    """A table with the names that columns had before, where these differ in letters' case, accents and what stands between words alone.

    One that was joined is compared with what was joined: the `Type` of firms is known as `firms.Type`, and is not the `type` of the leads.

    Args:
        known: names that a bundle learned, or that the leads have to which these are added.
        mapping: whose names the columns have, as stated; a CRM's stay, which it has of two kinds.
        stated: names by which a person speaks of columns, which stay.
    """
    if not known or find_mapping(sheet.columns, mapping) is not None:
        return sheet
    joined = _joined_before(sheet, known)
    before = {_bare(name): name for name in sorted(joined or known)}
    often = Counter(map(_bare, sheet.columns))
    names = {
        name: before[_bare(name)]
        for name in sheet.columns
        if not (name in (joined or known) or name in stated)
        and often[_bare(name)] == 1
        and _bare(name) in before
    }
    return _with_names(sheet, names)


def labels_as_known(labels: Mapping[str, str], known: Collection[str]) -> Mapping[str, str]:
    """Name of each table that is joined → what its columns are called by, as it was before where that differs in letters alone.

    Args:
        known: names that a bundle learned, or that the leads have to which these are added.
    """
    before: dict[str, str] = {}
    for name in sorted(known):
        label = _label_of(name)
        if label:
            before.setdefault(_bare(label), label)
    often = Counter(map(_bare, labels.values()))
    return {
        table: label
        if often[_bare(label)] > 1 or label in before.values()
        else before.get(_bare(label), label)
        for table, label in labels.items()
    }


def _label_of(name: str) -> str:
    """What a joined column is called by, `Firmen` of `Firmen.Ort` and `visits` of `visits: count`; empty: it was not joined."""
    found = _JOINED.fullmatch(name)
    return found[1] if found else ""


def _joined_before(sheet: Sheet, known: Collection[str]) -> list[str]:
    """The names of a table's columns by themselves, where they were joined before; empty: none was."""
    labels = {_bare(label) for label in possible_labels(sheet)}
    found = ((name, _label_of(name)) for name in known)
    return [
        name[len(label) + 1 :].strip() for name, label in found if _bare(label) in labels and label
    ]


def _written_alike(sheets: Sequence[Sheet], known: Collection[str]) -> list[Sheet]:
    written = [name for sheet in sheets for name in sheet.columns]
    first = {_bare(name): name for name in written if name in known}
    found = []
    for sheet in sheets:
        often = Counter(map(_bare, sheet.columns))
        names = {
            name: first.setdefault(_bare(name), name)
            for name in sheet.columns
            if often[_bare(name)] == 1
        }
        taken = [names.get(name, name) for name in sheet.columns]
        found.append(_with_names(sheet, names) if len(set(taken)) == len(taken) else sheet)
    return found


def _bare(name: str) -> str:
    """A name without its letters' case, their accents (`Größe` is `groesse`) and what stands between its words; other signs tell apart:
    `Sum (€)` is not `Sum ($)`."""
    text = unicodedata.normalize("NFKC", name).casefold().translate(_GERMAN)
    letters = (c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return _SIGNS.sub("", "".join(letters))


def _by_role(
    sheets: list[Sheet], role: str, known: Collection[str]
) -> tuple[list[Sheet], list[tuple[str, str, str]]]:
    """With one name for what a column is for, where each part has one, and none both."""
    named = [_for(sheet, role) for sheet in sheets]
    often = Counter(name for names in named for name in names)
    if not often or len(sheets) in often.values():
        return sheets, []
    new = max(often, key=lambda name: (name in known, often[name]))
    kept = {name for names in named if new in names for name in names}
    found, told = list(sheets), []
    for at, (sheet, names) in enumerate(zip(sheets, named)):
        other = [name for name in names if name not in kept]
        if new not in sheet.cells and len(other) == 1 and len(names) == 1:
            found[at] = _with_names(sheet, {other[0]: new})
            told.append((other[0], new, sheet.name))
    return found, told


def _for(sheet: Sheet, role: str) -> list[str]:
    """The columns of a table that are called like what it is for, and hold such cells."""
    names = ranked_in(sheet, sheet.columns, role)
    if role == "decided_at":
        return [name for name in names if sheet.typed(name).kind == "date"]
    return names


def _with_names(sheet: Sheet, names: dict[str, str]) -> Sheet:
    changed = {name: names.get(name, name) for name in sheet.columns}
    if all(old == new for old, new in changed.items()):
        return sheet
    return replace(
        sheet,
        cells={changed[name]: cells for name, cells in sheet.cells.items()},
        numeric=frozenset(changed.get(name, name) for name in sheet.numeric),
        grouped=tuple(changed.get(name, name) for name in sheet.grouped),
    )
