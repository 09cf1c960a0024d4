"""A column of texts → values of leads: what is missing, a number, a yes or no, a date or a text.

A column is judged as a whole, so that `1.234` means the same in each of its rows. What it is *for* is not asked here.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Literal, cast

from kits.lead_scoring._features.cells import MISSING
from kits.lead_scoring._features.units import (
    Units,
    agrees,
    apart,
    in_common,
    tells_scale,
    usual_unit,
)
from kits.lead_scoring._lead import MAX_TEXT, Value
from kits.lead_scoring._reading.dates import DateForm, iso, read_dates
from kits.lead_scoring._reading.names import load_words

Kind = Literal["number", "yes/no", "date", "text", "empty"]
Decimal = Literal["", ",", "."]
_PLAIN = re.compile(r"[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d{1,3})?")
_TIMES = r"(?:e\d)?"
"""`e6`: of what stood beside `Mio.`"""
_COMMA_SURE = re.compile(
    r"[-+]?(?:(?:\d{1,3}(?:\.\d{3})+|\d+),(?:\d{1,2}|\d{4,})|0,\d{3})" + _TIMES
)
_POINT_SURE = re.compile(
    r"[-+]?(?:(?:\d{1,3}(?:,\d{3})+|\d+)\.(?:\d{1,2}|\d{4,})|0\.\d{3})" + _TIMES
)
_THOUSANDS = {
    ".": re.compile(r"[-+]?\d{1,3}(?:[, '’]\d{3})+(?:\.\d+)?" + _TIMES),
    ",": re.compile(r"[-+]?(?:\d{1,3}(?:[. '’]\d{3})+|\d+)(?:,\d+)?" + _TIMES),
}
_BY_POINTS = re.compile(r"[-+]?[1-9]\d{0,2}(?:\.\d{3})+")
_BY_COMMA = re.compile(r"[-+]?[1-9]\d{0,2},\d{3}")
"""What may be thousands, or three decimals."""
_WHOLE = re.compile(r"[-+]?\d+")
_CODE = re.compile(r"[-+]?0\d+")
_SEPARATORS = re.compile(r"[ '’]")
_SPACES = str.maketrans("\u00a0\u202f\u2009\u2007\u2212", "    -")
"""Those that do not break, and thin ones, are what French and Swiss programs part thousands by; a minus of typesetters."""
_ALMOST_ALL = 0.95
_NEARLY, _MANY_NUMBERS = 0.5, 20
"""From this share of numbers on, and more different ones than so many, words between them cost a column its numbers."""
_LONGEST = 80
_DIGITS = 15
"""More digits than a float holds are an identifier."""


@dataclass(frozen=True)
class Typed:
    """A column's values.

    Attributes:
        kind: what nearly all of its cells are.
        values: (rows,) with None where nothing is known.
        odd: cells that are of another kind, as they were.
        commas: whether the decimal sign of its numbers is the comma; None: nothing told it.
        dates: whether its dates begin with the day or the month; `auto`: nothing told it.
        doubt: a cell that may be thousands or decimals, where nothing told it.
        units: what its numbers are in, by its cells; empty: none of them tells it.
        months: whether some of its dates tell a month and no day.
        scaled: a cell that may be millions, or a number of something, where nothing told it; its column is texts.
        between: cells that are no numbers, the most frequent first, for which a column with many numbers is texts.
        several: cells in one unit each, for which a column of numbers is texts.
    """

    kind: Kind
    values: Sequence[Value]
    odd: int = 0
    commas: bool | None = None
    dates: DateForm = "auto"
    doubt: str = ""
    units: Units = frozenset()
    months: bool = False
    scaled: str = ""
    between: tuple[str, ...] = ()
    several: tuple[str, ...] = ()


@cache
def _pairs() -> tuple[tuple[str, str], ...]:
    listed = cast("list[list[object]]", load_words("cells.yaml")["pairs"])
    return tuple((str(yes).casefold(), str(no).casefold()) for yes, no in listed)


def is_missing(cell: str) -> bool:
    """Whether a cell says that nothing is known, as the models see it too."""
    return cell.strip().casefold() in MISSING


def type_cells(
    name: str,
    cells: Sequence[str],
    form: DateForm = "auto",
    *,
    as_text: bool = False,
    as_number: bool = False,
    commas: bool = False,
    decimal: Decimal = "",
) -> Typed:
    """A column's cells as values of leads.

    Args:
        name: the column's; a number is taken for a date only where its name says so.
        form: how dates are written, where a person said so.
        as_text: a person said that these are choices, whatever they look like.
        as_number: a person said that these are numbers, whatever stands between them.
        commas: the table is likely of a country whose decimal sign is the comma.
        decimal: the decimal sign for certain; empty: by the cells.
    """
    counts = Counter(cells)
    known = {cell: n for cell, n in counts.items() if not is_missing(cell)}
    if not known:
        return Typed("empty", [None] * len(cells))
    if as_text:
        read = _as_texts(known)
    else:
        stated = _as_numbers(known, commas, decimal, least=0.0) if as_number else None
        read = stated or _best(name, known, form, commas, decimal)
    table: dict[str, Value] = dict(read.values)
    values = [table.get(cell) for cell in cells]
    return Typed(
        read.kind, values, read.odd, read.commas, read.dates, read.doubt, read.units, read.months, read.scaled,
        read.between, read.several,
    )  # fmt: skip


@dataclass(frozen=True)
class _Read:
    kind: Kind
    values: Mapping[str, Value]
    odd: int = 0
    commas: bool | None = None
    dates: DateForm = "auto"
    doubt: str = ""
    units: Units = frozenset()
    months: bool = False
    scaled: str = ""
    between: tuple[str, ...] = ()
    several: tuple[str, ...] = ()


def _best(
    name: str, known: Mapping[str, int], form: DateForm, commas: bool, decimal: Decimal
) -> _Read:
    return (
        _as_flags(known)
        or _as_dates(name, known, form)
        or _as_numbers(known, commas, decimal)
        or replace(
            _as_texts(known, _maybe_scaled(known, commas, decimal)),
            between=_between(known, commas, decimal),
            several=_several(known),
        )
    )


def _as_texts(known: Mapping[str, int], scaled: str = "") -> _Read:
    return _Read("text", {cell: cell.strip()[:MAX_TEXT] for cell in known}, scaled=scaled)


def _maybe_scaled(known: Mapping[str, int], commas: bool, decimal: Decimal) -> str:
    """A cell such as `12M` of a column that would be numbers if it were twelve millions."""
    if _as_numbers(known, commas, decimal, bare=True) is None:
        return ""
    return next((cell.strip() for cell in known if apart(cell) != apart(cell, bare=True)), "")


def _between(known: Mapping[str, int], commas: bool, decimal: Decimal) -> tuple[str, ...]:
    """The cells for which a column of many numbers is texts, the most frequent first; empty: it is no such column."""
    read = _as_numbers(known, commas, decimal, least=_NEARLY)
    if (
        read is None
        or len({v for v in read.values.values() if isinstance(v, float)}) <= _MANY_NUMBERS
    ):
        return ()
    words = [cell for cell, value in read.values.items() if isinstance(value, str)]
    return tuple(cell.strip() for cell in sorted(words, key=lambda cell: -known[cell]))


def _several(known: Mapping[str, int]) -> tuple[str, ...]:
    """A cell of each unit where all cells are numbers, and more than a few in another unit than most."""
    parted = {cell: apart(_spaced(cell)) for cell in known}
    numbers = [
        cell
        for cell, (text, _) in parted.items()
        if any(_number(text, sign) is not None for sign in _THOUSANDS)
    ]
    rows, good = sum(known.values()), sum(known[cell] for cell in numbers)
    if good < _ALMOST_ALL * rows:
        return ()
    shown = {units: cell.strip() for cell in reversed(numbers) if (units := parted[cell][1])}
    return tuple(shown.values()) if len(shown) > 1 else ()


def _as_flags(known: Mapping[str, int]) -> _Read | None:
    words = {cell: cell.strip().casefold() for cell in known}
    met = set(words.values())
    for yes, no in _pairs():
        if met <= {yes, no}:
            return _Read("yes/no", {cell: word == yes for cell, word in words.items()})
    return None


def _as_dates(name: str, known: Mapping[str, int], form: DateForm) -> _Read | None:
    found = read_dates(name, list(known), form)
    if found is None:
        return None
    rows = sum(known.values())
    good = sum(n for n, seconds in zip(known.values(), found.seconds) if seconds is not None)
    if good < _ALMOST_ALL * rows:
        return None
    values: dict[str, Value] = {}
    for cell, seconds in zip(known, found.seconds):
        values[cell] = iso(seconds, found.clock) if seconds is not None else cell.strip()
    return _Read("date", values, rows - good, dates=found.order, months=bool(found.months))


def _as_numbers(
    known: Mapping[str, int],
    commas: bool,
    decimal: Decimal,
    *,
    bare: bool = False,
    least: float = _ALMOST_ALL,
) -> _Read | None:
    parted = {cell: apart(_spaced(cell), bare=bare) for cell in known}
    if not bare and tells_scale(parted.values()):
        parted = {cell: apart(_spaced(cell), bare=True) for cell in known}
    texts = {cell: text for cell, (text, _) in parted.items()}
    if any(_CODE.fullmatch(text) for text in texts.values()):
        return None
    told = decimal or _decimal(texts.values(), commas)
    sign, unsure = (told, None) if told else _likely(texts.values(), commas)
    usual = usual_unit((units, known[cell]) for cell, (_, units) in parted.items())
    values: dict[str, Value] = {}
    odd = 0
    for cell, (text, units) in parted.items():
        number = _number(text, sign)
        values[cell] = cell.strip()[:MAX_TEXT] if number is None else number
        if number is not None and not agrees(units, usual):
            # as a word it would be read as a number of the column's unit later
            number = values[cell] = None
        odd += known[cell] if number is None else 0
    if odd > (1 - least) * sum(known.values()):
        return None
    units = in_common((found for _, found in parted.values()), usual)
    doubt = next((text for text in texts.values() if unsure and unsure.fullmatch(text)), "")
    return _Read("number", values, odd, told == "," if told else None, doubt=doubt, units=units)


def _decimal(texts: Collection[str], commas: bool) -> Decimal:
    """The decimal sign that some cells tell; empty: none does."""
    if any(_POINT_SURE.fullmatch(text) for text in texts):
        return "."
    comma = any(_COMMA_SURE.fullmatch(text) for text in texts) or _points_group(texts, commas)
    return "," if comma else ""


def _likely(texts: Collection[str], commas: bool) -> tuple[Decimal, re.Pattern[str] | None]:
    """The decimal sign where no cell tells it, and the cells that may mean something else."""
    if any(map(_BY_POINTS.fullmatch, texts)):
        return ".", _BY_POINTS
    whole = any(map(_WHOLE.fullmatch, texts))
    if commas and not whole and any(map(_BY_COMMA.fullmatch, texts)):
        return ",", _BY_COMMA
    return ".", None


def _points_group(texts: Iterable[str], commas: bool) -> bool:
    """Whether `12.500` is twelve thousand and more: all points stand before three digits, and no number has more without.

    Of three decimals in all of them one would begin with 0, or those of whole numbers would be there, too.
    """
    numbers = [text for text in texts if _PLAIN.fullmatch(text) or _BY_POINTS.fullmatch(text)]
    pointed = [text for text in numbers if "." in text]
    if not pointed or not all(map(_BY_POINTS.fullmatch, pointed)):
        return False
    others = [abs(float(text)) for text in numbers if "." not in text]
    if any(text.count(".") > 1 for text in pointed):
        return True
    return all(one < 1000 for one in others) and (commas or any(others))


def _spaced(cell: str) -> str:
    """A cell with plain spaces; empty where it is too long for a number, so that no pattern sees it."""
    bare = cell.strip()
    return bare.translate(_SPACES) if len(bare) <= _LONGEST else ""


def _number(text: str, decimal: str) -> float | None:
    if _PLAIN.fullmatch(text) and not (decimal == "," and "." in text):
        cleaned = text
    elif _THOUSANDS[decimal].fullmatch(text):
        cleaned = _SEPARATORS.sub("", text)
        cleaned = (
            cleaned.replace(",", "")
            if decimal == "."
            else cleaned.replace(".", "").replace(",", ".")
        )
    else:
        return None
    if sum(c.isdigit() for c in cleaned) > _DIGITS and "." not in cleaned:
        return None
    number = float(cleaned)
    return number if abs(number) < 1e300 else None
