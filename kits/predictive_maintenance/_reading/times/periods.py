"""The stretch of time that a file's name says, where the file's own times lie in it: `März 2024.csv`, `Pump Q1_2024`, `KW 12`.

A month, a week or a year alone may be a machine's name (`Press 2024`), so that names do not tell it: what the file holds does.
So do `240301` and `01032024`. Dates that are plain need no times.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timezone
from typing import TypeAlias

import numpy as np

from kits.core.month_words import MONTH_WORDS
from kits.predictive_maintenance._reading.formats.table import Floats

_WITHIN = 0.95
"""Share of the times that lie in the stretch: a file may begin with the evening before."""
_ZONES_S = 14 * 3_600.0
"""Names speak of days by the clock of the plant."""
_YEAR = r"(?<!\d)(?:19|20)\d{2}(?!\d)"
_BETWEEN = r"[-_. ,'()]{0,4}(?:(?:de|del|of)[-_. ])?"
_WORD = re.compile(r"[^\W\d_]{3,}")
_SHORT = frozenset({
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec", "mär", "mrz", "mai", "okt", "dez", "mei", "maj", "máj", "ene", "abr", "ago", "dic",
})  # fmt: skip
"""Months of three letters that need no year beside them; `Set` and `Gen` are other things, too."""
_MONTH_OF_YEAR = re.compile(rf"(?<!\d)(0[1-9]|1[0-2])[-_. ]({_YEAR})")
_QUARTER = re.compile(
    r"(?<![^\W\d_])Q_?([1-4])(?!\d)|(?<!\d)([1-4])[-_. ]{0,3}(?:Q(?![^\W\d_])|(?:quart|trim|kwart)[^\W\d_]*)",
    re.I,
)
_WEEK = re.compile(
    r"(?<![^\W\d_])(?:KW|CW|W|weeks?|wochen?|sem|semaine|semana|settimana|vecka|uge|uke|tydzień|týden|viikko)[-_. ]{0,3}(\d{1,2})(?!\d)",
    re.I,
)
_DAY = re.compile(r"(?<!\d)(?:\d{6}|\d{8})(?!\d)")
_SIGNS = "-_. ,'()[]"
_LOOKED_AT = 200

_ONE_DATE = (
    r"(?:(?<!\d)(?:19|20)\d{2}[-_.]?(?:0[1-9]|1[0-2])(?:[-_.]?(?:0[1-9]|[12]\d|3[01]))?"
    r"(?:[T_ .-]?\d{2}[-_.h]?\d{2}(?:[-_.m]?\d{2})?)?|(?:19|20)\d{2}[-_ ]?(?:[Ww]|KW|CW)[-_ ]?\d{2}|(?:KW|CW)[-_ ]?\d{2}[-_ ](?:19|20)\d{2}"
    r"|(?<!\d)(?:0[1-9]|[12]\d|3[01])[-_.](?:0[1-9]|[12]\d|3[01])[-_.](?:19|20)\d{2}(?!\d))"
)
_TO = r"[-_. ]{1,3}(?:(?:-|to|till|until|bis|au|al|hasta|tot|do|til)[-_. ]{1,3})?"
_DATE = re.compile(f"{_ONE_DATE}(?:{_TO}{_ONE_DATE})?")
"""Of `2024-01-01_to_2024-01-31` both, with what stands between them."""

Holds: TypeAlias = Callable[[datetime], bool]
"""Whether a moment lies in a stretch of time."""


def without_period(stem: str, seconds: Floats | None) -> str:
    """A file's name without the month, quarter, week or year in it that holds the file's times; as it is where it has none.

    Args:
        seconds: the times of its rows, since 1970; None where they are not known.
    """
    if seconds is None or not (known := np.sort(seconds[np.isfinite(seconds)])).size:
        return stem
    some = known[:: max(1, known.size // _LOOKED_AT)].tolist()
    for match in _DAY.finditer(stem):
        if any(_on_day(day, some) for day in _days(match[0])):
            return _rest(
                stem[: match.start()].strip(_SIGNS), stem[match.end() :].strip(_SIGNS), some
            )
    for start, end, holds in _periods(stem):
        if _share(some, holds) >= _WITHIN:
            return _rest(stem[:start].strip(_SIGNS), stem[end:].strip(_SIGNS), some)
    return stem


def without_date(stem: str) -> str:
    """A name without a date in it; empty where nothing else is left."""
    if not _DATE.search(stem):
        return stem
    stem = re.sub(r"[-_. ]+$|^[-_. ]+", "", _DATE.sub("", stem))
    return stem if re.search(r"[^\W\d_]", stem) else ""


def possible_rests(stem: str) -> set[str]:
    """What could be left of a name, whichever of its words says a stretch of time."""
    found = {
        match.span()
        for match in _DAY.finditer(stem)
        if any(1 <= month <= 12 and 1 <= day <= 31 for _, month, day in _days(match[0]))
    }
    found |= {(start, end) for start, end, _ in _periods(stem)}
    cut = [(stem[:start].strip(_SIGNS), stem[end:].strip(_SIGNS)) for start, end in found]
    return {_joined(before, behind) for before, behind in cut} | {"" for rest in cut if re.fullmatch(r"(?:0?\d|1[0-2])", _joined(*rest))}  # fmt: skip


def _days(digits: str) -> Iterator[tuple[int, int, int]]:
    """What days six or eight digits may mean."""
    year = len(digits) - 4
    for form in (digits, digits[-year:] + digits[2:4] + digits[:2], digits[-year:] + digits[:4]):
        yield (
            int(form[:year]) + (2000 if year == 2 else 0),
            int(form[year : year + 2]),
            int(form[-2:]),
        )


def _on_day(day: tuple[int, int, int], seconds: Sequence[float]) -> bool:
    """Whether a record begins or ends on a day, by some clock on earth: six digits hardly agree by chance."""
    ends = [at + zone for at in (seconds[0], seconds[-1]) for zone in (0, -_ZONES_S, _ZONES_S)]
    try:
        found = (datetime.fromtimestamp(at, timezone.utc) for at in ends)
        return any((at.year, at.month, at.day) == day for at in found)
    except (ValueError, OverflowError, OSError):
        return False


def _periods(stem: str) -> Iterator[tuple[int, int, Holds]]:
    """Where a stretch of time stands in a name, and which moments lie in it; those that say most first."""
    for match in _WORD.finditer(stem):
        month = MONTH_WORDS.get(match[0].lower())
        if month is None:
            continue
        short = re.compile(r"[-_. ]?['’]?(\d{2})(?!\d)").match(stem, match.end())
        if short is not None:
            yield match.start(), short.end(), _of_months(2000 + int(short[1]), month, month)
        year, start, end = _with_year(stem, match)
        if year is not None or len(match[0]) > 3 or match[0].lower() in _SHORT:
            yield start, end, _of_months(year, month, month)
    for match in _MONTH_OF_YEAR.finditer(stem):
        yield *match.span(), _of_months(int(match[2]), int(match[1]), int(match[1]))
    for match in _QUARTER.finditer(stem):
        quarter = int(match[1] or match[2])
        year, start, end = _with_year(stem, match)
        if year is not None:  # of four machines, Q1 to Q4, one has such times by chance
            yield start, end, _of_months(year, 3 * quarter - 2, 3 * quarter)
    for match in _WEEK.finditer(stem):
        year, start, end = _with_year(stem, match)
        yield start, end, _of_week(year, int(match[1]))
    for match in re.finditer(_YEAR, stem):
        yield *match.span(), _of_months(int(match[0]), 1, 12)


def _with_year(stem: str, match: re.Match[str]) -> tuple[int | None, int, int]:
    """The year beside a month, a quarter or a week, and where both stand."""
    start, end = match.span()
    behind = re.compile(rf"{_BETWEEN}({_YEAR})").match(stem, end)
    if behind is not None:
        return int(behind[1]), start, behind.end()
    before = re.search(rf"({_YEAR}){_BETWEEN}$", stem[:start])
    return (int(before[1]), before.start(), end) if before is not None else (None, start, end)


def _of_months(year: int | None, first: int, last: int) -> Holds:
    return lambda at: year in (None, at.year) and first <= at.month <= last


def _of_week(year: int | None, week: int) -> Holds:
    return lambda at: year in (None, at.isocalendar()[0]) and at.isocalendar()[1] == week


def _share(seconds: Sequence[float], holds: Holds) -> float:
    """How many times lie in a stretch, by some clock on earth."""
    try:
        said = [
            any(
                holds(datetime.fromtimestamp(at + zone, timezone.utc))
                for zone in (0, -_ZONES_S, _ZONES_S)
            )
            for at in seconds
        ]
    except (ValueError, OverflowError, OSError):
        return 0.0
    return sum(said) / len(said)


def _rest(before: str, behind: str, seconds: Sequence[float]) -> str:
    """What is left of a name; not a number of the month alone, by which files are in order (`01_Januar`)."""
    rest = _joined(before, behind)
    month = datetime.fromtimestamp(seconds[len(seconds) // 2], timezone.utc).month
    return "" if re.fullmatch(rf"0?{month}", rest) else rest


def _joined(before: str, behind: str) -> str:
    return f"{before}_{behind}" if before and behind else before or behind
