"""What each column adds to the log-odds of trees: exact Shapley values of the path-dependent kind, by look-up.

Lundberg, Erion & Lee 2018 define them; xgboost computes them as `pred_contribs`. For each leaf all of it depends only
on which of the at most six conditions on its way a lead meets, so that everything is computed once for each pattern
of them (Yang 2021, Fast TreeSHAP v2) and a lead costs comparisons and one look-up per leaf. Models are not grown here.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from kits.lead_scoring._features.encoder import Floats32
from kits.lead_scoring._models.trees import MAX_DEPTH, Trees

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]


@dataclass(frozen=True)
class _Conditions:
    """Conditions that differ from each other, (conditions,) each; `places`: (slots, leaves) which one a slot is."""

    column: Ints
    low: Floats32
    high: Floats32
    missing: NDArray[np.bool_]
    places: Ints


@dataclass(frozen=True)
class TreeTables:
    """Leaves with the conditions on their ways, and what each pattern of them adds.

    Attributes:
        column: (leaves, slots) of the matrix; a slot that is not used stands for column 0 and is always met.
        low, high: (leaves, slots) met from low to below high.
        missing: (leaves, slots) met where the column is missing.
        first: (leaves,) where the leaf's patterns begin in `adds`.
        adds: (patterns, slots) log-odds.
        base: log-odds of the average lead.
    """

    column: Ints
    low: Floats32
    high: Floats32
    missing: NDArray[np.bool_]
    first: Ints
    adds: Floats32
    base: float

    def of(self, row: Floats32, groups: Ints, count: int) -> Floats:
        """(count,) what each group of columns adds to one lead's log-odds.

        Args:
            row: (columns,) of the matrix.
            groups: (columns,) the group of each column.
        """
        if not len(self.first):
            return np.zeros(count)
        conditions = self._conditions
        seen = row[conditions.column]
        met = (seen >= conditions.low) & (seen < conditions.high)
        met |= np.isnan(seen) & conditions.missing
        bits, pattern = met.astype(np.intp), self.first.copy()
        for slot, places in enumerate(conditions.places):
            pattern += bits.take(places) << slot
        adds = self.adds.take(pattern, axis=0).astype(np.float64)
        return np.bincount(groups[self._columns], adds.ravel(), count).astype(np.float64)

    @cached_property
    def _columns(self) -> Ints:
        return self.column.ravel()

    @cached_property
    def _conditions(self) -> _Conditions:
        """Leaves share most of their conditions: each is asked once."""
        table = np.stack([
            self.column.ravel().astype(np.float64), self.low.ravel().astype(np.float64),
            self.high.ravel().astype(np.float64), self.missing.ravel().astype(np.float64),
        ])  # fmt: skip
        distinct, places = np.unique(table, axis=1, return_inverse=True)
        return _Conditions(
            distinct[0].astype(np.intp), distinct[1].astype(np.float32),
            distinct[2].astype(np.float32), distinct[3].astype(np.bool_),
            np.ascontiguousarray(places.reshape(self.column.shape).T),
        )  # fmt: skip


@dataclass(frozen=True)
class _Way:
    """A leaf's way: for each column on it the bounds, whether missing passes, and the share of leads that pass."""

    value: float
    share: float
    columns: tuple[int, ...]
    bounds: tuple[tuple[float, float, bool, float], ...]


def make_tables(trees: Trees) -> TreeTables:
    """Everything that does not depend on the lead."""
    ways = [way for root in trees.roots.tolist() for way in _ways(trees, root)]
    base = trees.base + sum(way.share * way.value for way in ways)
    ways = [way for way in ways if way.columns]
    slots = max((len(way.columns) for way in ways), default=1)
    count = len(ways)
    column = np.zeros((count, slots), np.intp)
    low = np.full((count, slots), -np.inf, np.float32)
    high = np.full((count, slots), np.inf, np.float32)
    missing = np.ones((count, slots), np.bool_)
    for number, way in enumerate(ways):
        for slot, (place, (least, most, empty, _)) in enumerate(zip(way.columns, way.bounds)):
            column[number, slot] = place
            low[number, slot], high[number, slot], missing[number, slot] = least, most, empty
    # a slot without a condition adds 0 in whatever pattern: its share is 1 and it is always met
    share = np.ones((count, slots))
    for number, way in enumerate(ways):
        share[number, : len(way.bounds)] = [bound[3] for bound in way.bounds]
    used = np.array([len(way.columns) for way in ways], np.intp)
    value = np.array([way.value for way in ways])
    first, adds = _all_patterns(share, used, value)
    return TreeTables(column, low, high, missing, first, adds, float(base))


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
    """For each leaf where its patterns begin, and what each pattern adds by slot; unused slots are always met."""
    slots = share.shape[1]
    # the patterns of a leaf with d conditions differ in d bits; the bits above are always set
    sizes = 1 << used
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]]) if len(used) else np.zeros(0, np.intp)
    adds = np.zeros((int(sizes.sum()), slots), np.float32)
    for d in range(1, MAX_DEPTH + 1):
        leaves = np.flatnonzero(used == d)
        if leaves.size:
            found = _patterns(share[leaves, :d], value[leaves])
            places = starts[leaves][:, None] + np.arange(1 << d)
            adds[places.ravel(), :d] = found.reshape(-1, d)
    always = ((1 << slots) - 1) & ~(sizes - 1)
    return (starts - always).astype(np.intp), adds


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
