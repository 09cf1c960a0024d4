"""A column of dates → seconds since 1970 in UTC, whichever of the usual forms it is written in.

Which column holds which date is decided in `columns/roles.py`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from functools import partial
from typing import Literal

from kits.core.column_names import plain
from kits.core.moments import (
    COMPACT_DAY,
    MONTH,
    MONTH_FIRST,
    NAMED,
    READERS,
    YEAR_BEHIND,
    YEAR_FIRST,
    YEAR_LAST,
    YEAR_NAMED,
    Moment,
    end_of_month,
    form_of,
    read_compact_day,
    read_month,
    read_short_year_first,
    read_year_last,
)
from kits.lead_scoring._features.eras import in_common_era, of_the_moon
from kits.lead_scoring._reading.columns.names import rank
from kits.lead_scoring._reading.values.zones import in_utc

Order = Literal["day-first", "month-first", "year-first"]
"""Which part of a date comes first; the year, where it has two digits."""
DateForm = Literal[
    "auto", "day-first", "month-first", "year-first",
    "likely-day-first", "likely-month-first", "likely-year-first",
]  # fmt: skip
"""Stated, or likely where the dates themselves do not tell."""
_LIKELY: Mapping[str, DateForm] = {
    "day-first": "likely-day-first", "month-first": "likely-month-first", "year-first": "likely-year-first",
}  # fmt: skip
_ENOUGH = 0.95
_LOOKED_AT = 400
_DATE_WORDS = frozenset(
    {"date", "dt", "datum", "fecha", "timestamp", "created", "closed", "modified"}
)
_LAST_WORDS = frozenset({"at", "time", "zeit"})
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_MS, _S = (1e11, 1e13), (3e8, 1e11)
"""Numbers of these sizes are milliseconds and seconds since 1970: of the years 1979 to 2286."""
_COMMA = re.compile(r"(?<=^\d{5}),(?=\d+$)")
"""Of a day of a spreadsheet with its hour, where the decimal sign is the comma: `45536,5469`."""
_POINTED = re.compile(r"(?:0[1-9]|1[0-2])\.(?:19|20)\d{2}")
_ONE_WAY: Mapping[re.Pattern[str], Callable[[str], Moment]] = {**READERS, MONTH: read_month}
_FORMS = (YEAR_FIRST, YEAR_LAST, NAMED, YEAR_NAMED, MONTH_FIRST, YEAR_BEHIND, MONTH)
_SERIAL = re.compile(r"[2-7]\d{4}(?:[.,]\d{1,12})?")
_LEAST_WRITTEN = 0.1
"""Of a column of days of a spreadsheet some must be written out, where its name says nothing."""
_YEARS_S = 3 * 366 * 86_400.0
_SPREADSHEET = (25_600.0, 80_000.0)
"""Days since 1899-12-30, from 1970 to 2119."""
_OF_LEADS = (36_526.0, 60_000.0)
"""From 2000 to 2064: so near are numbers that a name like `Eingang` alone makes days."""
_OF_TEXTS = ("/", "-")
_LEAST_DAYS, _LEAST_MONTHS = 10, 3
"""Different days on either side, and months: of so many one half is not above twelve by chance."""
_LEAST_CONTRARY = 2
"""Dates with the month first among others with the day first, one of which is a slip of the pen."""
_MEANINGS = ("decided_at", "outcome_at", "changed_at")
_MOST_YEARS, _TIMES_MORE = 12, 3
"""Leads of more years than that are no one's: where so many different numbers stand last, and few first, they are days."""


@dataclass(frozen=True)
class Dates:
    """Dates of cells.

    Attributes:
        seconds: since 1970, None where a cell is no date.
        clock: whether any of them has a time of day.
        doubt: what was assumed without evidence; empty when nothing was.
        order: what comes first, where that is a question and something told it.
        months: which of the cells tell a month and no day: of these `seconds` is the first moment.
    """

    seconds: tuple[float | None, ...]
    clock: bool
    doubt: str = ""
    order: DateForm = "auto"
    months: tuple[bool, ...] = ()

    @property
    def latest(self) -> tuple[float | None, ...]:
        """The latest that each cell may mean: of a month its last moment."""
        if not self.months:
            return self.seconds
        pairs = zip(self.seconds, self.months)
        return tuple(end_of_month(s) if month and s is not None else s for s, month in pairs)


def iso(seconds: float, clock: bool) -> str:
    """`2024-12-31`, or with the time of day where the column has one."""
    at = _EPOCH + timedelta(seconds=seconds)
    return at.isoformat() if clock else at.date().isoformat()


def read_dates(
    name: str, cells: Sequence[str], form: DateForm = "auto", zone: str = ""
) -> Dates | None:
    """Dates of distinct cells; None when too many of them are none.

    Args:
        name: the column's; a number is a date only where its name says so.
        form: what comes first, where a person said so.
        zone: of times of day that name none; empty: UTC.
    """
    found = _read(name, cells, form)
    if not zone or found is None or not found.clock:
        return found
    return replace(found, seconds=tuple(map(partial(in_utc, zone=zone), cells, found.seconds)))


def _read(name: str, cells: Sequence[str], form: DateForm) -> Dates | None:
    texts = in_common_era([cell.strip() for cell in cells])
    some = texts[:: max(1, len(texts) // _LOOKED_AT)]
    written = form_of(some, _ENOUGH)
    if not texts:
        return _dates([])
    if of_the_moon(texts):
        return None
    if written is None:
        return (
            _from_numbers(name, texts) or _pointed_months(name, texts) or _mixed(texts, some, form)
        )
    if written is YEAR_LAST:
        moments, doubt, order = _read_year_last(texts, form)
        return _with_others(texts, [_at(moment) for moment in moments], form, doubt, order)
    read = READERS[written]
    return _with_others(texts, [_at(read(text)) for text in texts], form)


def order_told(columns: Iterable[Sequence[str]]) -> DateForm:
    """The order that some columns of a table tell and none contradicts; `auto`: nothing does.

    One program writes all dates of a table: what `22/09/2024` tells of its column holds for `05/09/2024` of the next. Points
    between the parts belong to another habit.
    """
    orders: set[DateForm] = set()
    for cells in columns:
        first = next((text for cell in cells if (text := cell.strip())), "")
        match = YEAR_LAST.fullmatch(first)
        if match is None or match[2] == ".":
            continue
        found = read_dates("", [cell for cell in dict.fromkeys(cells) if cell.strip()])
        orders |= {found.order} if found is not None else set()
    orders -= {"auto"}
    return _LIKELY[orders.pop()] if len(orders) == 1 else "auto"


def likely(order: str) -> DateForm:
    """An order that was learned before, for dates that do not tell theirs; empty: none was."""
    return _LIKELY.get(order, "auto")


def _at(moment: Moment) -> float | None:
    return moment[0] if moment else None


def _with_others(
    texts: Sequence[str],
    found: Sequence[float | None],
    form: DateForm,
    doubt: str = "",
    order: DateForm = "auto",
) -> Dates | None:
    """Dates nearly all of which have one form, and the few that have another one: texts among a spreadsheet's dates, and days of it."""
    few = [text for text, seconds in zip(texts, found) if seconds is None]
    known = [seconds for seconds in found if seconds is not None]
    if not few or not known:
        return _dates(found, doubt, order)
    lasts, doubted, told = _read_year_last(few, form)
    # a month among days is none: all of the column would count by months
    others = {t: _in_any_form(t, last) for t, last in zip(few, lasts) if not MONTH.fullmatch(t)}
    days = _serials_near([text for text in few if _SERIAL.fullmatch(text)], known)
    whole = [others.get(t) or days.get(t) if s is None else s for t, s in zip(texts, found)]
    return _dates(whole, doubt or doubted, told if order == "auto" else order)


def _in_any_form(text: str, last: Moment) -> float | None:
    """A date by its own form; `last`: what it is where the year stands last."""
    moments = (_ONE_WAY[one](text) for one in _FORMS if one is not YEAR_LAST)
    return _at(next((one for one in moments if one), last))


def _mixed(texts: Sequence[str], some: Sequence[str], form: DateForm) -> Dates | None:
    """Dates that several people or programs wrote, each by its own form; days of a spreadsheet among them where they fit in."""
    written = [text for text in some if any(one.fullmatch(text) for one in _FORMS)]
    rest = sum(bool(_SERIAL.fullmatch(text)) for text in some)
    if len(written) + rest < _ENOUGH * len(some) or len(written) < _LEAST_WRITTEN * len(some):
        return None
    days = _days_among(texts, form) if rest else {}
    if len(written) < _ENOUGH * len(some) and not days:
        return None
    lasts, doubt, order = _read_year_last(texts, form)
    exchanged = form != "year-first" and _are_exchanged(texts)
    found: list[float | None] = []
    for text, last in zip(texts, lasts):
        meant = _exchanged(text) if exchanged else text
        found.append(_in_any_form(meant, last) or days.get(text))
    if exchanged:
        doubt = "with day and month exchanged where a spreadsheet had taken texts for dates, as those it had not show"
    return _dates(found, doubt, order, [bool(MONTH.fullmatch(text)) for text in texts])


def _are_exchanged(texts: Sequence[str]) -> bool:
    """Whether a spreadsheet of another country took `04/03/2024` for the 3rd of April, and left `25/03/2024` a text.

    Then no date of it has a day above twelve, and no text has none, over months; else one column hardly has both.
    """
    taken = {(m[2], m[3]) for text in texts if (m := YEAR_FIRST.fullmatch(text))}
    left = {
        (m[1], m[3]) for text in texts if (m := YEAR_LAST.fullmatch(text)) and m[2] in _OF_TEXTS
    }
    enough = min(len(taken), len(left)) >= _LEAST_DAYS
    if not enough or any(int(day) > 12 for _, day in taken):
        return False
    day_first = all(int(first) > 12 for first, _ in left)
    months = {second if day_first else first for first, second in left}
    told = day_first or all(int(second) > 12 for _, second in left)
    return told and min(len(months), len({day for _, day in taken})) >= _LEAST_MONTHS


def _exchanged(text: str) -> str:
    match = YEAR_FIRST.fullmatch(text)
    if match is None:
        return text
    (start, end), (second, last) = match.span(2), match.span(3)
    return f"{text[:start]}{match[3]}{text[end:second]}{match[2]}{text[last:]}"


def _days_among(texts: Sequence[str], form: DateForm) -> dict[str, float]:
    """Days since 1899 as they stand among written dates, in seconds; empty where they lie years away from these."""
    serials = [text for text in texts if _SERIAL.fullmatch(text)]
    written = _mixed([text for text in texts if not _SERIAL.fullmatch(text)], (), form)
    known = [one for one in written.seconds if one is not None] if written else []
    return _serials_near(serials, known) if known else {}


def _serials_near(serials: Sequence[str], known: Sequence[float]) -> dict[str, float]:
    """Days since 1899 in seconds; empty where they lie years away from known dates."""
    found: dict[str, float] = {
        t: round((float(_COMMA.sub(".", t)) - 25_569) * 86_400.0) for t in serials
    }
    low, high = min(known) - _YEARS_S, max(known) + _YEARS_S
    near = all(low <= seconds <= high for seconds in found.values())
    return found if near else {}


def _pointed_months(name: str, texts: Sequence[str]) -> Dates | None:
    """`05.2024`, which is a number as well, where the name says that it is a date."""
    if not _is_dated(name) or not all(map(_POINTED.fullmatch, texts)):
        return None
    found = [_at(read_month(text.replace(".", "/"))) for text in texts]
    return _dates(found, months=[True] * len(texts))


def _dates(
    found: Sequence[float | None],
    doubt: str = "",
    order: DateForm = "auto",
    months: Sequence[bool] = (),
) -> Dates | None:
    good = [seconds for seconds in found if seconds is not None]
    if len(good) < _ENOUGH * len(found):
        return None
    clock = any(seconds % 86_400 for seconds in good)
    return Dates(tuple(found), clock, doubt, order, tuple(months) if any(months) else ())


def _from_numbers(name: str, texts: Sequence[str]) -> Dates | None:
    """Days written without signs, seconds, milliseconds and days of a spreadsheet, where the name says that it is a date."""
    words, dated = plain(name).split("_"), _is_dated(name)
    named = any(rank(name, meaning) is not None for meaning in _MEANINGS)
    if not dated and not named and words[-1] not in _LAST_WORDS:
        return None
    if all(COMPACT_DAY.fullmatch(text) for text in texts):
        return _dates([_at(read_compact_day(text)) for text in texts])
    try:
        numbers = [float(_COMMA.sub(".", text)) for text in texts]
    except ValueError:
        return None
    seconds = _seconds_of(numbers, _SPREADSHEET if dated else _OF_LEADS if named else ())
    return _dates(seconds) if seconds else None


def _is_dated(name: str) -> bool:
    words = plain(name).split("_")
    return bool(_DATE_WORDS & set(words)) or words[-1].endswith(("date", "datum"))


def _seconds_of(numbers: Sequence[float], days: Sequence[float]) -> list[float]:
    """Numbers since 1970 or 1899 in seconds; empty where they are none.

    Args:
        days: between which numbers they are days of a spreadsheet; empty: whatever they are, they are none.
    """
    low, high = min(numbers), max(numbers)
    if _MS[0] <= low and high < _MS[1]:
        return [number / 1000 for number in numbers]
    if _S[0] <= low and high < _S[1]:
        return list(numbers)
    if days and days[0] <= low and high < days[1]:
        return [round((number - 25_569) * 86_400) for number in numbers]
    return []


def _read_year_last(texts: Sequence[str], form: DateForm) -> tuple[list[Moment], str, DateForm]:
    """Moments, None where a text has another form, what was assumed, and the order that something told.

    Dates with the same sign between their parts were written by the same habit: `31.12.2024` says nothing of `1/2/2025`.
    """
    matches = [YEAR_LAST.fullmatch(text) for text in texts]
    habits = {
        sign: _order_of([match for match in matches if match and match[2] == sign], form)
        for sign in {match[2] for match in matches if match}
    }
    found = [_read_as(match, habits[match[2]][0]) if match else None for match in matches]
    doubt = next((doubt for _, doubt in habits.values() if doubt), "")
    # a point tells its own order, and that of other signs where there are none
    told = {sign: first for sign, (first, doubted) in habits.items() if not doubted}
    orders = [first for sign, first in told.items() if sign != "."] or list(told.values())
    return found, doubt, "auto" if doubt or not orders else orders[0]


def _read_as(match: re.Match[str], order: Order) -> Moment:
    if order == "year-first":
        return read_short_year_first(match)
    return read_year_last(match, order == "day-first")


def _order_of(known: Sequence[re.Match[str]], form: DateForm) -> tuple[Order, str]:
    """What comes first, and what was assumed: a part over 12 is the day, a point between them a country that says the day
    first; what is hardly ever another number is the year."""
    short = all(len(match[1]) == len(match[4]) == 2 for match in known)
    if short and (form.endswith("year-first") or _years_stand_first(known)):
        return "year-first", ""
    pairs = [(int(match[1]), int(match[3])) for match in known]
    days_first = sum(first > 12 >= second for first, second in pairs)
    months_first = sum(second > 12 >= first for first, second in pairs)
    points = known[0][2] == "."
    told = days_first > 0 or months_first > 0 or points
    if form in ("day-first", "month-first") or (form.startswith("likely-") and not told):
        return ("day-first" if form.endswith("day-first") else "month-first"), ""
    first, other = ("day", "month") if days_first + points > months_first else ("month", "day")
    contrary = min(days_first, months_first)
    doubt = "" if told else f"{first} first"
    # of a few dates, as many of either kind, none is the slip
    if contrary and contrary >= min(_LEAST_CONTRARY, max(days_first, months_first)):
        have = "has" if contrary == 1 else "have"
        doubt = f"{first} first, though {contrary} of them {have} the {other} first: others of that kind are wrong by months"
    return ("day-first" if first == "day" else "month-first"), doubt


def _years_stand_first(known: Sequence[re.Match[str]]) -> bool:
    """Whether dates with years of two digits begin with these: `24/12/31`, read the other way, would be of thirty years."""
    firsts, months, lasts = ({int(match[n]) for match in known} for n in (1, 3, 4))
    days = max(months) <= 12 and lasts <= set(range(1, 32))
    return days and len(lasts) > max(_MOST_YEARS, _TIMES_MORE * len(firsts))
