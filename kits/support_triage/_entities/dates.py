"""Days: found in twelve languages and in numbers, and read with what is unsure about them told.

Recurring and fuzzy times ("every week", "soon") are not dates. Relative days are numbers of days until the reader says
which day the mail was written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta

from pydantic import JsonValue

from kits.support_triage._entities.date_words import (
    AGO_AFTER,
    AGO_BEFORE,
    MONTHS,
    NUMBERS,
    RELATIVE,
    UNITS,
    WEEKDAYS,
)
from kits.support_triage._entities.phrases import Phrases
from kits.support_triage._entities.text import Found, Text, Word

_NUMERIC = re.compile(
    r"(?<![\w./-])(?:[0-9]{4}[-/.][0-9]{1,2}[-/.][0-9]{1,2}|[0-9]{1,2}([./-])[ ]?[0-9]{1,2}\1[ ]?(?:[0-9]{4}|[0-9]{2}))(?![\w/-]|\.[0-9])"
)
_SHORT = re.compile(r"(?<![\w.,/-])[0-9]{1,2}\.[ ]?[0-9]{1,2}\.(?![0-9])")
_DAY = re.compile(r"^([0-9]{1,2})(?:st|nd|rd|th|er|º|ª|e|de|ste)?$")
_YEAR = re.compile(r"^(?:19|20)[0-9]{2}$")
_OF = frozenset(["of", "de", "do", "di", "del", "the", "d"])
_RELATIVE = Phrases(RELATIVE)
_COMMON_WORDS = frozenset(
    {
        "may",
        "mar",
        "set",
        "out",
        "mag",
        "mart",
        "mars",
        "marco",
        "maj",
        "mai",
        "sept",
        "dec",
        "jan",
        "gen",
        "luty",
        "mei",
    }
)
"""Months that are other words as well: they need a day beside them."""


def dates(text: Text) -> Iterator[Found]:
    """Days as numbers, with a month's name, as weekdays, or relative to the day of writing."""
    if text.has_digits:
        for match in _NUMERIC.finditer(text.raw):
            if _read_numeric(match.group(), "") is not None:
                yield Found(match.start(), match.end(), "date", 0.95)
        for match in _SHORT.finditer(text.raw):
            if _read_numeric(match.group(), "de") is not None:
                yield Found(match.start(), match.end(), "date", 0.85)
    yield from _ago(text)
    yield from _named(text)
    for hit in _RELATIVE.find(text):
        yield Found(text.words[hit.first].start, text.words[hit.last - 1].end, "date", 0.9)


def _near(text: Text, left: Word, right: Word) -> bool:
    gap = text.raw[left.end : right.start]
    return len(gap) <= 3 and all(c in " .,\u00a0’'\n-" for c in gap)


def _named(text: Text) -> Iterator[Found]:
    words = text.words
    for at, word in enumerate(words):
        if word.folded in MONTHS:
            first, last = _around(text, at)
            if last - first > 1 or word.folded not in _COMMON_WORDS:
                if last - first == 1 and not text.raw[word.start].isupper():
                    continue
                yield Found(words[first].start, words[last - 1].end, "date", 0.9)
        elif word.folded in WEEKDAYS and (len(word.folded) > 4 or text.language == "tr"):
            yield Found(word.start, word.end, "date", 0.7)


def _around(text: Text, at: int) -> tuple[int, int]:
    """First and last word (exclusive) of the date around the month at word `at`."""
    words = text.words
    first, last = at, at + 1
    day_before = False
    look = at - 1
    if look >= 0 and words[look].folded in _OF:
        look -= 1
    if look >= 0 and _near(text, words[look], words[look + 1]) and _is_day(words[look].folded):
        first, day_before = _with_weekday(text, look), True
    look = last
    if not day_before and look < len(words) and _near(text, words[at], words[look]):
        if words[look].folded == "the" and look + 1 < len(words):
            look += 1
        if _is_day(words[look].folded):
            first, last = _with_weekday(text, first), look + 1
    look = last
    if look + 1 < len(words) and words[look].folded in _OF:
        look += 1
    if (
        look < len(words)
        and _YEAR.match(words[look].folded)
        and len(text.raw[words[last - 1].end : words[look].start]) <= 5
    ):
        last = look + 1
    return first, last


def _with_weekday(text: Text, first: int) -> int:
    """The word before a date's first one where that is a weekday, else the first one."""
    words = text.words
    is_there = (
        first
        and words[first - 1].folded in WEEKDAYS
        and _near(text, words[first - 1], words[first])
    )
    return first - 1 if is_there else first


def _is_day(word: str) -> bool:
    found = _DAY.match(word)
    return found is not None and 1 <= int(found[1]) <= 31


def _ago(text: Text) -> Iterator[Found]:
    words = text.words
    for at in range(1, len(words)):
        if words[at].folded not in UNITS or _count(words[at - 1].folded) is None:
            continue
        before = [w.folded for w in words[max(0, at - 4) : at - 1]]
        opened = next((p for p in AGO_BEFORE if before[-len(p) :] == list(p)), None)
        closed = at + 1 < len(words) and words[at + 1].folded in AGO_AFTER
        half = opened in (("för",), ("for",))
        if closed or (opened and not half):
            first = at - 1 - (len(opened) if opened else 0)
            yield Found(words[first].start, words[at + 1 if closed else at].end, "date", 0.9)


def _count(word: str) -> int | None:
    if word.isascii() and word.isdigit() and len(word) <= 3:
        return int(word)
    return NUMBERS.get(word)


def read_date(
    surface: str, language: str = "", *, on: date | None = None, day_first: str = "auto"
) -> JsonValue:
    """The day of a found date.

    Args:
        surface: as `dates` found it.
        language: decides 03/04/2026 when `day_first` is `auto`: only English mails may mean the month first.
        on: the day the mail was written; without it relative days stay numbers.

    Returns:
        `{"date": "2026-04-03"}`; with `"or"` where the order of day and month is unsure; `{"days": -1}`,
        `{"weekday": 1}`, `{"month": 4, "day": 3}` where the rest is not said; None: not a date.
    """
    numeric = _read_numeric(surface, language if day_first == "auto" else _ORDERS[day_first])
    if numeric is not None:
        return numeric
    words = re.findall(r"[^\W_]+", surface.lower())
    relative = RELATIVE.get(surface.lower()) if surface.lower() in RELATIVE else _days_ago(words)
    if relative is not None:
        if on is None:
            return {"days": relative}
        return {"date": (on + timedelta(days=relative)).isoformat()}
    return _read_named(words)


_ORDERS: Mapping[str, str] = {"yes": "de", "no": "en-US"}


def _days_ago(words: Sequence[str]) -> int | None:
    for at, word in enumerate(words):
        count = _count(words[at - 1]) if at else None
        if word in UNITS and count is not None:
            return -count * UNITS[word]
    return None


def _read_named(words: Sequence[str]) -> JsonValue:
    month = next((MONTHS[w] for w in words if w in MONTHS), None)
    if month is None:
        weekday = next((WEEKDAYS[w] for w in words if w in WEEKDAYS), None)
        return None if weekday is None else {"weekday": weekday}
    day = next((int(m[1]) for w in words if (m := _DAY.match(w)) and int(m[1]) <= 31), None)
    year = next((int(w) for w in words if _YEAR.match(w)), None)
    if day is None:
        return {"month": month} if year is None else {"year": year, "month": month}
    if year is None:
        return {"month": month, "day": day}
    return _iso(year, month, day)


def _iso(year: int, month: int, day: int) -> dict[str, JsonValue] | None:
    try:
        return {"date": date(year, month, day).isoformat()}
    except ValueError:
        return None


def _read_numeric(surface: str, language: str) -> dict[str, JsonValue] | None:
    parts = [int(p) for p in re.findall(r"[0-9]+", surface)]
    if re.search(r"[^0-9./ -]", surface) or len(parts) not in (2, 3):
        return None
    if len(parts) == 2:
        day, month = parts
        fits = 1 <= month <= 12 and 1 <= day <= 31
        return {"month": month, "day": day} if fits else None
    return _iso(*parts) if parts[0] > 31 else _two_orders(parts, "." in surface, language)


def _two_orders(parts: Sequence[int], dotted: bool, language: str) -> dict[str, JsonValue] | None:
    """Day and month as the language has them; the other order beside it where it is possible and unsure."""
    first, second, year = parts
    year += 2000 if year < 70 else 1900 if year < 100 else 0
    by_day, by_month = _iso(year, second, first), _iso(year, first, second)
    if by_day is None or by_month is None or by_day == by_month or dotted:
        return by_day or by_month
    if language == "en-US":
        return by_month
    if language.startswith("en"):
        return {**by_month, "or": by_day["date"]}
    return by_day if language else {**by_day, "or": by_month["date"]}
