"""What another table sums up of the leads themselves: how many each customer or rep has, how many of them were won, what they came to.

The leads to be learned from are among them, with their outcomes, and those that came later. Told by the numbers alone, whatever they
are called: nothing else comes to what is counted here.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from kits.core.column_names import squeezed
from kits.core.kit import Finding
from kits.lead_scoring._reading.joining.relations import Link
from kits.lead_scoring._reading.tables.sheets import Sheet
from kits.lead_scoring._reading.values.cells import is_missing

_MOST_CHOICES, _MOST_AMOUNTS = 12, 8
"""Different cells of a column by which sums are looked for, and columns of numbers that are added up."""
_NEARLY_ALL, _MOSTLY = 0.9, 0.8
_LOOKED_AT = 300
"""Rows of the other table that tell it."""
_SURE_BITS, _LEAST = 20.0, 3
"""How telling numbers that are the same must be together (one of a thousand: ten), and how many different ones they are."""
_ROUNDED, _CENT = 0.0051, 0.011

Sums = Mapping[str, float]
"""By what the tables are joined by → what the leads with it come to."""


def without_sums_of_leads(
    leads: Sheet, other: Sheet, link: Link, label: str, kept: Collection[str]
) -> tuple[Sheet | None, list[Finding]]:
    """The other table without such columns, None where nothing else is in it, and what is to be said.

    Args:
        label: what is put before the names of its columns.
        kept: columns that a person vouches for or a bundle learned from.
    """
    if not link.unique or link.lead_unique or link.lists:
        return other, []
    keys = [link.key(cell) for cell in other.cells[link.column]]
    known = {squeezed(name) for name in kept}
    asked = {
        name: dict(zip(keys, _numbers(other, name)))
        for name in other.columns
        if name != link.column and known.isdisjoint((squeezed(name), squeezed(f"{label}.{name}")))
    }
    asked = {name: numbers for name, numbers in asked.items() if _different(numbers.values())}
    if not asked:
        return other, []
    there = set(map(link.key, leads.cells[link.lead_column]))
    met = [key for key in keys if key and key in there]
    some = frozenset(met[:: max(1, len(met) // _LOOKED_AT)])
    found = _found(_Leads.of(leads, link, some), asked, some)
    if not found:
        return other, []
    left = [name for name in other.columns if name not in found and name != link.column]
    whole = all(name in asked for name in left)
    out = [name for name in other.columns if name in found]
    if not whole:
        cells = {name: cells for name, cells in other.cells.items() if name not in found}
        return replace(other, cells=cells), [_said(other.name, out, label, whole=False)]
    return None, [_said(other.name, out, label, whole=True)]


def _numbers(sheet: Sheet, name: str) -> list[float]:
    column = sheet.typed(name)
    if column.kind != "number":
        return []
    return [value if isinstance(value, float) else math.nan for value in column.values]


def _different(numbers: Collection[float]) -> bool:
    return len({number for number in numbers if not math.isnan(number)}) >= _LEAST


@dataclass(frozen=True)
class _Leads:
    """The leads as they are counted.

    Attributes:
        keys: (rows,) by what the tables are joined.
        choices: (rows,) cells of columns with few different ones.
        amounts: (rows,) numbers.
    """

    keys: Sequence[str]
    choices: Sequence[Sequence[str]]
    amounts: Sequence[Sequence[float]]

    @classmethod
    def of(cls, leads: Sheet, link: Link, some: Collection[str]) -> _Leads:
        """Takes what may be counted of those with some keys."""
        every = leads.cells[link.lead_column]
        leads = leads.rows([row for row, cell in enumerate(every) if link.key(cell) in some])
        keys = [link.key(cell) for cell in leads.cells[link.lead_column]]
        names = [name for name in leads.columns if name != link.lead_column]
        choices = [leads.cells[n] for n in names if 1 < len(set(leads.cells[n])) <= _MOST_CHOICES]
        amounts = filter(None, (_numbers(leads, name) for name in names))
        return cls(keys, choices, [one for one, _ in zip(amounts, range(_MOST_AMOUNTS))])

    def parts(self) -> Iterator[Sequence[Sums]]:
        """How many leads there are: all of them, and by the cells of each column of choices."""
        yield [Counter(self.keys)]
        for cells in self.choices:
            parts: defaultdict[str, Counter[str]] = defaultdict(Counter)
            for key, cell in zip(self.keys, cells):
                if not is_missing(cell):
                    parts[cell.strip()][key] += 1
            yield list(parts.values())

    def sums(self) -> Iterator[tuple[Sums, Counter[str]]]:
        """What numbers come to, and of how many leads: of all of them, and of those with one cell."""
        nothing = [""] * len(self.keys)
        for numbers in self.amounts:
            for cells in (nothing, *self.choices):
                parts: defaultdict[str, defaultdict[str, float]] = defaultdict(lambda: defaultdict(float))  # fmt: skip
                times: defaultdict[str, Counter[str]] = defaultdict(Counter)
                for key, cell, number in zip(self.keys, cells, numbers):
                    if not math.isnan(number):
                        parts[cell.strip()][key] += number
                        times[cell.strip()][key] += 1
                yield from ((sums, times[cell]) for cell, sums in parts.items())


def _found(leads: _Leads, asked: Mapping[str, Sums], some: Collection[str]) -> set[str]:
    """Columns that hold counts of leads, shares of these, or sums of their numbers."""
    asked = {
        name: {key: n for key, n in numbers.items() if key in some and not math.isnan(n)}
        for name, numbers in asked.items()
    }
    found: set[str] = set()
    parts = list(leads.parts())
    several = {key for key, n in parts[0][0].items() if n > 1}

    def compare(
        sums: Sums, near: float, *times: float, apart: Collection[str] | None = None
    ) -> None:
        among = some if apart is None else several
        for name, numbers in asked.items():
            told = {key: number for key, number in numbers.items() if key in among}
            if apart is not None and not _are_told(numbers, sums, near, apart):
                continue
            if name not in found and any(_are_same(told, sums, near, one) for one in times):
                found.add(name)

    for one in (sums for some in parts for sums in some):
        compare(one, 0.0, 1.0)
    for one, leads_of in leads.sums():
        # where one lead has a number, a firm's own is the sum, too
        compare(one, _CENT, 1.0, apart={key for key in several if leads_of[key] != 1})
    if found:
        for share in _shares(parts):
            compare(share, _ROUNDED, 1.0, 100.0)
    return found


def _shares(parts: Sequence[Sequence[Sums]]) -> Iterator[Sums]:
    """Each part of all leads, and of those that have it or another one: won of won and lost."""
    whole = parts[0][0]
    for some in parts[1:]:
        for one in some:
            yield {key: one.get(key, 0) / whole[key] for key in whole}
            for other in some:
                both = {key: one.get(key, 0) + other.get(key, 0) for key in whole}
                yield {
                    key: one.get(key, 0) / n for key, n in both.items() if n and other is not one
                }


def _are_told(numbers: Sums, sums: Sums, near: float, apart: Collection[str]) -> bool:
    """Whether numbers are those sums where a firm's own, which its leads have too, would not be."""
    gaps = [abs(numbers.get(key, 0.0) - sums.get(key, 0.0)) for key in apart]
    return len(gaps) >= _LEAST and sum(gap <= near for gap in gaps) >= _NEARLY_ALL * len(gaps)


def _are_same(numbers: Sums, sums: Sums, near: float, times: float) -> bool:
    """Whether nearly all numbers are those sums, those too that are not what most rows have: of most firms there is one of anything."""
    same = {
        key: number for key, number in numbers.items()
        if abs(number - times * sums.get(key, 0.0)) <= near * times
    }  # fmt: skip
    if not numbers or len(same) < _NEARLY_ALL * len(numbers) or not _different(same.values()):
        return False
    usual = Counter(numbers.values()).most_common(1)[0][0]
    others = sum(number != usual for number in numbers.values())
    met = [number for number in same.values() if number != usual]
    digits = (1.0 / near if near == _ROUNDED else abs(number) for number in met)
    return len(met) >= _MOSTLY * others and sum(math.log2(1 + one) for one in digits) >= _SURE_BITS


def _said(name: str, columns: Sequence[str], label: str, *, whole: bool) -> Finding:
    sums = f"sums of the leads themselves, also of later ones ({', '.join(columns)})"
    told = f"{name} was passed over: it has {sums}" if whole else f"{name}: {sums} are not read"
    keep = ", ".join(f"{label}.{column}" for column in columns)
    fix = f"nothing to do; if they were known when each lead came: model.columns.keep: [{keep}]"
    return Finding("sums-of-leads", "pass", told, tuple(columns), fix)
