"""The unit that stands beside a number in a cell, or in a column's name: a currency by its sign, word or code, a percentage, or
one word for what is counted.

Takes it off and says which it is. Whether what is left is a number is decided elsewhere.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping

Units = frozenset[str]
"""What a unit may mean: a krone is that of three countries. Empty: there is none."""
_CODES = (
    "EUR", "USD", "GBP", "CHF", "PLN", "CZK", "SEK", "NOK", "DKK", "HUF", "RON", "BGN", "TRY", "INR", "BRL", "JPY", "CNY",
)  # fmt: skip
_MEANT: Mapping[str, str] = {
    "€": "EUR", "£": "GBP", "$": "USD", "¥": "JPY CNY", "₹": "INR", "₺": "TRY", "R$": "BRL", "%": "%",
    "zł": "PLN", "Kč": "CZK", "Ft": "HUF", "lei": "RON", "leu": "RON", "лв": "BGN", "лв.": "BGN", "TL": "TRY", "US$": "USD",
    "Euro": "EUR", "euro": "EUR", "Euros": "EUR", "euros": "EUR", "Fr.": "CHF", "SFr.": "CHF",
    **dict.fromkeys(("kr", "kr.", "Kr", "Kr."), "SEK NOK DKK"),
    **{code: code for code in _CODES},
}  # fmt: skip
_SPACED = frozenset({
    "zł", "Kč", "Ft", "lei", "leu", "лв", "лв.", "TL", "Euro", "euro", "Euros", "euros", "Fr.", "SFr.",
})  # fmt: skip
"""What stands behind a number; before one a space parts it, as `Ft100` is a code."""


def _any(words: Iterable[str]) -> str:
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))


_BEFORE = re.compile(
    rf"([-+]?)\s{{0,2}}(?:({_any(_MEANT.keys() - _SPACED)})\s{{0,4}}|({_any(_SPACED)})\s{{1,4}})(?=[-+.,\d])"
)
_BEHIND = re.compile(rf"(?<=[-.,\d])\s{{0,4}}({_any(_MEANT)})$")
_SURE: Mapping[str, int] = {
    **dict.fromkeys(("k", "K", "Tsd", "Tsd.", "tsd", "tsd.", "tys", "tys.", "tis", "tis."), 3),
    **dict.fromkeys(("Mio", "Mio.", "mio", "mio.", "mln", "mln.", "Mln", "Mln.", "million", "millions", "Million", "Millionen"), 6),
    **dict.fromkeys(("Mrd", "Mrd.", "mrd", "mrd.", "mld", "mld.", "Mld", "Mld.", "bn"), 9),
}  # fmt: skip
"""What stands for thousands, millions and milliards → the power of ten. Not `mil`, a thousand in Spain and a million in Prague."""
_OF_MONEY: Mapping[str, int] = {
    "M": 6, "m": 6, "MM": 6, "mn": 6, "Mn": 6, "Md": 9, "Mds": 9, "B": 9, "b": 9, "T": 3, "t": 3,
}  # fmt: skip
"""As `_SURE`, beside a currency alone: `12M` may be months. A T is that of `T€` and `TEUR`; of an American trillion no lead is."""
_BARE = frozenset({"M", "m", "MM"})
"""What stands for millions in a column that writes thousands with a K, or has a currency."""
_NO_CENTS = re.compile(r"(?<=\d)[.,][-–—]{1,2}(?=\s|[^\W\d_]|[€$£]|$)")
"""Of a price without cents: `1.200,-`, `CHF 1'200.–`."""
_SCALED = re.compile(
    rf"(?<=\d)\s{{0,4}}({_any((*_SURE, *_OF_MONEY))})(?:\s{{0,4}}({_any(_MEANT.keys() - {'%'})}))?$"
)
_COUNTED = re.compile(
    r"([-+]?\d[\d.,'’\u00a0\u202f ]{0,20})(?<=\d)[ \u00a0]{1,3}([^\W\d_]{2,20})\.?"
)
"""A number with one word behind it."""
_TIMES = frozenset({
    "mil", "mill", "mila", "mille", "milj", "miljoen", "miljoner", "millón", "millon", "millones", "milhão",
    "milhões", "milione", "milioni", "milion", "miliony", "mio", "mln", "mld", "mrd", "mia", "bn", "tys", "tis",
    "tsd", "thousand", "thousands", "tausend", "tusen", "tusind", "duizend", "hundred", "lakh", "lakhs", "crore",
    "crores", "dozen", "million", "millions", "milyon", "bin",
})  # fmt: skip
"""Words that make a number larger: beside one it is no count."""
_PLURAL = re.compile(r"(?<=\w{3})(?:[aeo]s|e[ns]|[aeios])$")
"""What parts one from several in the languages that leads are written in, and is taken off: `Monat`, `Monate`."""
_THOUSAND = re.compile(r"\de3$")
_NAMED = re.compile(rf"(?:[(\[]\s?|\bin\s|\s)({_any((*_CODES, '€', '£', '$', '%'))})\s?[)\]]?$")
"""At the end of a column's name: `Amount (EUR)`, `Umsatz in €`."""
_LONGEST = 80
"""Characters of a cell that may be a number."""


def apart(cell: str, *, bare: bool = False) -> tuple[str, Units]:
    """A cell without the unit before or behind its number, and that unit: `79k €` is `79e3` and euros.

    Args:
        bare: its column tells that an `M` stands for millions, also beside no currency.

    Returns:
        The cell as it is, and no unit, where it has none or is too long for a number.
    """
    text = cell.strip()
    if len(text) > _LONGEST:
        return cell, frozenset()
    text = _NO_CENTS.sub("", text)
    units: Units = frozenset()
    if before := _BEFORE.match(text):
        text, units = before[1] + text[before.end() :], _units(before[2] or before[3])
    elif behind := _BEHIND.search(text):
        text, units = text[: behind.start()], _units(behind[1])
    scaled = _SCALED.search(text)
    if scaled is None:
        return (text, units) if units else _without_word(text)
    power = _SURE.get(scaled[1])
    found = units or (_units(scaled[2]) if scaled[2] else units)
    if power is None and (found - {"%"} or (bare and scaled[1] in _BARE)):
        power = _OF_MONEY[scaled[1]]
    return (text, units) if power is None else (f"{text[: scaled.start()]}e{power}", found)


def _without_word(text: str) -> tuple[str, Units]:
    """`250 employees` as 250 and what is counted: a column may count one thing, as it may have one currency."""
    found = _COUNTED.fullmatch(text)
    if found is None or found[2].lower() in _TIMES:
        return text, frozenset()
    return found[1], frozenset({_PLURAL.sub("", found[2].lower())})


def tells_scale(parted: Iterable[tuple[str, Units]]) -> bool:
    """Whether cells of a column, as `apart` gives them, are amounts: one has a currency, or thousands by a K."""
    return any(_is_money(units) or _THOUSAND.search(text) for text, units in parted)


def _is_money(units: Units) -> bool:
    return any(unit in _CODES for unit in units)


def unit_in_name(name: str) -> Units:
    """The unit that a column's name ends with."""
    found = _NAMED.search(name.strip())
    return _units(found[1]) if found else frozenset()


def is_currency(cell: str) -> bool:
    """Whether a cell is the code or the sign of a currency and nothing else."""
    text = cell.strip()
    return text != "%" and (text in _MEANT or text.upper() in _CODES)


def usual_unit(counted: Iterable[tuple[Units, int]]) -> str:
    """The unit of most rows; empty where none has one.

    Args:
        counted: units, and how many rows have them.
    """
    rows: Counter[str] = Counter()
    for units, n in counted:
        rows.update(dict.fromkeys(sorted(units), n))
    return max(rows, key=rows.__getitem__, default="")


def agrees(units: Units, usual: str) -> bool:
    """Whether a cell may be in the unit of its column; what has none is."""
    return not units or usual in units


def in_common(found: Iterable[Units], usual: str) -> Units:
    """What the usual unit may mean by all cells that have it: `kr` alone may be of three countries."""
    agreeing = [units for units in found if usual in units]
    return frozenset.intersection(*agreeing) if agreeing else frozenset()


def _units(word: str) -> Units:
    return frozenset(_MEANT[word].split())
