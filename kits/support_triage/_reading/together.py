"""What tables of one import say of each other: messages of the tickets in another one, names of classes that are numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from pydantic import JsonValue

from kits.core.kit import Finding
from kits.core.mail import folders
from kits.core.month_words import MONTH_WORDS
from kits.core.tables import TableFile
from kits.support_triage._reading.class_names import names_beside, names_by_id
from kits.support_triage._reading.conversations import joined, reference
from kits.support_triage._reading.fits import are_numbers
from kits.support_triage._reading.found_tables import Found, judged, not_read, with_roles
from kits.support_triage._reading.listed_rows import ListedRows
from kits.support_triage._reading.sidecar import Sidecar
from kits.support_triage._reading.spread_rows import spread_rows

_SHOWN = 8
_LINES = ".txt"
_FEWEST = 5
"""Lines of a file without labels that is more than a note."""


def with_shared_roles(tables: Sequence[Found]) -> list[Found]:
    """Tables with the same columns, each with the roles of the longest: a short one may not show what its columns are for."""
    best: dict[tuple[str, ...], Found] = {}
    for found in tables:
        known = best.setdefault(found.table.columns, found)
        if found.rows > known.rows:
            best[found.table.columns] = found
    return [with_roles(found, best[found.table.columns].roles) for found in tables]


def with_messages(tables: Sequence[Found], sidecar: Sidecar) -> tuple[list[Found], list[Finding]]:
    """Tickets with the customer's first message, where what was said stands in another table; that one is no mails itself."""
    kept = list(tables)
    told: list[Finding] = []
    for messages in tables:
        tickets, by = _tickets_of(messages, kept)
        if tickets is None:
            continue
        kept.remove(messages)
        if tickets.roles.text:
            why = f"it holds what was said of the tickets in {tickets.name}, which have a text of their own"
            told.append(not_read(messages.name, why))
            continue
        table, writers = joined(tickets.table, messages.table, messages.roles, by, sidecar)
        both = judged(tickets.name, table, spread_rows(table), sidecar)
        kept[kept.index(tickets)] = replace(both, doubt="")
        said = f"{messages.name} holds what was said of the tickets in {tickets.name} ({by[0]!r} is {by[1]!r} there): of each the customer's first message is the text"
        known = f"; what the firm wrote is left out, {writers.told}" if writers.firm else ""
        told.append(Finding("columns", "pass", said + known, (messages.name,)))
        told += writers.doubted(messages.name, "of each ticket the first message was taken for the customer's")  # fmt: skip
    return kept, told


def _tickets_of(messages: Found, tables: Sequence[Found]) -> tuple[Found | None, tuple[str, str]]:
    """The table of the tickets that messages belong to, and the columns by which they do."""
    for tickets in tables:
        if tickets.table.columns == messages.table.columns:
            continue  # lists of one kind; there may be a file for each of ten thousand tickets
        if not tickets.telling or not messages.roles.text:
            continue
        by = reference(messages.table, tickets.table, own=bool(tickets.roles.text))
        if by is not None:
            return tickets, by
    return None, ("", "")


def with_file_names(tables: Sequence[Found], sidecar: Sidecar) -> tuple[list[Found], list[Finding]]:
    """Tables without labels that are built alike, with the names of their files as intents, where these may be some."""
    alike = [found for found in tables if not found.labelled]
    if all(found.name.lower().endswith(_LINES) for found in alike):
        alike = [_as_lines(found, sidecar) for found in alike]
    stems = _own_parts([found.name for found in alike])
    is_built_alike = len({found.table.columns for found in alike}) == 1
    others = sum(f.labelled and f.roles.usable and f.rows >= _FEWEST for f in tables)
    if (
        sidecar.labels_from == "nothing"
        or others
        or not is_built_alike
        or not _are_intents(stems, alike)
    ):
        return list(tables), []
    intents = [sidecar.labels.get(stem, stem) for stem in stems]
    named = {f.name: replace(f, intent=intent, doubt="") for f, intent in zip(alike, intents)}
    told = Finding(
        "labels-from-files",
        "warn",
        f"no table has a column of labels; the names of the files are taken for them: {', '.join(stems[:_SHOWN])}",
        tuple(named),
        "nothing to do if so; else labels_from: nothing in mails.yaml",
    )
    return [named.get(found.name, found) for found in tables], [told]


def _as_lines(found: Found, sidecar: Sidecar) -> Found:
    """A file of texts a line: the commas in them part no cells."""
    if not isinstance(found.table, TableFile):
        return found
    text = found.table.path.read_text(encoding=found.table.encoding, errors="replace")
    rows: list[JsonValue] = [{"text": line.strip()} for line in text.splitlines() if line.strip()]
    lines = ListedRows.of(rows, f"lines, {found.table.encoding}")
    return judged(found.name, lines, spread_rows(lines), sidecar)


def _own_parts(names: Sequence[str]) -> list[str]:
    """The names of files without folder, suffix and what all of them end with (`refund_usersays_en.json` → `refund`)."""
    stems = [name.rsplit("/", 1)[-1].rsplit(".", 1)[0] for name in names]
    end = min(stems, default="")
    while not all(stem.endswith(end) for stem in stems):
        end = end[1:]
    cut = len(end) - end.find("_") if len(stems) > 1 and "_" in end else 0
    return [stem[: len(stem) - cut] for stem in stems]


def _are_intents(stems: Sequence[str], tables: Sequence[Found]) -> bool:
    """Whether names of files may be intents: words, no splits, days or places; of lines alone none has but a few."""
    words = all(stem and not any(c.isdigit() for c in stem) and stem.lower() not in MONTH_WORDS for stem in stems)  # fmt: skip
    places = any(folders.is_default(stem) or folders.own_kind(stem) for stem in stems)
    few = any(found.doubt and found.rows < _FEWEST for found in tables)
    split = any(found.split for found in tables)
    return words and not (places or few or split) and len(set(stems)) == len(stems) > 1


def with_names(tables: Sequence[Found], path: Path) -> tuple[list[Found], list[Finding]]:
    """Tables whose labels are numbers, with what these mean where a file beside them names the classes."""
    by_id = {found.name: names_by_id(path if path.is_dir() else path.parent, found.roles.label[0], found.labels)
             for found in tables if len(found.roles.label) == 1 and are_numbers(list(found.labels))}  # fmt: skip
    if any(names for names, _ in by_id.values()):
        told = [_named(names, file) for names, file in by_id.values() if names]
        return [replace(f, names=by_id.get(f.name, ({}, ""))[0] or f.names) for f in tables], told
    numbered = [found for found in tables if are_numbers(list(found.labels))]
    numbers = [cell for found in numbered for cell in found.labels]
    folder = path if path.is_dir() else path.parent
    names, file = names_beside(folder, numbers) if numbers else ({}, "")
    if not names:
        return list(tables), []
    named = [replace(f, names=names) if f in numbered else f for f in tables]
    return named, [_named(names, file)]


def _named(names: Mapping[str, str], file: str) -> Finding:
    shown = ", ".join(list(names.values())[:_SHOWN])
    told = f"{file} says what the numbers of labels mean: {shown}"
    return Finding("columns", "pass", told, (file,))
