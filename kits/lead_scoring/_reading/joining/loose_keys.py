"""What cells of two tables are compared by where nothing in them is the same: ids that lost their leading zeros or a program's
mark, and phone numbers; and which columns hold codes, that are the same by no chance whatever they are called.

A number that may be of two persons is of none. When such keys are tried is decided in `relations.py`.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from pathlib import PurePosixPath

from kits.core.column_names import plain, squeezed
from kits.lead_scoring._reading.columns.names import phrases_for, rank
from kits.lead_scoring._reading.tables.sheets import Sheet
from kits.lead_scoring._reading.values.cells import is_missing

_REMEMBERED = 1 << 16
_MOST, _NEARLY_ALL = 0.8, 0.95
_LOOKED_AT = 500
_LEAST = 4
"""Letters of the name of what a table lists."""
_LONG = 8
"""Digits of a number that another list does not have by chance."""
_MARK = re.compile(r"^[a-z]{1,2}:(?=\d)")
"""What Meta writes before the ids of its leads: `l:123`."""
_DIALLED = re.compile(r"(?:[a-z]{1,2}:)?[+(]?\d(?:[ ()/.\u00a0-]{0,3}\d){6,14}")
_DIGITS = re.compile(r"\d")
GUID = re.compile(r"\{?[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\}?")
"""A number that nothing else in the world has."""
_CODE = re.compile(r"(?=[^\d]*\d)(?=[\W\d_]*[^\W\d_])[\w#/-]{5,64}")
"""Letters and digits in one word: `V-24-100967`, no address and no number."""


@lru_cache(_REMEMBERED)
def bare_id(cell: str) -> str:
    """A number without zeros or a mark before it: `000017` and `l:17` are 17."""
    text = _MARK.sub("", cell.strip().casefold())
    if is_missing(cell) or not text.isdecimal():
        return ""
    return text.lstrip("0") or "0"


def lost_something(one: Sequence[str], other: Sequence[str]) -> bool:
    """Whether most numbers of one column, and none of the other one, have zeros or a mark before them; all are equally long where
    it is zeros."""
    befores = {_before(cells) for cells in (one, other)}
    return befores == {False, True}


def _before(cells: Sequence[str]) -> bool | None:
    """Whether most have something before them, or none has; None: some have."""
    known = [cell.strip().casefold() for cell in cells if not is_missing(cell)]
    marked = sum(bool(_MARK.match(cell)) for cell in known)
    zeros = sum(cell.startswith("0") for cell in known)
    if not marked and not zeros:
        return False
    wide = 2 * zeros >= len(known) and len({len(cell) for cell in known}) == 1
    return True if wide or marked == len(known) > 0 else None


def told_apart(cells: Iterable[str], *, long: bool) -> bool:
    """Whether numbers stay apart without what stands before them.

    Args:
        long: all of them must have many digits.
    """
    known = {cell.strip().casefold() for cell in cells if not is_missing(cell)}
    keys = {bare_id(cell) for cell in known}
    short = long and any(len(key) < _LONG for key in keys)
    return "" not in keys and len(keys) == len(known) and not short


@dataclass(frozen=True)
class PhoneKey:
    """A phone number by its last digits, whichever way country and area are written.

    Attributes:
        shared: last digits of numbers that differ before them: nobody is found by those.
    """

    shared: frozenset[str] = frozenset()

    def __call__(self, cell: str) -> str:
        """The last digits; empty where there is no number, or it is of several."""
        digits = "".join(_DIGITS.findall(cell))
        last = digits[-_LONG:] if len(digits) >= _LONG else ""
        return "" if last in self.shared else last

    @staticmethod
    def of(*columns: Sequence[str]) -> PhoneKey:
        """With what the cells of these columns show to be shared."""
        before: defaultdict[str, set[str]] = defaultdict(set)
        for cells in columns:
            for cell in cells:
                digits = "".join(_DIGITS.findall(cell)).lstrip("0")
                before[digits[-_LONG:]].add(digits[:-_LONG])
        return PhoneKey(frozenset(last for last, starts in before.items() if _differ(starts)))


def _differ(starts: set[str]) -> bool:
    """Whether what stands before the same digits is of different numbers: `48601` and `601` are not, `48601` and `48602` are."""
    longest = max(starts, key=len)
    return not all(longest.endswith(one) for one in starts)


def phones(sheet: Sheet) -> list[str]:
    """The columns of phone numbers, by their names and cells."""
    return [name for name in sheet.columns if _says_phone(name) and _dials(sheet.cells[name])]


def _says_phone(name: str) -> bool:
    words = f"_{plain(name)}_"
    phrase = any(f"_{phrase}_" in words for phrase in phrases_for("phone_phrases"))
    return phrase or rank(name, "phone") is not None


def _dials(cells: Sequence[str]) -> bool:
    known = [cell.strip() for cell in cells if not is_missing(cell)]
    some = known[:: max(1, len(known) // _LOOKED_AT)]
    return bool(some) and sum(bool(_DIALLED.fullmatch(one)) for one in some) >= _MOST * len(some)


def codes(sheet: Sheet, code: re.Pattern[str] = _CODE) -> Iterator[str]:
    """Columns that hold codes; hardly a cell is something else, such as the number of a lead that somebody made to try it."""
    for name in sheet.columns:
        known = (cell.strip() for cell in sheet.cells[name] if not is_missing(cell))
        some = list(islice(known, _LOOKED_AT))
        if sum(bool(code.fullmatch(cell)) for cell in some) > _NEARLY_ALL * len(some):
            yield name


def names_rows(mine: str, theirs: str, called: str) -> int:
    """How surely a column has the numbers of its table's own rows: `contactid` of contacts, and `parentcontactid` of leads.

    Args:
        mine: the leads' column with the same numbers.
        called: the other table's name.
    """
    column = squeezed(theirs)
    thing = column.removesuffix("id")
    own = thing != column and len(thing) >= _LEAST and thing in squeezed(PurePosixPath(called).name)
    return 2 * own + squeezed(mine).removesuffix("value").endswith(column)
