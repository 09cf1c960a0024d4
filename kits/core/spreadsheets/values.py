"""A cell's value → the text that a CSV of the sheet would hold, with all its digits."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import TypeAlias

Value: TypeAlias = "int | float | str | bool | time | date | datetime | timedelta"

MOST_DIGITS = 1e15
"""From here on spreadsheets keep fewer digits than a number has."""
_DAY_S = 86_400
_BY_COMMA = re.compile(r"[-+]?(?:\d{1,3}(?:[. '’]\d{3})+|\d+)(?:,\d+)?")
_BY_POINT = re.compile(r"[-+]?(?:\d{1,3}(?:[, '’]\d{3})+|\d+)(?:\.\d+)?")
_COMMA_SURE = re.compile(r"[-+]?(?:\d{1,3}(?:\.\d{3})+|\d+),(?:\d{1,2}|\d{4,})")
_CODE = re.compile(r"\+.*|-?0\d.*")
"""A telephone number, or an id that begins with 0."""
_SHORTENED = re.compile(r"\d(?:[.,]\d+)?E\+\d{2}")
_LONG = re.compile(r"PT(\d{1,6})H(\d{1,2})M(\d{1,2})(?:[.,]\d+)?S")
_LONGEST = 40


def text_of(value: Value) -> str:
    """A value as text: numbers by a decimal point, moments by ISO 8601, truths as `true` and `false`."""
    return _TEXTS[type(value)](value)


def percent_of(value: Value) -> str:
    """A number that is shown as a percentage: `12.5%`."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return f"{_float(float(value) * 100)}%"
    return text_of(value)


def _text(value: str) -> str:
    """As it is, but for durations of a day and more, which ODS has as `PT26H30M00S`."""
    if value[:2] != "PT" or (match := _LONG.fullmatch(value)) is None:
        return value
    hours, minutes, seconds = match.groups()
    return f"{int(hours):02}:{int(minutes):02}:{int(seconds):02}"


def _float(value: float) -> str:
    return str(int(value)) if value.is_integer() else f"{value:.15g}"


def _truth(value: bool) -> str:
    return "true" if value else "false"


def _moment(value: datetime) -> str:
    """To the millisecond: days with fractions are no more exact."""
    value = value + timedelta(microseconds=500)
    value = value.replace(microsecond=value.microsecond // 1000 * 1000)
    if not (value.hour or value.minute or value.second or value.microsecond):
        return value.date().isoformat()
    return value.isoformat(timespec="milliseconds" if value.microsecond else "seconds")


def _duration(value: timedelta) -> str:
    seconds = round(value.total_seconds())
    minutes, rest = divmod(abs(seconds), 60)
    return f"{'-' if seconds < 0 else ''}{minutes // 60:02}:{minutes % 60:02}:{rest:02}"


_TEXTS: dict[type, Callable[..., str]] = {
    str: _text,
    float: _float,
    int: str,
    bool: _truth,
    datetime: _moment,
    date: date.isoformat,
    time: time.isoformat,
    timedelta: _duration,
}


def is_shortened(text: str) -> bool:
    """Whether a text is `1.23E+11`: an id or a telephone number that a spreadsheet took for a number."""
    return len(text) <= _LONGEST and bool(_SHORTENED.fullmatch(text.strip()))


def _spaced(text: str) -> str:
    return text.strip().replace("\u00a0", " ").replace("\u202f", " ")


def stored_number(text: str) -> tuple[bool, bool]:
    """Whether a text is a number, by one sign or the other; and whether its decimal sign is surely the comma."""
    bare = _spaced(text)
    if len(bare) > _LONGEST or _CODE.fullmatch(bare):
        return False, False
    sure = bool(_COMMA_SURE.fullmatch(bare))
    return sure or bool(_BY_COMMA.fullmatch(bare) or _BY_POINT.fullmatch(bare)), sure


def plain_number(text: str, commas: bool) -> str:
    """A number that was stored as a text, with a decimal point; another text as it is."""
    bare = _spaced(text)
    if len(bare) > _LONGEST or not stored_number(bare)[0]:
        return text
    if not (_BY_COMMA if commas else _BY_POINT).fullmatch(bare):
        return text
    for sign in (".", " ", "'", "’") if commas else (",", " ", "'", "’"):
        bare = bare.replace(sign, "")
    return bare.replace(",", ".") if commas else bare
