"""A column of texts → numbers, as far as its cells are some: their decimal sign, their unit, what they leave in doubt.

A column is judged as a whole. Whether enough of it are numbers is asked elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from kits.lead_scoring._features.unit_words import SIGNS
from kits.lead_scoring._features.units import (
    Units,
    agrees,
    apart,
    in_common,
    tells_scale,
    usual_unit,
)
from kits.lead_scoring._lead import MAX_TEXT, Value

Decimal = Literal["", ",", "."]
Parted = Mapping[str, tuple[str, Units]]
"""Each cell → what would be its number, and its unit."""
_PLAIN = re.compile(r"[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d{1,3})?")
_TIMES = r"(?:e\d)?"
"""`e6`: of what stood beside `Mio.`"""
_COMMA_SURE = re.compile(
    r"[-+]?(?:(?:\d{1,3}(?:\.\d{3})+|\d+),(?:\d{1,2}|\d{4,})|0,\d{3})" + _TIMES
)
_LAKHS = r"\d{1,2}(?:,\d{2})+,\d{3}(?:\.\d+)?"
"""`12,34,567`: after the thousands India parts by two digits."""
_POINT_SURE = re.compile(
    rf"[-+]?(?:(?:\d{{1,3}}(?:,\d{{3}})+|\d+)\.(?:\d{{1,2}}|\d{{4,}})|0\.\d{{3}}|{_LAKHS})" + _TIMES
)
_THOUSANDS = {
    ".": re.compile(rf"[-+]?(?:\d{{1,3}}(?:[, '’]\d{{3}})+(?:\.\d+)?|{_LAKHS})" + _TIMES),
    ",": re.compile(r"[-+]?(?:\d{1,3}(?:[. '’]\d{3})+|\d+)(?:,\d+)?" + _TIMES),
}
_BY_POINTS = re.compile(r"[-+]?[1-9]\d{0,2}(?:\.\d{3})+")
_BY_COMMA = re.compile(r"[-+]?[1-9]\d{0,2},\d{3}")
"""What may be thousands, or three decimals."""
_PLAINEST = re.compile(r"-?(?:0|[1-9][0-9]{0,11})(?:\.[0-9]{1,12})?")
"""No unit, no blank, no thousands, no code, and no more digits than an identifier has."""
_CENTS = re.compile(r",\d{1,2}$")
_WHOLE = re.compile(r"[-+]?\d+")
_CODE = re.compile(r"[-+]?0\d+")
_SEPARATORS = re.compile(r"[ '’]")
_SPACES = str.maketrans("\u00a0\u202f\u2009\u2007\u2212", "    -") | SIGNS
"""Those that do not break, and thin ones, are what French and Swiss programs part thousands by; a minus of typesetters."""
_LONGEST = 80
_DIGITS = 15
"""More digits than a float holds are an identifier."""
_DIGIT = re.compile(r"\d")
_FEW = 0.05


@dataclass(frozen=True)
class NumberCells:
    """A column's cells, read as numbers.

    Attributes:
        values: each cell's; a text where it is no number, None where it is one in another unit than most.
        odd: rows without a number.
        commas: whether the decimal sign is the comma; None: nothing told it.
        doubt: a cell that may be thousands or decimals, where nothing told it.
        units: what the numbers are in; empty: no cell tells it.
        two_ways: shares stand there as `0.35` and as `35 %`, in more than a few rows each.
    """

    values: Mapping[str, Value]
    odd: int
    commas: bool | None
    doubt: str
    units: Units
    two_ways: bool


def numeric_rows(known: Mapping[str, int]) -> int:
    """How many rows may have a number at most: those with a digit, and no longer than numbers are."""
    return sum(n for cell, n in known.items() if _DIGIT.search(_spaced(cell)))


def part(cells: Iterable[str]) -> Parted:
    """Takes each cell's unit off; where cells tell that the column is money, its `M` are millions."""
    parted = {cell: apart(_spaced(cell)) for cell in cells}
    scaled = with_millions(parted) if tells_scale(parted.values()) else None
    return scaled or parted


def with_millions(parted: Parted) -> Parted | None:
    """The cells, where each `M` stands for millions; None: that makes none another."""
    ending = [cell for cell in parted if cell.rstrip()[-1:] in {"M", "m"}]
    bare = {cell: apart(_spaced(cell), bare=True) for cell in ending}
    return None if all(parted[cell] == one for cell, one in bare.items()) else {**parted, **bare}


def plain_numbers(known: Iterable[str]) -> NumberCells | None:
    """As `read_numbers`, in a fifth of the time, where no cell leaves anything open; None: one does."""
    cells = list(known)
    if not all(map(_PLAINEST.fullmatch, cells)) or not any(map(_POINT_SURE.fullmatch, cells)):
        return None
    return NumberCells({cell: float(cell) for cell in cells}, 0, False, "", frozenset(), False)


def read_numbers(
    known: Mapping[str, int], parted: Parted, commas: bool, decimal: Decimal
) -> NumberCells | None:
    """Reads cells as numbers.

    Args:
        known: each cell, and how many rows have it.
        parted: each cell without its unit.
        commas: the table is likely of a country whose decimal sign is the comma.
        decimal: the decimal sign for certain; empty: by the cells.

    Returns:
        None where one is a code such as `007`.
    """
    texts = {cell: text for cell, (text, _) in parted.items()}
    if any(_CODE.fullmatch(text) for text in texts.values()):
        return None
    told = decimal or _decimal(texts.values(), commas)
    sign, unsure = (told, None) if told else _likely(texts.values(), commas)
    usual = usual_unit((units, known[cell]) for cell, (_, units) in parted.items())
    # tables of two programs put together: what may be read either way is nothing then
    both = not decimal and told == "." and _many_commas(texts, known)
    values: dict[str, Value] = {}
    odd = 0
    for cell, (text, units) in parted.items():
        number = _number(text, sign)
        if both and (_BY_POINTS.fullmatch(text) or _BY_COMMA.fullmatch(text)):
            number = None
        elif number is None and (both or decimal == ".") and _CENTS.search(text):
            number = _number(text, ",")
        values[cell] = cell.strip()[:MAX_TEXT] if number is None else number
        if number is not None and not agrees(units, usual):
            # as a word it would be read as a number of the column's unit later
            number = values[cell] = None
        odd += known[cell] if number is None else 0
    units = in_common((found for _, found in parted.values()), usual)
    doubt = next((text for text in texts.values() if unsure and unsure.fullmatch(text)), "")
    two_ways = usual == "%" and _has_fractions(values, parted, known)
    comma = None if both or not told else told == ","
    return NumberCells(values, odd, comma, doubt, units, two_ways)


def is_number(text: str) -> bool:
    """Whether a text is a number, whatever its decimal sign."""
    return any(_number(text, sign) is not None for sign in _THOUSANDS)


def _has_fractions(values: Mapping[str, Value], parted: Parted, known: Mapping[str, int]) -> bool:
    bare = {c: v for c, v in values.items() if isinstance(v, float) and not parted[c][1]}
    shares = {c: v for c, v in values.items() if isinstance(v, float) and parted[c][1]}
    few = _FEW * sum(known.values())
    if min(sum(known[c] for c in bare), sum(known[c] for c in shares)) <= few:
        return False
    large = sum(known[c] for c, v in shares.items() if v > 1)
    within = all(0 <= v <= 1 for v in bare.values()) and any(v % 1 for v in bare.values())
    return within and 2 * large > sum(known[c] for c in shares)


def _decimal(texts: Collection[str], commas: bool) -> Decimal:
    """The decimal sign that some cells tell; empty: none does."""
    if any(_is_sure(_POINT_SURE, text) for text in texts):
        return "."
    comma = any(_is_sure(_COMMA_SURE, text) for text in texts) or _points_group(texts, commas)
    return "," if comma else ""


def _many_commas(texts: Mapping[str, str], known: Mapping[str, int]) -> bool:
    """Whether a comma is the decimal sign of more rows than are mistyped."""
    rows = sum(known[cell] for cell, text in texts.items() if _is_sure(_COMMA_SURE, text))
    return rows > _FEW * sum(known.values())


def _is_sure(sure: re.Pattern[str], text: str) -> bool:
    """Whether a number tells its decimal sign; blanks between its thousands say nothing of it."""
    return sure.fullmatch(_SEPARATORS.sub("", text)) is not None


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
    if len(bare) > _LONGEST:
        return ""
    return bare if bare.isascii() else bare.translate(_SPACES)


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
    whole = len(cleaned) > _DIGITS and "." not in cleaned
    if whole and sum(c.isdigit() for c in cleaned) > _DIGITS:
        return None
    number = float(cleaned)
    return number if abs(number) < 1e300 else None
