"""Filling sentences from the firm's records: who may be told what, and how values look in each language.

Responsible for the identity rule (a record is told to its owner's address alone), for the formats of dates, amounts
and numbers, and for refusing values that are no plain facts. A sentence with a slot that cannot be filled is left out
by the caller, with the reason given here.

Values come as JSON: dates as ISO 8601 (`2026-03-16`), amounts as number and currency (`79.90 EUR`).
"""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation

from pydantic import JsonValue

from kits.core.correspondence import Record
from kits.support_triage._drafting.links import links_in
from kits.support_triage._drafting.templates import LanguagePhrases

_PLAIN = re.compile(r"[\w .,:/()&'+#°%-]{1,120}")
_KEY_SIGNS = re.compile(r"[\W_]+")
_SHORTEST_KEY = 4
_AMOUNT = re.compile(r"(-?\d{1,12}(?:\.\d{1,4})?) ([A-Z]{3})")
_SIGNS = {"EUR": "€", "GBP": "£", "USD": "$"}


@dataclass(frozen=True, slots=True)
class Facts:
    """A record that may be told, under the name by which it is cited (`order 48214`)."""

    kind: str
    name: str
    fields: Mapping[str, JsonValue]


@dataclass(frozen=True, slots=True)
class Vetted:
    """What of the records may be told; `cut` says what may not, and why."""

    told: tuple[Facts, ...] = ()
    cut: tuple[str, ...] = ()
    asked: frozenset[str] = field(default_factory=frozenset)


@dataclass(frozen=True, slots=True)
class Filled:
    """A sentence with its slots filled, or `missing` and why."""

    text: str = ""
    missing: str = ""


def vet(records: Sequence[Record], address: str, owners: Mapping[str, str]) -> Vetted:
    """The records whose owner is the one the reply goes to.

    Args:
        address: where the reply goes: Reply-To if there is one, and not who the mail says it is from.
        owners: kind of record → field with the owner's address. A kind without one is told to nobody.
    """
    told: list[Facts] = []
    cut: list[str] = []
    for record in records:
        kind, key = record.lookup.kind, record.lookup.key
        name = f"{kind} {_shown(key)}"
        if not record.fields:
            cut.append(f"{name}: no such record was found")
        elif not _same_key(record):
            cut.append(
                f"{name}: the record that came is about another number; nothing of it was used"
            )
        elif not _is_owner(record.fields.get(owners.get(kind, "")), address):
            cut.append(f"{name}: the record belongs to another address; nothing of it was used")
        else:
            told.append(Facts(kind, name, {"number": key, **record.fields}))
    return Vetted(tuple(told), tuple(cut))


def fill(sentence: str, facts: Facts, look: LanguagePhrases) -> Filled:
    """The sentence with slots `{kind.field:format}` filled from the record."""
    pieces: list[str] = []
    for literal, slot, form, _ in string.Formatter().parse(sentence):
        pieces.append(literal)
        if slot is None:
            continue
        kind, _, name = slot.partition(".")
        value = facts.fields.get(name) if kind == facts.kind else None
        if value is None or value == "":
            return Filled(missing=f"{facts.name} does not say {slot}")
        shown = _FORMATS.get(form or "text", _nothing)(value, look)
        if not shown:
            return Filled(missing=f"{slot} of {facts.name} is not a plain {form or 'text'}")
        pieces.append(shown)
    return Filled("".join(pieces))


def has_slots(sentence: str) -> bool:
    """Whether it needs a record."""
    return any(slot is not None for _, slot, _, _ in string.Formatter().parse(sentence))


def _is_owner(owner: JsonValue, address: str) -> bool:
    """Compared letter by letter, but for case: look-alike letters are another address."""
    if not isinstance(owner, str) or not owner.isascii() or not address.isascii():
        return False
    return "@" in owner and owner.strip().lower() == address.strip().lower()


def _same_key(record: Record) -> bool:
    """Whether the record's own number, if it has one, is the one that was asked for; prefixes may differ."""
    number = record.fields.get("number")
    if number is None:
        return True
    mine, theirs = (_KEY_SIGNS.sub("", str(k)).casefold() for k in (record.lookup.key, number))
    short, long = sorted((mine, theirs), key=len)
    return short == long or (len(short) >= _SHORTEST_KEY and long.endswith(short))


def _shown(key: str) -> str:
    return re.sub(r"[^\w-]", "", key)[:40]


def _text(value: JsonValue, look: LanguagePhrases) -> str:
    del look
    text = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
    return text if _PLAIN.fullmatch(text) and not links_in(text) else ""


def _date(value: JsonValue, look: LanguagePhrases) -> str:
    try:
        day = date.fromisoformat(str(value)[:10])
    except ValueError:
        return ""
    return look.date.format(d=day.day, month=look.months.split()[day.month - 1], y=day.year)


def _amount(value: JsonValue, look: LanguagePhrases) -> str:
    found = _AMOUNT.fullmatch(str(value))
    if found is None:
        return ""
    try:
        number = f"{Decimal(found[1]):,.2f}"
    except InvalidOperation:
        return ""
    whole, _, cents = number.partition(".")
    swapped = f"{whole.replace(',', look.thousands)}{look.decimal}{cents}"
    return f"{swapped}\u00a0{_SIGNS.get(found[2], found[2])}"


def _whole(value: JsonValue, look: LanguagePhrases) -> str:
    del look
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else ""


def _nothing(value: JsonValue, look: LanguagePhrases) -> str:
    del value, look
    return ""


_FORMATS: Mapping[str, Callable[[JsonValue, LanguagePhrases], str]] = {
    "text": _text,
    "date": _date,
    "amount": _amount,
    "whole": _whole,
}
