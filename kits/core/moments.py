"""Moments as people and programs write them → seconds since 1970 in UTC. Shared by the kits that read times.

One text at a time. Whether a column is day first, which zone it is in and which column holds the time are decided by
who reads the column.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timezone
from typing import TypeAlias

from kits.core.month_words import MONTH_WORDS

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_ENGLISH = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTHS = {m: i + 1 for i, m in enumerate(_ENGLISH)} | {
    "mär": 3, "mrz": 3, "mai": 5, "okt": 10, "dez": 12,
    "fév": 2, "fev": 2, "avr": 4, "juin": 6, "juil": 7, "aoû": 8, "aou": 8, "déc": 12,
    "ene": 1, "abr": 4, "ago": 8, "dic": 12, "gen": 1, "mag": 5, "giu": 6, "lug": 7, "set": 9, "ott": 10, "mei": 5,
}  # fmt: skip
"""The first letters of months in English, German, French, Spanish, Italian and Dutch."""
_ZONES = {
    "Z": 0, "UTC": 0, "GMT": 0, "WET": 0, "WEST": 1, "CET": 1, "CEST": 2, "MEZ": 1, "MESZ": 2, "EET": 2, "EEST": 3,
    "EST": -5, "EDT": -4, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7,
}  # fmt: skip
"""Zones by name → hours ahead of UTC; not those of which there are two (CST, BST, IST)."""
_AFTERNOON = frozenset({"pm", "μμ", "nachm", "ös", "ch", "em", "ip", "م", "오후", "下午", "午後"})
"""As `_half` writes it: of English, Greek, German, Turkish, Vietnamese, Swedish, Finnish, Arabic, Korean, Chinese and Japanese."""
_HALF_BEFORE = "(오전|오후|上午|下午|午前|午後|ÖÖ|ÖS)"
_HALF_BEHIND = (
    r"([AaPp]\.?\s?[Mm]\.?|[πμΠΜ]\.?\s?[μΜ]\.?|vorm\.|nachm\.|ÖÖ|ÖS|SA|CH|[fe]\.?m\.?|[ai]p\.|[صم])"
)
# blanks are counted: of many between two parts that may be absent, each would be tried for either
_CLOCK = (
    r"(?:[T ,_]{1,9}(?:(?:um|at|à|às|alle|ore|alle ore|a las|om|kl\.?|klo|godz\.?|ob|ora|orele|plkst\.?|kell|в|[ouv]) {1,9})?"
    rf"(?:{_HALF_BEFORE} ?)?(\d{{1,2}})(?:[:.h時时]|시 ?)(\d{{2}})"
    rf"(?:(?:[:.分]|분 ?)(\d{{2}}))?(?:[.,:](\d{{1,9}}))?[分秒분초]?(?:\s{{0,9}}(?:Uhr|uur|hod\.?|ч\.?))?\s{{0,9}}{_HALF_BEHIND}?"
    rf"\s{{0,9}}({'|'.join(_ZONES)}|[+-]\d{{2}}(?::?\d{{2}})?|\(?(?:GMT|UTC)[+-]\d{{1,2}}(?::?\d{{2}})?\)?)?(?: \([^()\d]{{2,60}}\))?)?"
)
"""Databases write a zone as `+00`; programs in JavaScript add its name in brackets."""
_WEEKDAYS = (
    "monday|tuesday|wednesday|thursday|friday|saturday|sunday|montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonnabend|sonntag|"
    "lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche|lunes|martes|miércoles|jueves|viernes|sábado|domingo|lunedì|martedì|mercoledì|"
    "giovedì|venerdì|sabato|domenica|maandag|dinsdag|woensdag|donderdag|vrijdag|zaterdag|zondag"
)
_WEEKDAY = (
    rf"(?:[^\W\d_]{{2,12}}\.?, {{0,9}}|(?:[^\W\d_]{{2,3}}|niedz|(?i:{_WEEKDAYS}))\.? {{1,9}})?"
)
"""A word with a comma, or one of few letters: `pt. 19.07.2024`; a day's whole name."""
_YEAR_ENDS = r"(?:\.(?!\d)|\s?[rlг]\.)?"
"""What stands behind a year in Croatia, Poland, Slovenia and Bulgaria: `19.07.2024.`, `19.07.2024 r.`"""
YEAR_FIRST = re.compile(
    r"(\d{4})(?:[-/]|\. ?|年|년 ?)(\d{1,2})(?:[-/]|\. ?|月|월 ?)(\d{1,2})(?:日|일|\.(?!\d))?"
    + _CLOCK
)
YEAR_LAST = re.compile(
    _WEEKDAY + r"(\d{1,2})([-/.])[ \u00a0]?(\d{1,2})[-/.][ \u00a0]?(\d{2,4})" + _YEAR_ENDS + _CLOCK
)
NAMED = re.compile(
    _WEEKDAY
    + r"(\d{1,2})(?:er|st|nd|rd|th|[º°])?[- ./]{1,9}(?:de )?([^\W\d_]{3,12})[- .,/]{1,9}(?:del? )?(\d{2,4})"
    + _YEAR_ENDS
    + _CLOCK
)
YEAR_NAMED = re.compile(
    r"(\d{4})(?: m\.)?[-. ]{1,9}([^\W\d_]{3,12})[-. ]{1,9}(\d{1,2})(?: d)?\.?" + _CLOCK
)
"""`2024. július 19.`, `2024 m. liepos 19 d.`, `2024-Jul-19`."""
MONTH_FIRST = re.compile(
    _WEEKDAY + r"([^\W\d_]{3,12})[ .]{1,9}(\d{1,2})(?:st|nd|rd|th)?[, ]{1,9}(\d{4})" + _CLOCK
)
YEAR_BEHIND = re.compile(
    r"[^\W\d_]{2,4}\.?,? ([^\W\d_]{3,4})\.? {1,2}(\d{1,2}) (\d{1,2}:\d{2}:\d{2}(?:\.\d{1,9})?)"
    rf"((?: (?:{'|'.join(_ZONES)}|[+-]\d{{4}}|GMT[+-]\d{{1,2}}(?::?\d{{2}})?))?) (\d{{4}})"
)
"""`Mon Mar  3 14:00:00 2025`, with Java's zone before the year."""
PACKED_NAMED = re.compile(
    r"(\d{2})((?i:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec))(\d{4}|\d{2})(?::(\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?)?"
)
"""`29JAN2014`, `29JAN14:21:16:00`, as SAS writes dates and times."""
MONTH = re.compile(
    r"(\d{4})(?:[-/]|年|년 ?)(\d{1,2})[月월]?|(\d{1,2})[-/](\d{4})"
    r"|([^\W\d_]{3,12})(?:\.? {0,3}[-/ ] {0,3}|\. {0,3}| (?:de|del|of) )(\d{4})|(\d{4})(?:[-/ ]|\. )([^\W\d_]{3,12})\.?"
)
"""A month and nothing nearer: `2024-05`, `05/2024`, `May 2024`, `mayo de 2024`, `2024 May`."""
COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})[T _-]?(\d{2})(\d{2})(\d{2})?Z?")
COMPACT_DAY = re.compile(r"((?:19|20)\d{2})(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])")

Moment: TypeAlias = tuple[float, bool] | None
"""Seconds since 1970, and whether the text names its zone; None where it is no moment."""


def read_year_first(text: str) -> Moment:
    """`2024-12-31T10:00:00Z` and its kind."""
    match = YEAR_FIRST.fullmatch(text)
    if not match:
        return None
    year, month, day, *clock = match.groups()
    return _with_clock(int(year), int(month), int(day), clock)


def read_named(text: str) -> Moment:
    """`31 Dec 2024`, `31. Dezember 2024`."""
    match = NAMED.fullmatch(text)
    if not match:
        return None
    day, name, year, *clock = match.groups()
    return _of_month(year, name, day, clock)


def read_packed_named(text: str) -> Moment:
    """`29JAN14:21:16:00`, and the day alone; months are in English."""
    match = PACKED_NAMED.fullmatch(text)
    if not match:
        return None
    day, name, year, hour, minute, second, fraction = match.groups()
    return _of_month(year, name, day, [None, hour, minute, second, fraction, None, None])


def read_year_named(text: str) -> Moment:
    """`2024. július 19.`"""
    match = YEAR_NAMED.fullmatch(text)
    month = MONTH_WORDS.get(match[2].lower()) if match else None
    if match is None or month is None:
        return None
    year, _, day, *clock = match.groups()
    return _with_clock(int(year), month, int(day), clock)


def read_month_first(text: str) -> Moment:
    """`December 31, 2024`."""
    match = MONTH_FIRST.fullmatch(text)
    if not match:
        return None
    name, day, year, *clock = match.groups()
    return _of_month(year, name, day, clock)


def read_year_behind(text: str) -> Moment:
    """`Mon Mar 03 14:00:00 CET 2025`, as C and Java write a moment."""
    match = YEAR_BEHIND.fullmatch(text)
    if not match:
        return None
    name, day, clock, zone, year = match.groups()
    return read_month_first(f"{name} {day} {year} {clock}{zone}")


def read_month(text: str) -> Moment:
    """`May 2024`: the month's first moment. When something was known, `end_of_month` of it says for certain."""
    match = MONTH.fullmatch(text)
    if not match:
        return None
    year = next(filter(None, (match[n] for n in (1, 4, 6, 7))))
    # `Marketing 2024` is no March
    month = match[2] or match[3] or MONTH_WORDS.get((match[5] or match[8]).lower(), 0)
    return _with_clock(int(year), int(month), 1, [None] * 7)


def start_of_month(seconds: float) -> float:
    """The first second of the month that a moment is in."""
    at = datetime.fromtimestamp(seconds, tz=timezone.utc)
    return (datetime(at.year, at.month, 1, tzinfo=timezone.utc) - _EPOCH).total_seconds()


def end_of_month(seconds: float) -> float:
    """The last second of the month that a moment is in."""
    at = datetime.fromtimestamp(seconds, tz=timezone.utc)
    year, month = (at.year + 1, 1) if at.month == 12 else (at.year, at.month + 1)
    return (datetime(year, month, 1, tzinfo=timezone.utc) - _EPOCH).total_seconds() - 1


def read_compact(text: str) -> Moment:
    """`20241231235900`."""
    match = COMPACT.fullmatch(text)
    seconds = _seconds([int(part or 0) for part in match.groups()]) if match else None
    return None if seconds is None else (seconds, text.endswith("Z"))


def read_compact_day(text: str) -> Moment:
    """`20241231`; a number of eight digits may be something else, so a column's name must say that it is a date."""
    match = COMPACT_DAY.fullmatch(text)
    seconds = _seconds([*(int(part) for part in match.groups()), 0, 0, 0]) if match else None
    return None if seconds is None else (seconds, False)


def read_year_last(match: re.Match[str] | None, day_first: bool) -> Moment:
    """A match of `YEAR_LAST`: 31.12.2024 or 12/31/2024."""
    if match is None:
        return None
    one, _, two, year, *clock = match.groups()
    day, month = (int(one), int(two)) if day_first else (int(two), int(one))
    return _with_clock(_full(year), month, day, clock)


def read_short_year_first(match: re.Match[str] | None) -> Moment:
    """A match of `YEAR_LAST` whose year of two digits stands first, as in Japan: 24/12/31."""
    if match is None or len(match[4]) != 2:
        return None
    year, _, month, day, *clock = match.groups()
    return _with_clock(_full(year), int(month), int(day), clock)


READERS: Mapping[re.Pattern[str], Callable[[str], Moment]] = {
    YEAR_FIRST: read_year_first,
    NAMED: read_named,
    YEAR_NAMED: read_year_named,
    MONTH_FIRST: read_month_first,
    YEAR_BEHIND: read_year_behind,
    COMPACT: read_compact,
    PACKED_NAMED: read_packed_named,
}
"""Forms whose texts are read one by one; `YEAR_LAST` needs to know whether the day comes first."""


def form_of(texts: Sequence[str], enough: float) -> re.Pattern[str] | None:
    """In which form texts are written; None where there are none, or too few of them are in any.

    Args:
        enough: share of the texts that must have the form, 0 to 1.
    """
    for form in (
        YEAR_FIRST,
        YEAR_LAST,
        NAMED,
        YEAR_NAMED,
        MONTH_FIRST,
        YEAR_BEHIND,
        COMPACT,
        PACKED_NAMED,
    ):
        if texts and sum(bool(form.fullmatch(text)) for text in texts) >= enough * len(texts):
            return form
    return None


def _of_month(year: str, name: str, day: str, clock: Sequence[str | None]) -> Moment:
    month = _month_of(name)
    return None if month is None else _with_clock(_full(year), month, int(day), clock)


def _month_of(name: str) -> int | None:
    word = name.lower()
    return MONTH_WORDS.get(word) or _MONTHS.get(word[:4]) or _MONTHS.get(word[:3])


def _full(year: str) -> int:
    return int(year) + 2000 if len(year) == 2 else int(year)


def _with_clock(year: int, month: int, day: int, clock: Sequence[str | None]) -> Moment:
    before, hour, minute, second, fraction, behind, zone = clock
    hours = int(hour or 0)
    if half := before or behind:
        hours = hours % 12 + (12 if _half(half) in _AFTERNOON else 0)
    seconds = _seconds([year, month, day, hours, int(minute or 0), int(second or 0)])
    if seconds is None:
        return None
    seconds += float(f"0.{fraction}") if fraction else 0.0
    if zone in _ZONES:
        seconds -= 3600 * _ZONES[zone]
    elif zone:
        seconds -= _ahead(zone)
    return seconds, bool(zone)


def _half(text: str) -> str:
    """Half of a day without points and blanks: `p. m.` is `pm`."""
    return "".join(filter(str.isalpha, text)).lower()


def _ahead(zone: str) -> int:
    """Seconds ahead of UTC: `+0200`, `-05:30`, `(GMT+1)`."""
    digits = "".join(filter(str.isdigit, zone))
    hours, minutes = (digits, "0") if len(digits) < 3 else (digits[:-2], digits[-2:])
    return (-1 if "-" in zone else 1) * (int(hours) * 3600 + int(minutes) * 60)


def _seconds(parts: Sequence[int]) -> float | None:
    year, month, day, hour, minute, second = parts
    try:
        moment = datetime(year, month, day, hour, minute, min(second, 59), tzinfo=timezone.utc)
    except ValueError:
        return None
    return (moment - _EPOCH).total_seconds() + max(0, second - 59)
