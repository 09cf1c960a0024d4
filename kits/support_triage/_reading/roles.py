"""What each column of a table is for, by its name and its cells, and said in words.

A person's statement in `mails.yaml` comes first. Only a head of the file is looked at; rows are made elsewhere.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from kits.core.errors import ConfigError, did_you_mean
from kits.core.tables import Row
from kits.support_triage._reading.authors import sides_of
from kits.support_triage._reading.fits import (
    FEW_ROWS,
    FITS,
    MOST_LABELS,
    all_the_same,
    are_addresses,
    are_few,
    are_json,
    are_numbers,
    are_short,
)
from kits.support_triage._reading.label_columns import (
    are_chosen,
    flags_in,
    label_in,
    label_in_words,
)
from kits.support_triage._reading.naming import LIFTED, are_unnamed, ranked, words_of
from kits.support_triage._reading.role_names import (
    BY_A_WORD,
    CUSTOMERS,
    LATER,
    NAMES,
    READS,
    RECEIVES,
    SENDS,
)
from kits.support_triage._reading.row_dates import are_dates
from kits.support_triage._reading.sidecar import Sidecar
from kits.support_triage._reading.text_columns import is_answer, longest_of, subject_in, texts_in


@dataclass(frozen=True, slots=True)
class Roles:
    """Column names by what they are for; empty where there is none."""

    text: str = ""
    subject: str = ""
    label: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    urgency: str = ""
    sentiment: str = ""
    language: str = ""
    id: str = ""
    date: str = ""
    group: str = ""
    sender: str = ""
    author: str = ""
    split: str = ""
    source: str = ""
    entities: str = ""
    entity_type: str = ""
    entity_start: str = ""
    entity_end: str = ""

    @property
    def usable(self) -> bool:
        """Whether there is a text to read."""
        return bool(self.text or self.subject)

    def said_columns(self) -> Iterator[str]:
        """All columns that are for something."""
        for one in fields(self):
            value = getattr(self, one.name)
            yield from (value,) if isinstance(value, str) else value

    def said(self) -> str:
        """`text=utterance, label=intent, …`: what was taken for what."""
        told = []
        for one in fields(self):
            value = getattr(self, one.name)
            if value:
                told.append(f"{one.name}={value if isinstance(value, str) else '+'.join(value)}")
        return ", ".join(told)


def find_roles(
    columns: Sequence[str],
    head: Sequence[Row],
    sidecar: Sidecar,
    nested: Collection[str] = frozenset(),
) -> Roles:
    """What the columns are for.

    Args:
        nested: those that lie within others are texts and labels by their names alone.

    Raises:
        ConfigError: `mails.yaml` names a column that the file does not have.
    """
    known = [name for name in columns if name not in sidecar.ignore]
    stated = _stated(columns, sidecar)
    author = stated.author or next((n for n in known if sides_of(n, _cells(head, n))), "")
    head = _of_customers(head, author)
    free = {name: _cells(head, name) for name in known}
    found = _by_name(free, replace(stated, author=author))
    inner = {name for name in nested if not name.startswith(LIFTED)}
    taken = set(_taken(found))
    named = texts_in(free, taken)
    told = (n for n in named if not are_few(free[n]) and not all_the_same(free[n]))
    text = found.text or next(told, "")
    subject = found.subject or subject_in(free, taken | {text})
    if not text:
        long = longest_of(free, {*taken, subject, *inner})
        varied = [n for n in named if not all_the_same(free[n])]
        text = next(iter([n for n in long if not is_answer(n)] + varied + long + named), "")
    found = replace(found, text=text, subject=subject)
    if found.label or found.flags:
        return found
    if label := label_in(free, set(_taken(found)), inner):
        return replace(found, label=(label_in_words(label, head, free, set(_taken(found))),))
    if text and not stated.subject and are_chosen(free.get(subject, [])):
        return replace(found, subject="", label=(subject,))
    return replace(found, flags=flags_in(head, free, {*_taken(found), *nested}))


def _of_customers(head: Sequence[Row], author: str) -> Sequence[Row]:
    """Rows that the firm did not write."""
    sides = sides_of(author, _cells(head, author)) if author else {}
    return [row for row in head if sides.get(row.get(author, "").strip()) != "firm"]


def _cells(head: Sequence[Row], name: str) -> list[str]:
    return [cell for row in head if (cell := row.get(name, "").strip())]


def _stated(columns: Sequence[str], sidecar: Sidecar) -> Roles:
    stated = Roles(**{one.name: getattr(sidecar.columns, one.name) for one in fields(Roles)})
    for name in _taken(stated):
        if name not in columns:
            raise ConfigError(
                f"mails.yaml names the column {name!r}, which is not in the file",
                fix=did_you_mean(name, columns),
            )
    return stated


def _taken(roles: Roles) -> list[str]:
    found: list[str] = []
    for one in fields(roles):
        value = getattr(roles, one.name)
        found.extend([value] if isinstance(value, str) else value)
    return [name for name in found if name]


def _by_name(free: Mapping[str, list[str]], stated: Roles) -> Roles:
    """Roles that a name tells, where the cells bear it out."""
    found = stated
    for role, names in NAMES.items():
        if getattr(found, role) or role == "sender":
            continue
        taken = set(_taken(found))
        called = ranked(free, names, words=role in BY_A_WORD)
        for name in _came_first(called) if role == "date" else called:
            if name not in taken and FITS[role](free[name]):
                change: dict[str, Any] = {role: name}
                found = replace(found, **change)
                break
    if not found.date and are_unnamed(free):
        dates = (
            name for name, cells in free.items() if are_dates(cells) and not are_numbers(cells)
        )
        found = replace(found, date=next(dates, ""))
    if not found.sender:
        found = replace(found, sender=_who_wrote(free, set(_taken(found))))
    if not (found.entity_type and found.entity_start and found.entity_end):
        found = replace(found, entity_type="", entity_start="", entity_end="")
    return found


def _came_first(names: Sequence[str]) -> list[str]:
    """Dates of when a mail came, before those of what happened to it afterwards."""
    return sorted(names, key=lambda name: not LATER.isdisjoint(words_of(name)))


def _who_wrote(free: Mapping[str, list[str]], taken: set[str]) -> str:
    """A column of addresses: called like who wrote, or like an address alone, or with another one in most rows; without one,
    a column of names."""
    named = [name for name in ranked(free, NAMES["sender"], words=False) if name not in taken]
    addresses = [name for name, cells in free.items() if name not in taken and are_addresses(cells)]
    replies = {name for name in addresses if {"reply", "to"} <= words_of(name)}
    others = [name for name in addresses if name in replies or not words_of(name) & READS]
    whole = [n for n in named if n in others and ("." not in n or words_of(n) & CUSTOMERS)]
    sends = [n for n in others if words_of(n) & SENDS or n in replies]
    if chosen := [*whole, *sorted(sends, key=lambda name: not words_of(name) & CUSTOMERS)]:
        return chosen[0]
    for name in addresses:
        many = len(set(free[name])) > max(FEW_ROWS, MOST_LABELS * len(free[name]))
        if many and not words_of(name) & RECEIVES:
            return name
    return next((n for n in named if are_short(free[n]) and not are_json(free[n])), "")
