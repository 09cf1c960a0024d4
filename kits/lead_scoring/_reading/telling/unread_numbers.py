"""Columns whose cells are numbers and something around them that is not known: words to the model, so no amount counts.

Only told. Which units are read stands in `_features/units.py`; several of these in one column are told elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from kits.core.kit import Finding
from kits.lead_scoring._features.units import is_currency
from kits.lead_scoring._reading.columns.known import Known
from kits.lead_scoring._reading.telling.rows import so_many
from kits.lead_scoring._reading.values.cells import Typed, is_missing

_NEARLY_ALL, _HALF = 0.95, 0.5
_MANY = 20
"""Different numbers; fewer may be choices."""
_MOST_AROUND = 6
"""Of more the words around numbers are no units: streets, names of towns."""
_LONGEST = 60
_AROUND = re.compile(
    r"(\D{0,12}?)(\d(?:[\d.,'’_ \u00a0\u202f]{0,24}\d)?(?:[eE][-+]?\d{1,2})?)(\D{0,24})"
)
_GROUPED = re.compile(r"\d{1,3}(?:[.,'’ \u00a0\u202f]\d{3})+(?:[.,]\d{1,2})?|\d+[.,]\d{1,2}")
_JOINED = re.compile(r".*[-/_#:]|[-/_#:].*")
"""What joins a number to a letter in a code: `12345-A`."""
_LASTS = re.compile(
    r"\d{1,3}:\d{2}(?::\d{2})?|(?:\d{1,4}\s?(?:[hms]|hrs?|std|min|mins|sek|secs?)\b\.?[\s,]{0,2}){2,3}",
    re.IGNORECASE,
)
"""How long something took: `00:03:25`, `1h 20m`."""


def tell_unread_numbers(known: Known) -> Iterator[Finding]:
    """Which they are, with a cell of each."""
    found: dict[str, str] = {}
    for name in known.columns:
        typed = known.typed.get(name)
        if typed is None or typed.kind != "text" or _told_already(typed):
            continue
        cells = {cell.strip() for cell in known.sheet.cells[name] if not is_missing(cell)}
        if len(cells) >= _MANY and _are_numbers(sorted(cells)):
            found[name] = max(cells)
    if found:
        yield Finding(
            "unread-numbers", "warn",
            f"{so_many(tuple(found), 'looks like numbers that', 'look like numbers that')} could not be read: words to the "
            "model, which learns nothing of how much it is",
            tuple(f"{name}: {cell!r}" for name, cell in found.items()),
            "export plain numbers such as 1234.5 (of a duration its minutes, of a time of day its hour), with their unit in the column's name, and import again "
            "with --replace",
        )  # fmt: skip


def _told_already(typed: Typed) -> bool:
    return bool(typed.between or typed.several or typed.scaled)


def _are_numbers(cells: Sequence[str]) -> bool:
    """Whether nearly all distinct cells are numbers with a few things around them, or how long something took."""
    short = [cell for cell in cells if len(cell) <= _LONGEST]
    if sum(bool(_LASTS.fullmatch(cell)) for cell in short) >= _NEARLY_ALL * len(cells):
        return True
    matches = [match for cell in short if (match := _AROUND.fullmatch(cell))]
    around = {(match[1].strip().casefold(), match[3].strip().casefold()) for match in matches}
    parts = {part for pair in around for part in pair}
    if (
        len(matches) < _NEARLY_ALL * len(cells)
        or len(around) > _MOST_AROUND
        or len({match[2] for match in matches}) < _MANY
        or any(_JOINED.fullmatch(part) for part in parts)
    ):
        return False
    bare = sum(not match[1].strip() and not match[3].strip() for match in matches)
    grouped = sum(bool(_GROUPED.fullmatch(match[2])) for match in matches)
    # a word before a number makes it a name or a code, unless it is written as amounts are
    named = any(one.isalpha() for first, _ in around if not is_currency(first) for one in first)
    return bare < _HALF * len(matches) and (not named or grouped >= _HALF * len(matches))
