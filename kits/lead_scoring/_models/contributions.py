"""What each column adds to the log-odds of trees: exact Shapley values of the path-dependent kind, by look-up.

Lundberg, Erion & Lee 2018 define them; xgboost computes them as `pred_contribs`. For each leaf all of it depends only
on which of the at most six conditions on its way a lead meets, so that everything is computed once for each pattern
of them (Yang 2021, Fast TreeSHAP v2) and a lead costs comparisons and one look-up per leaf. Models are not grown here.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kits.lead_scoring._features.encoder import Floats32
from kits.lead_scoring._models.trees import MAX_DEPTH, Trees

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]
_BITS = 8
"""Patterns are bytes: no way has more conditions."""


@dataclass(frozen=True)
class _Conditions:
    """Conditions on ways to leaves, met from low to below high, and where a column is missing if that passes.

    Leaves share most of theirs: each is asked once.
    """

    column: Ints
    low: Floats32
    high: Floats32
    missing: NDArray[np.bool_]

    def met(self, row: Floats32) -> NDArray[np.bool_]:
        """(conditions + 1,) which of them a lead meets; the last one nobody does."""
        seen = row.take(self.column)
        found = np.zeros(len(self.column) + 1, np.bool_)
        found[:-1] = (seen >= self.low) & (seen < self.high) | np.isnan(seen) & self.missing
        return found


@dataclass(frozen=True)
class _Groups:
    """Which entries of (leaves, slots) are each group's: `entries` sorted by group, `starts` of each that has some, `named`."""

    entries: Ints
    starts: Ints
    named: Ints
    count: int

    @classmethod
    def of(cls, columns: Ints, used: NDArray[np.bool_], groups: Ints, count: int) -> _Groups:
        """Of the slots that have a condition."""
        entries = np.flatnonzero(used)
        mine = groups[columns.ravel()[entries]]
        order = np.argsort(mine, kind="stable")
        named, starts = np.unique(mine[order], return_index=True)
        return cls(entries[order], starts.astype(np.intp), named.astype(np.intp), count)


@dataclass(frozen=True)
class TreeTables:
    """Leaves with the conditions on their ways, and what each pattern of them adds.

    Attributes:
        places: (leaves · 8,) the conditions on a leaf's way, and the one that nobody meets behind them.
        first: (leaves,) where the leaf's patterns begin in `adds`.
        adds: (patterns, slots) log-odds.
        base: log-odds of the average lead.
    """

    conditions: _Conditions
    places: Ints
    first: Ints
    adds: Floats32
    groups: _Groups
    base: float

    def of(self, row: Floats32) -> Floats:
        """(groups,) what each group of columns adds to one lead's log-odds.

        Args:
            row: (columns,) of the matrix.
        """
        found = np.zeros(self.groups.count)
        if len(self.first):
            pattern = np.packbits(self.conditions.met(row).take(self.places), bitorder="little")
            adds = self.adds.take(pattern + self.first, axis=0).ravel().take(self.groups.entries)
            sums = np.add.reduceat(adds, self.groups.starts, dtype=np.float64)
            found[self.groups.named] = sums
        return found


@dataclass(frozen=True)
class _Way:
    """A leaf's way: for each column on it the bounds, whether missing passes, and the share of leads that pass."""

    value: float
    share: float
    columns: tuple[int, ...]
    bounds: tuple[tuple[float, float, bool, float], ...]


def make_tables(trees: Trees, groups: Ints, count: int) -> TreeTables:
    """Everything that does not depend on the lead.

    Args:
        groups: (columns,) the group of each column of the matrix.
        count: of groups.
    """
    ways = [way for root in trees.roots.tolist() for way in _ways(trees, root)]
    base = trees.base + sum(way.share * way.value for way in ways)
    ways = [way for way in ways if way.columns]
    used = np.array([len(way.columns) for way in ways], np.intp)
    slots = max(used.tolist(), default=1)
    asked = np.arange(slots) < used[:, None]
    each = [
        (column, *bound) for way in ways for column, bound in zip(way.columns, way.bounds)
    ]  # condition by condition, as `asked` has them
    told = np.array(each, np.float64).reshape(-1, 5)
    distinct, which = np.unique(told[:, :4], axis=0, return_inverse=True)
    places = np.full((len(ways), _BITS), len(distinct))
    places[:, :slots][asked] = which.ravel()
    # of a slot without a condition the share is 1: it adds nothing
    share = np.ones(asked.shape)
    share[asked] = told[:, 4]
    columns = np.zeros(asked.shape, np.intp)
    columns[asked] = told[:, 0]
    first, adds = _all_patterns(share, used, np.array([way.value for way in ways]))
    conditions = _Conditions(
        distinct[:, 0].astype(np.intp), distinct[:, 1].astype(np.float32),
        distinct[:, 2].astype(np.float32), distinct[:, 3].astype(np.bool_),
    )  # fmt: skip
    own = _Groups.of(columns, asked.ravel(), groups, count)
    return TreeTables(conditions, places.ravel().astype(np.intp), first, adds, own, float(base))


def _ways(trees: Trees, root: int) -> Iterator[_Way]:
    """All leaves under a root, with conditions on the same column joined."""
    waiting: list[tuple[int, dict[int, tuple[float, float, bool, float]]]] = [(root, {})]
    total = float(trees.cover[root])
    while waiting:
        node, met = waiting.pop()
        left, right = int(trees.left[node]), int(trees.right[node])
        if left < 0:
            share = float(trees.cover[node]) / total
            yield _Way(float(trees.value[node]), share, tuple(met), tuple(met.values()))
            continue
        column, limit = int(trees.column[node]), float(trees.limit[node])
        least, most, empty, passed = met.get(column, (-math.inf, math.inf, True, 1.0))
        goes_left, cover = bool(trees.missing_left[node]), float(trees.cover[node])
        for child, bound, with_missing in (
            (left, (least, min(most, limit)), goes_left),
            (right, (max(least, limit), most), not goes_left),
        ):
            part = passed * float(trees.cover[child]) / cover
            waiting.append((child, {**met, column: (*bound, empty and with_missing, part)}))


def _all_patterns(share: Floats, used: Ints, value: Floats) -> tuple[Ints, Floats32]:
    """For each leaf where its patterns begin, and what each pattern adds by slot; of unused slots no bit is set."""
    slots = share.shape[1]
    # the patterns of a leaf with d conditions differ in d bits
    sizes = 1 << used
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]]) if len(used) else np.zeros(0, np.intp)
    adds = np.zeros((int(sizes.sum()), slots), np.float32)
    for d in range(1, MAX_DEPTH + 1):
        leaves = np.flatnonzero(used == d)
        if leaves.size:
            found = _patterns(share[leaves, :d], value[leaves])
            places = starts[leaves][:, None] + np.arange(1 << d)
            adds[places.ravel(), :d] = found.reshape(-1, d)
    return starts.astype(np.intp), adds


def _patterns(share: Floats, value: Floats) -> Floats:
    """(leaves, patterns, conditions) what a condition adds for each pattern of conditions that are met.

    With z the share of leads that pass a condition and o whether this lead does, a condition adds
    v · (o − z) · Σ over sets S of the others: |S|! (d−1−|S|)! / d! · Π o in S · Π z outside. The sums over sets of one
    size are the coefficients of Π (z + o·y).
    """
    leaves, d = share.shape
    met = (np.arange(1 << d)[:, None] >> np.arange(d)) & 1
    weight = [math.factorial(s) * math.factorial(d - 1 - s) / math.factorial(d) for s in range(d)]
    found = np.empty((leaves, 1 << d, d))
    for one in range(d):
        sums = np.zeros((leaves, 1 << d, d))
        sums[..., 0] = 1.0
        for other in range(d):
            if other != one:
                taller = np.zeros_like(sums)
                taller[..., 1:] = sums[..., :-1] * met[:, other][:, None]
                sums = sums * share[:, other][:, None, None] + taller
        found[..., one] = (met[:, one] - share[:, one][:, None]) * (sums @ np.array(weight))
    return found * value[:, None, None]
