"""Weeks of the calendar as dates: `KW 12/2024` and `202412` in one column, a year and a week in two. A week is its Monday.

Which columns belong together is found in `date_parts.py`.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Collection, Sequence
from datetime import date, timedelta
from itertools import pairwise

from kits.core.column_names import plain
from kits.lead_scoring._reading.columns.names import phrases_for
from kits.lead_scoring._reading.values.cells import is_missing

_WORD = (
    r"(?:KW|CW|W|WK|Week|Woche|Semaine|Sem|S|Semana|Settimana|Uge|Vecka|Tydzie[nń]|Kalenderwoche)"
)
_WEEK = re.compile(
    rf"(?:{_WORD}\.? ?(?P<first>\d{{1,2}})[ ,/.-]{{1,3}}(?P<last>(?:19|20)\d{{2}})"
    r"|(?P<year>(?:19|20)\d{2})[ ,/-]{0,3}(?:KW|CW|WK|W)\.? ?(?P<week>\d{1,2}))",
    re.IGNORECASE,
)
_SHORT = re.compile(
    rf"(?P<word>{_WORD}\.? ?)?(?P<week>\d{{1,2}}) ?[/’'-] ?(?P<year>\d{{2}})", re.IGNORECASE
)
_MOST_SHORT_YEARS, _OF_A_YEAR = 8, 4
"""How far years of two digits lie apart, and different weeks that there are for each."""
_ALONE = re.compile(rf"(?:{_WORD}\.? ?)?(\d{{1,2}})(?:\.0)?\.?", re.IGNORECASE)
_NUMBER = re.compile(r"((?:19|20)\d{2})[-/. ]?(0[1-9]|[1-4]\d|5[0-3])")
_LAST_SURE, _LONGEST = 52, 53
"""Weeks that each year has, and some."""
_DECEMBER = 12
_MOST_YEARS = 10
"""Years in which leads of a list came that is kept by weeks; they follow each other."""
_FEW = 0.02
_LEAST, _MOST = 8, 0.25
"""Different weeks in the column, and the share of one that a column called like kilowatts has at most where it holds weeks."""


def whole_weeks(cells: Sequence[str]) -> dict[str, str]:
    """`KW 12/2024` and `2024-W12` with their Monday."""
    found: dict[str, str] = {}
    for cell in cells:
        match = _WEEK.fullmatch(cell.strip())
        if match:
            year, week = match["year"] or match["last"], match["week"] or match["first"]
            if monday := week_of_year(int(year), int(week)):
                found[cell] = monday
    return found


def weeks_by_number(name: str, cells: Sequence[str]) -> dict[str, str]:
    """`202412` with its Monday, where the column is called a week."""
    if not _is_called_week(name):
        return {}
    matches = ((cell, _NUMBER.fullmatch(cell.strip().removesuffix(".0"))) for cell in cells)
    read = ((cell, week_of_year(int(m[1]), int(m[2]))) for cell, m in matches if m)
    return {cell: monday for cell, monday in read if monday}


def weeks_of_short_years(name: str, cells: Sequence[str]) -> dict[str, str]:
    """`KW 12/24` with its Monday, and `12/24` where the column is called a week; a letter alone, as in `W6/20`, may be anything's."""
    found: dict[str, str] = {}
    years: set[int] = set()
    called = _is_called_week(name)
    for cell in cells:
        match = _SHORT.fullmatch(cell.strip())
        monday = week_of_year(2000 + int(match["year"]), int(match["week"])) if match else ""
        word = (match["word"] or "").strip(" .") if match else ""
        if match and monday and (called or len(word) > 1):
            years.add(int(match["year"]))
            found[cell] = monday
    return found if years and max(years) - min(years) < _MOST_SHORT_YEARS else {}


def have_many_weeks(mondays: Collection[str]) -> bool:
    """Whether there are several weeks of each year: of `KW 12/13` and `KW 14/15`, which are two weeks each, there are not."""
    return len(set(mondays)) >= _OF_A_YEAR * len({text[:4] for text in mondays})


def _is_called_week(name: str) -> bool:
    weeks = set(phrases_for("week_part"))
    weeks |= {f"{year}{week}" for year in phrases_for("year_part") for week in weeks}
    return not weeks.isdisjoint(plain(name).split("_"))


def week_number(cell: str) -> int | None:
    """12 of `12`, `KW 12` and `W12`."""
    match = _ALONE.fullmatch(cell.strip())
    return int(match[1]) if match else None


def week_of_year(year: int, week: int, month: int | None = None) -> str:
    """The Monday of a week; empty where there is no such week.

    Who writes the year of the day beside the week has week 52 in the first days of January, and week 1 in the last ones of
    December: the month tells it. Without one, a 53rd week that the year lacks is that of the year before, else the days behind
    its 52nd, as programs count that begin with the 1st of January.
    """
    if month is None:
        mondays = [_monday(year, week)]
        if week == _LONGEST and mondays == [None]:
            last = _monday(year, _LAST_SURE)
            mondays = [_monday(year - 1, week), last and last + timedelta(days=7)]
    else:
        near = (year, year - 1) if month == 1 else (year, year + 1) if month == _DECEMBER else (year,)  # fmt: skip
        found = (_monday(one, week) for one in near)
        mondays = [day for day in found if day is not None and _touches(day, year, month)]
    return next((day.isoformat() for day in mondays if day is not None), "")


def weeks_in_order(years: Sequence[int | None], weeks: Sequence[int | None]) -> list[str]:
    """(rows,) the Mondays of weeks without a month beside them.

    Week 1 beside the year of the last days of December, and week 52 or 53 beside that of the first of January, lie a year away from
    the rows around them: where a list is in order of time, these tell it.
    """
    found: list[str] = []
    others: dict[int, str] = {}
    for row, (year, week) in enumerate(zip(years, weeks)):
        if year is None or week is None:
            found.append("")
            continue
        found.append(week_of_year(year, week))
        if found[-1] and (other := _turned(year, week)):
            others[row] = other
    sure = [row for row, text in enumerate(found) if text and row not in others]
    rises = [found[a] <= found[b] for a, b in pairwise(sure) if found[a] != found[b]]
    if not others or not rises or _FEW < sum(rises) / len(rises) < 1 - _FEW:
        return found
    for row, other in others.items():
        place = bisect_left(sure, row)
        around = [found[sure[n]] if 0 <= n < len(sure) else "" for n in (place - 1, place)]
        low, high = around if sum(rises) > len(rises) / 2 else around[::-1]
        if not _between(low, found[row], high) and _between(low, other, high):
            found[row] = other
    return found


def _turned(year: int, week: int) -> str:
    """The Monday of that week by the year of its days, where this may be another one than that of the week."""
    if week == 1:
        day = _monday(year + 1, 1)
        return day.isoformat() if day is not None and day.year == year else ""
    day = _monday(year - 1, week) if week >= _LAST_SURE else None
    return day.isoformat() if day is not None and _touches(day, year, 1) else ""


def _between(low: str, text: str, high: str) -> bool:
    return low <= text and (not high or text <= high)


def _monday(year: int, week: int) -> date | None:
    try:
        return date.fromisocalendar(year, week, 1)
    except ValueError:
        return None


def _touches(monday: date, year: int, month: int) -> bool:
    """Whether a day of the week lies in the month."""
    ends = monday, monday + timedelta(days=6)
    return any((day.year, day.month) == (year, month) for day in ends)


def _usual(years: Sequence[int | None]) -> set[int]:
    """The years that are no slips of the pen: without the rarest, of two in a hundred rows together."""
    counts = Counter(year for year in years if year is not None)
    few = _FEW * counts.total()
    for year, rows in reversed(counts.most_common()):
        few -= rows
        if few < 0:
            break
        del counts[year]
    return set(counts)


def may_be_weeks(
    name: str, cells: Sequence[str], years: Sequence[int | None], *, met: bool
) -> bool:
    """Whether a column called `KW` holds weeks, and not the power of what somebody asks for, beside the year it was built in.

    Args:
        years: (rows,) what the column of years beside it says.
        met: leads were dated by it before: those of a few weeks are read, too.
    """
    if "kw" not in plain(name).split("_") or met:
        return True
    known = Counter(cell.strip() for cell in cells if not is_missing(cell))
    most = known.most_common(1)[0][1] if known else 0
    said = _usual(years)
    if len(said) > _MOST_YEARS or (said and max(said) - min(said) >= len(said)):
        return False
    return "kW" not in name and len(known) >= _LEAST and most <= _MOST * known.total()
