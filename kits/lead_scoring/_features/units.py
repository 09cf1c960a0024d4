"""The unit that stands beside a number in a cell, or in a column's name: a currency by its sign, word or code, a percentage, or
one word for what is counted.

Takes it off and says which it is. Whether what is left is a number is decided elsewhere.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from kits.lead_scoring._features.unit_words import (
    ATTACHED,
    BEFORE_ALONE,
    CODES,
    MEANT,
    MORE_CODES,
    OF_MONEY,
    SPACED,
    SURE,
    TIMES,
)

Units = frozenset[str]
"""What a unit may mean: a krone is that of three countries. Empty: there is none. None has a blank in it."""
_CODES = frozenset((*CODES, *MORE_CODES))
_BEHIND_TOO = MEANT.keys() - BEFORE_ALONE


def _any(words: Iterable[str]) -> str:
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))


_BEFORE = re.compile(
    rf"([-+]?)\s{{0,2}}(?:({_any(MEANT.keys() - SPACED)})\s{{0,4}}|({_any(SPACED)})\s{{1,4}})(?=[-+.,\d])"
)
_BEHIND = re.compile(rf"(?<=[-.,\d])\s{{0,4}}({_any(_BEHIND_TOO)})$")
_BARE = frozenset({"M", "m", "MM"})
"""What stands for millions in a column that writes thousands with a K, or has a currency."""
_ALONE = re.compile(r"[-+]?[\d.,]*|\D*")
"""Nothing beside a number, or no number at all."""
_NO_CENTS = re.compile(r"(?<=\d)[.,:/][-–—]{1,2}(?=\s|[^\W\d_]|[€$£]|$)")
"""Of a price without cents: `1.200,-`, `CHF 1'200.–`, `1 200:-`, `1,200/-`."""
_BELOW = re.compile(r"\(\s?([^()]{0,8}\d[\d.,'’ ]*[^()]{0,8})\)|([^-]*\d[.,]\d{2})-")
"""A number below nought as accounts have it: `(1,250.00)`, `($5)`, `1.250,00-`. Not `(5)`, a count beside a word that is gone."""
_WHOLE = re.compile(r"\s?\d+\s?")
_SCALED = re.compile(
    rf"(?<=\d)\s{{0,4}}({_any((*SURE, *OF_MONEY))})(?:\s{{0,4}}({_any(MEANT.keys() - {'%'})}))?$"
)
_COUNTED = re.compile(
    r"([-+]?\d[\d.,'’\u00a0\u202f ]{0,20})(?<=\d)[ \u00a0]{1,3}([^\W\d_]{2,20})\.?"
)
"""A number with one word behind it."""
_ATTACHED = re.compile(rf"([-+]?\d[\d.,'’\u00a0\u202f ]{{0,20}})(?<=\d)\s{{0,2}}({_any(ATTACHED)})")
_PHRASE = re.compile(
    rf"([-+]?\d[\d.,'’\u00a0\u202f ]{{0,20}})(?<=\d)\s{{0,3}}((?:{_any(_BEHIND_TOO | ATTACHED.keys())}|[^\W\d_]{{2,20}}\.?)?)"
    rf"(\s?/\s?|\s{{1,3}})((?:{_any(ATTACHED)}|[^\W\d_]{{1,20}}\.?)(?:\s[^\W\d_]{{2,20}}\.?)?)"
)
"""A number with a unit of several words: `4.500 kWh/Jahr`, `79,00 € / Monat`, `$12/mo`, `1 200 € HT`, `1,400 sq. ft.`"""
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
    if _ALONE.fullmatch(text):
        return text, frozenset()
    text = _NO_CENTS.sub("", text)
    if below := _BELOW.fullmatch(text):
        return _below(cell, *apart((below[1] or below[2]).strip(), bare=bare))
    units: Units = frozenset()
    if before := _BEFORE.match(text):
        text, units = before[1] + text[before.end() :], _units(before[2] or before[3])
    if behind := _BEHIND.search(text):
        both = _both(units, _units(behind[1]))
        text, units = (text[: behind.start()], both) if both else (cell, units)
    scaled = _SCALED.search(text)
    if scaled is None:
        return _without_words(text, units)
    power = SURE.get(scaled[1])
    found = units or (_units(scaled[2]) if scaled[2] else units)
    if power is None and (found - {"%"} or (bare and scaled[1] in _BARE)):
        power = OF_MONEY[scaled[1]]
    return (text, units) if power is None else (f"{text[: scaled.start()]}e{power}", found)


def _below(cell: str, number: str, units: Units) -> tuple[str, Units]:
    told = number[:1].isdigit() and (units or not _WHOLE.fullmatch(number))
    return (f"-{number}", units) if told else (cell, frozenset())


def _both(before: Units, behind: Units) -> Units:
    """What a number is in that has a unit on either side: `$12 CAD` says whose dollars; `€ 5 %` nothing."""
    return behind if not before or (before == {"USD"} and behind <= _CODES) else before & behind


def _without_words(text: str, units: Units) -> tuple[str, Units]:
    """`250 employees` as 250 and what is counted: a column may count one thing, as it may have one currency."""
    if attached := None if units else _ATTACHED.fullmatch(text):
        return attached[1], frozenset({ATTACHED[attached[2]]})
    if counted := None if units else _COUNTED.fullmatch(text):
        word = counted[2].lower()
        return (text, units) if word in TIMES else (counted[1], frozenset({_PLURAL.sub("", word)}))
    phrase = _PHRASE.fullmatch(text)
    if phrase is None:
        return text, units
    number, one, joint, more = phrase.groups()
    words = [word.rstrip(".").lower() for word in (one, *more.split())]
    slash = "/" in joint
    if (
        not TIMES.isdisjoint(words)
        or (one and units)
        or not (one or units or (slash and len(words[1]) > 1))
    ):
        return text, units
    base = units or (_units(one) if one in MEANT else frozenset({ATTACHED.get(one, words[0])}))
    rest = ("/" if slash else "_") + "_".join(words[1:])
    return number, frozenset(f"{name}{rest}" for name in base)


def tells_scale(parted: Iterable[tuple[str, Units]]) -> bool:
    """Whether cells of a column, as `apart` gives them, are amounts: one has a currency, or thousands by a K."""
    return any(_is_money(units) or _THOUSAND.search(text) for text, units in parted)


def _is_money(units: Units) -> bool:
    return not _CODES.isdisjoint(units)


def unit_in_name(name: str) -> Units:
    """The unit that a column's name ends with."""
    found = _NAMED.search(name.strip())
    return _units(found[1]) if found else frozenset()


def is_currency(cell: str) -> bool:
    """Whether a cell is the code or the sign of a currency and nothing else."""
    text = cell.strip()
    return text != "%" and (text in _BEHIND_TOO or text.upper() in _CODES)


def usual_unit(counted: Iterable[tuple[Units, int]]) -> str:
    """The unit of most rows; empty where none has one.

    Args:
        counted: units, and how many rows have them.
    """
    rows: Counter[str] = Counter()
    for units, n in counted:
        if units:
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
    return frozenset(MEANT[word].split())
