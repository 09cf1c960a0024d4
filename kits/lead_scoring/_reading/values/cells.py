"""A column of texts → values of leads: what is missing, a number, a yes or no, a date or a text.

A column is judged as a whole, so that `1.234` means the same in each of its rows. What it is *for* is not asked here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import islice
from typing import Literal, cast

from kits.lead_scoring._features.cells import MISSING
from kits.lead_scoring._features.units import Units
from kits.lead_scoring._lead import MAX_TEXT, Value
from kits.lead_scoring._reading.columns.names import load_words
from kits.lead_scoring._reading.values.dates import DateForm, iso, read_dates
from kits.lead_scoring._reading.values.numbers import (
    Decimal,
    NumberCells,
    Parted,
    is_number,
    numeric_rows,
    part,
    plain_numbers,
    read_numbers,
    with_millions,
)

Kind = Literal["number", "yes/no", "date", "text", "empty"]
_PAIR, _SOME = 2, 100
"""Words of a yes and a no; cells that tell of most columns that they have more."""
_ALMOST_ALL = 0.95
_NEARLY, _MANY_NUMBERS = 0.5, 20
"""From this share of numbers on, and more different ones than so many, words between them cost a column its numbers."""


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
    zone: str = "",
) -> Typed:
    """A column's cells as values of leads.

    Args:
        name: the column's; a number is taken for a date only where its name says so.
        form: how dates are written, where a person said so.
        as_text: a person said that these are choices, whatever they look like.
        as_number: a person said that these are numbers, whatever stands between them.
        commas: the table is likely of a country whose decimal sign is the comma.
        decimal: the decimal sign for certain; empty: by the cells.
        zone: of times of day that name none; empty: UTC.
    """
    counts = Counter(cells)
    known = {cell: n for cell, n in counts.items() if not is_missing(cell)}
    if not known:
        return Typed("empty", [None] * len(cells))
    if as_text:
        read = _as_texts(known)
    else:
        stated = _stated(known, commas, decimal) if as_number else None
        read = stated or _best(name, known, form, zone, commas, decimal)
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


def _stated(known: Mapping[str, int], commas: bool, decimal: Decimal) -> _Read | None:
    return _as_numbers(known, read_numbers(known, part(known), commas, decimal), least=0.0)


def _best(
    name: str,
    known: Mapping[str, int],
    form: DateForm,
    zone: str,
    commas: bool,
    decimal: Decimal,
) -> _Read:
    read = _as_flags(known) or _as_dates(name, known, form, zone)
    if read is not None:
        return read
    plain = plain_numbers(known) if decimal != "," else None
    if plain is not None:
        return _Read("number", plain.values, plain.odd, plain.commas)
    if numeric_rows(known) < _NEARLY * sum(known.values()):
        return _as_texts(known)
    parted = part(known)
    numbers = read_numbers(known, parted, commas, decimal)
    return _as_numbers(known, numbers, _ALMOST_ALL) or replace(
        _as_texts(known),
        scaled=_maybe_scaled(known, parted, commas, decimal),
        between=_between(known, numbers),
        several=_several(known, parted),
    )


def _as_texts(known: Mapping[str, int]) -> _Read:
    return _Read("text", {cell: cell.strip()[:MAX_TEXT] for cell in known})


def _as_numbers(known: Mapping[str, int], found: NumberCells | None, least: float) -> _Read | None:
    """A column of numbers, where at least that share of its rows has one."""
    if found is None or found.odd > (1 - least) * sum(known.values()):
        return None
    if least and found.two_ways:
        return None
    return _Read(
        "number", found.values, found.odd, found.commas, doubt=found.doubt, units=found.units
    )


def _maybe_scaled(known: Mapping[str, int], parted: Parted, commas: bool, decimal: Decimal) -> str:
    """A cell such as `12M` of a column that would be numbers if it were twelve millions."""
    scaled = with_millions(parted)
    if scaled is None:
        return ""
    numbers = read_numbers(known, scaled, commas, decimal)
    if _as_numbers(known, numbers, _ALMOST_ALL) is None:
        return ""
    return next(cell.strip() for cell in known if scaled[cell] != parted[cell])


def _between(known: Mapping[str, int], found: NumberCells | None) -> tuple[str, ...]:
    """The cells for which a column of many numbers is texts, the most frequent first; empty: it is no such column."""
    read = _as_numbers(known, found, _NEARLY)
    if (
        read is None
        or len({v for v in read.values.values() if isinstance(v, float)}) <= _MANY_NUMBERS
    ):
        return ()
    words = [cell for cell, value in read.values.items() if isinstance(value, str)]
    return tuple(cell.strip() for cell in sorted(words, key=lambda cell: -known[cell]))


def _several(known: Mapping[str, int], parted: Parted) -> tuple[str, ...]:
    """A cell of each unit where all cells are numbers, and more than a few in another unit than most."""
    numbers = [cell for cell, (text, _) in parted.items() if is_number(text)]
    if sum(known[cell] for cell in numbers) < _ALMOST_ALL * sum(known.values()):
        return ()
    shown = {parted[cell][1]: cell.strip() for cell in reversed(numbers)}
    if set(shown) != {frozenset(), frozenset({"%"})}:  # that are shares as `0.35` and as `35 %`
        shown.pop(frozenset(), None)
    return tuple(shown.values()) if len(shown) > 1 else ()


def _as_flags(known: Mapping[str, int]) -> _Read | None:
    if len({cell.strip().casefold() for cell in islice(known, _SOME)}) > _PAIR:
        return None
    words = {cell: cell.strip().casefold() for cell in known}
    met = set(words.values())
    for yes, no in _pairs():
        if met <= {yes, no}:
            return _Read("yes/no", {cell: word == yes for cell, word in words.items()})
    return None


def _as_dates(name: str, known: Mapping[str, int], form: DateForm, zone: str) -> _Read | None:
    found = read_dates(name, list(known), form, zone)
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
