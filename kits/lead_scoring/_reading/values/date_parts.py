"""Dates that a table writes in parts or in periods: a year, a month and a day in columns of their own, `202401`, `KW 12/2024`, `Jan-24`.

Put together here, in forms that `dates.py` reads, so that nobody else needs to know of them. Without it leads would be split by lot,
and the year would be learned from.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timezone
from itertools import islice

from kits.core.column_names import plain, squeezed
from kits.core.kit import Finding
from kits.core.moments import read_month
from kits.lead_scoring._reading.columns.names import names_for, phrases_for, rank
from kits.lead_scoring._reading.columns.stated import columns_stated
from kits.lead_scoring._reading.tables.sheets import Sheet
from kits.lead_scoring._reading.values.cells import is_missing
from kits.lead_scoring._reading.values.date_clocks import with_clocks
from kits.lead_scoring._reading.values.date_parts_beside import date_of_parts
from kits.lead_scoring._reading.values.week_parts import (
    have_many_weeks,
    may_be_weeks,
    week_number,
    week_of_year,
    weeks_by_number,
    weeks_in_order,
    weeks_of_short_years,
    whole_weeks,
)
from kits.lead_scoring.config import SourceConfig

_ENOUGH = 0.98
_LOOKED_AT = 40
_YEARS = range(1900, 2101)
_DAY_OF_MONTH = (
    "day_of_month",
    "day_of_the_month",
    "dayofmonth",
    "tag_im_monat",
    "tag_des_monats",
    "jour_du_mois",
)
_PARTS = ("year", "month", "week", "day")
_CHOICES = (
    ("year", "month", "day"),
    ("year", "month", "week"),
    ("year", "week"),
    ("year", "month"),
)
"""Parts that make a date, the most exact ones first."""
_WHOLE = len("2024-03-17")
_PERIOD = re.compile(r"((?:19|20)\d{2})[-/. ]?(?:M|P)?(0[1-9]|1[0-2])")
_POINTED = re.compile(r"(0?[1-9]|1[0-2])\.((?:19|20)\d{2})")
_SHORT = re.compile(r"([^\W\d_]{3,10})\.?[-' ’/]{1,2}(\d{2})")
_FIRST = re.compile(
    r"(?P<year>(?:19|20)\d{2})-(?P<month>0[1-9]|1[0-2])-01|0?1\.(?P<second>0?[1-9]|1[0-2])\.(?P<last>(?:19|20)\d{2})"
)
"""How a spreadsheet holds a month that it shows as `März` or `Mrz 24`."""
_COMPOUND = re.compile(r"(?P<stem>[a-z]{3,}?)(?P<part>jahr|jaar|monat|maand|woche|kalenderwoche)")
_DATE = "datum"
"""Parts of one word that German and Dutch make of two: `Eingangsjahr` and `Eingangsmonat` are of an `eingangsdatum`."""
_MOST_SHORT_YEARS, _LEAST_MONTHS = 8, 3


@dataclass(frozen=True)
class _Part:
    """A column that holds a part of dates; `stem` is what its name says beside that, `joins` it in one word."""

    column: str
    stem: str
    what: str
    joins: bool = False


def with_whole_dates(
    sheet: Sheet, source: SourceConfig, dated: str = ""
) -> tuple[Sheet, tuple[Finding, ...]]:
    """The table with dates in place of their parts and periods, and what is said of them; columns that a person named stay.

    Args:
        dated: the column by which leads were dated before: a few of one month are read as many of a year were.
    """
    named = set(map(squeezed, columns_stated(source)))
    free = [name for name in sheet.columns if squeezed(name) not in named]
    found: list[Finding] = []
    for parts in _sets(free):
        read = _read(sheet, parts, dated)
        if read is None:
            continue
        columns = read.columns
        cells = {n: c for n, c in sheet.cells.items() if n not in columns}
        whole = date_of_parts(sheet, columns, read.cells, by_week=read.by_week)
        sheet = replace(sheet, cells=cells if whole else {read.name: read.cells, **cells})
        same = (
            f"say what {whole} says, and were left out"
            if whole
            else f"were read as one date, {read.name}"
        )
        found.append(_told(sheet, f"{', '.join(columns)} {same}"))
    for name in free:
        dates = _periods(sheet, name, met=name == dated) if name in sheet.cells else None
        if dates is not None:
            was, now = next((a, b) for a, b in zip(sheet.cells[name], dates) if b)
            sheet = replace(sheet, cells={**sheet.cells, name: dates})
            found.append(_told(sheet, f"{name} was read as dates: {was.strip()} as {now}"))
    sheet, clocks = with_clocks(sheet, named)
    return sheet, (*found, *(_told(sheet, what) for what in clocks))


def _told(sheet: Sheet, what: str) -> Finding:
    return Finding("dates-in-parts", "pass", f"{sheet.name}: {what}")


# -- a year, a month, a week and a day in columns of their own ----------------------------------------


@dataclass(frozen=True)
class _Read:
    """Parts put together.

    Attributes:
        name: what the date is called.
        columns: those that it was put together of.
        cells: (rows,) `2024-03-17`, `2024-03` or nothing.
        by_week: the days are Mondays of weeks.
    """

    name: str
    columns: tuple[str, ...]
    cells: list[str]
    by_week: bool = False


def _sets(columns: Sequence[str]) -> Iterator[Mapping[str, str]]:
    """Columns that say of the same thing its year and its month or week, and where there is one its day: by what they say."""
    stems: dict[str, dict[str, str]] = {}
    for column in columns:
        part = _part(column)
        if part is not None:
            stems.setdefault(part.stem, {}).setdefault(part.what, column)
    for parts in stems.values():
        if "year" in parts and ("month" in parts or "week" in parts):
            yield {what: parts[what] for what in _PARTS if what in parts}


def _part(column: str) -> _Part | None:
    words = plain(column)
    for phrase in _DAY_OF_MONTH:
        if f"_{words}_".find(f"_{phrase}_") >= 0:
            return _Part(column, f"_{words}_".replace(f"_{phrase}_", "_").strip("_"), "day")
    told = words.split("_")
    meant = {what: set(phrases_for(f"{what}_part")) for what in _PARTS}
    said = [(what, word) for word in told for what, listed in meant.items() if word in listed]
    if (one := _COMPOUND.fullmatch(words)) and _is_known_date(f"{one['stem']}{_DATE}"):
        what = next(what for what, listed in meant.items() if one["part"] in listed)
        return _Part(column, one["stem"], what, joins=True)
    if len(said) != 1:
        return None
    what, word = said[0]
    return _Part(column, "_".join(one for one in told if one != word), what)


def _is_known_date(name: str) -> bool:
    """`Baujahr` and `Baumonat` are of no time of the lead."""
    return any(rank(name, meaning) is not None for meaning in ("decided_at", "outcome_at"))


def _read(sheet: Sheet, parts: Mapping[str, str], dated: str) -> _Read | None:
    """What the parts say together, as exactly as they hold what they are called; None where they do not.

    A day of the week, or of the year, is none of a month; then the week is what is left, or the month.
    """
    year = parts["year"]
    there = sum(not is_missing(cell) for cell in sheet.cells[year])
    name = _name_of(next(iter(parts.values())), [n for n in sheet.cells if n not in parts.values()])
    for chosen in _CHOICES:
        if there and set(chosen) <= parts.keys():
            columns = tuple(parts[what] for what in parts if what in chosen)
            cells, least = _joined(sheet, parts, chosen, met=name == dated)
            if sum(len(cell) >= least for cell in cells) >= _ENOUGH * there:
                return _Read(name, columns, cells, by_week="week" in chosen)
    return None


def _joined(
    sheet: Sheet, parts: Mapping[str, str], chosen: Sequence[str], *, met: bool
) -> tuple[list[str], int]:
    """(rows,) what the chosen parts say together, and how long that is where they say it.

    Args:
        met: leads were dated by these parts before.
    """
    years = [_whole(cell) for cell in sheet.cells[parts["year"]]]
    none: list[int | None] = [None] * len(years)
    months = [_month(cell) for cell in sheet.cells[parts["month"]]] if "month" in chosen else none
    if "week" in chosen:
        column = parts["week"]
        if not may_be_weeks(column, sheet.cells[column], years, met=met):
            return [], 0
        weeks = [week_number(cell) for cell in sheet.cells[column]]
        years = [year if year in _YEARS else None for year in years]
        if "month" not in chosen:
            return weeks_in_order(years, weeks), _WHOLE
        return [_week(*one) for one in zip(years, weeks, months)], _WHOLE
    days = [_whole(cell) for cell in sheet.cells[parts["day"]]] if "day" in chosen else none
    cells = [_date(*one) for one in zip(years, months, days)]
    return cells, _WHOLE if "day" in chosen else len("2024-03")


def _week(year: int | None, week: int | None, month: int | None) -> str:
    if year is None or week is None or month is None:
        return ""
    return week_of_year(year, week, month)


def _date(year: int | None, month: int | None, day: int | None) -> str:
    if year is None or year not in _YEARS or month is None or not 1 <= month <= 12:
        return ""
    if day is None:
        return f"{year:04}-{month:02}"
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        return f"{year:04}-{month:02}"


def _whole(cell: str) -> int | None:
    text = cell.strip().removesuffix(".0")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 4 else None


def _month(cell: str) -> int | None:
    number = _whole(cell)
    if number is not None:
        return number
    if first := _FIRST.fullmatch(cell.strip()):
        return int(first["month"] or first["second"])
    found = read_month(f"{cell.strip()[:20].rstrip('.')} 2024")
    return datetime.fromtimestamp(found[0], tz=timezone.utc).month if found else None


def _name_of(column: str, others: Sequence[str]) -> str:
    """What the date is called: `arrival_date` of `arrival_date_year`, else `date`."""
    part = _part(column)
    stem = part.stem if part else ""
    joins = part is not None and part.joins
    dated = "date" in stem or _DATE in stem
    name = stem if dated else f"{stem}{_DATE}" if joins else f"{stem}_date".strip("_")
    taken = set(map(squeezed, others))
    return name if squeezed(name) not in taken else f"{name} (in parts)"


# -- periods in one column ----------------------------------------------------------------------------


def _periods(sheet: Sheet, name: str, *, met: bool) -> list[str] | None:
    """(rows,) a column's periods as dates or months; None where they are none."""
    cells = sheet.cells[name]
    first = islice((cell for cell in cells if not is_missing(cell)), _LOOKED_AT)
    some = list(dict.fromkeys(first))
    least = 1 if met else _LEAST_MONTHS
    for read in (
        _of_weeks,
        weeks_by_number,
        weeks_of_short_years,
        _of_numbers,
        _of_short_years,
        _of_first_days,
    ):
        if not some or len(read(name, some)) < _ENOUGH * len(some):
            continue
        known = [cell for cell in dict.fromkeys(cells) if not is_missing(cell)]
        table = read(name, known)
        months = len({text[-2:] for text in table.values()})
        # `May-20` to `May-26` are days of a week
        few = read is _of_short_years and months < least
        few |= read is weeks_of_short_years and not (met or have_many_weeks(table.values()))
        if len(table) >= _ENOUGH * len(known) and not few:
            return [table.get(cell, "") for cell in cells]
    return None


def _of_weeks(_: str, cells: Sequence[str]) -> dict[str, str]:
    return whole_weeks(cells)


def _of_numbers(name: str, cells: Sequence[str]) -> dict[str, str]:
    """`202401` and `05.2024`, where the column is called a month or a period, and `2024M01`."""
    if not _is_period(name):
        return {}
    found: dict[str, str] = {}
    for cell in cells:
        text = cell.strip()
        if whole := _PERIOD.fullmatch(text.removesuffix(".0")):
            found[cell] = f"{whole[1]}-{whole[2]}"
        elif pointed := _POINTED.fullmatch(text):
            found[cell] = f"{pointed[2]}-{pointed[1]:>02}"
    return found


def _of_short_years(name: str, cells: Sequence[str]) -> dict[str, str]:
    """`Jan-24`, where the column is called a month, a period or a date, and what stands behind is one of a few years."""
    if not _is_period(name):
        return {}
    found: dict[str, str] = {}
    years: set[str] = set()
    for cell in cells:
        match = _SHORT.fullmatch(cell.strip())
        month = _month(match[1]) if match else None
        if match and month is not None:
            years.add(match[2])
            found[cell] = f"20{match[2]}-{month:02}"
    near = years and int(max(years)) - int(min(years)) < _MOST_SHORT_YEARS
    return found if near else {}


def _of_first_days(name: str, cells: Sequence[str]) -> dict[str, str]:
    """`2024-03-01`, where the column is called a month and has no other days."""
    if set(plain(name).split("_")).isdisjoint(phrases_for("month_part")):
        return {}
    matches = [(cell, _FIRST.fullmatch(cell.strip())) for cell in cells]
    return {
        cell: f"{match['year'] or match['last']}-{int(match['month'] or match['second']):02}"
        for cell, match in matches
        if match
    }


def _is_period(name: str) -> bool:
    words = set(plain(name).split("_"))
    return squeezed(name) in names_for("period") or not words.isdisjoint(phrases_for("period"))
