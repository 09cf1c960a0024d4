"""Which missing rows a declaration explains. Pure.

A device declares "n rows between first and last are gone". Declarations may overlap (telemetry was
thinned where samples were dropped too), and a device that lost its memory may declare rows that
had arrived. A missing number can be explained by any declaration whose range holds it, once; what
is explained in all is a maximum matching. For ranges, taking each missing number in order and
giving it to the declaration that ends first is optimal (Glover 1967), here done run by run.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass

Run = tuple[int, int]
"""First and last of consecutive numbers, inclusive."""


@dataclass(frozen=True, slots=True)
class Declared:
    """`rows` numbers between `first` and `last` are said to be gone."""

    first: int
    last: int
    rows: int


@dataclass(frozen=True, slots=True)
class Explained:
    """How many missing numbers each declaration explains, and the runs that none does."""

    rows: tuple[int, ...]
    left: tuple[Run, ...]


def explain(missing: Sequence[Run], declared: Sequence[Declared]) -> Explained:
    """Matches runs of missing numbers (ascending, disjoint) with declarations (in any order)."""
    order = sorted(range(len(declared)), key=lambda index: declared[index].first)
    remaining = [item.rows for item in declared]
    open_ones: list[tuple[int, int]] = []  # (last, index): the one that ends first is on top
    left: list[Run] = []
    begun = 0
    for first, last in missing:
        at = first
        while at <= last:
            while begun < len(order) and declared[order[begun]].first <= at:
                index = order[begun]
                heapq.heappush(open_ones, (declared[index].last, index))
                begun += 1
            while open_ones and (open_ones[0][0] < at or not remaining[open_ones[0][1]]):
                heapq.heappop(open_ones)
            # the next declaration may end earlier than the one on top
            stop = min(last, declared[order[begun]].first - 1) if begun < len(order) else last
            if not open_ones:
                _append(left, at, stop)
                at = stop + 1
                continue
            end, index = open_ones[0]
            count = min(remaining[index], min(end, stop) - at + 1)
            remaining[index] -= count
            at += count
    used = tuple(item.rows - rest for item, rest in zip(declared, remaining))
    return Explained(used, tuple(left))


def _append(runs: list[Run], first: int, last: int) -> None:
    if runs and runs[-1][1] == first - 1:
        runs[-1] = (runs[-1][0], last)
    else:
        runs.append((first, last))
