"""Sets of sequence numbers: which arrived (as bits), which are missing (to count and to find). Pure.

A device numbers its rows without holes, so a set of numbers says everything about what is not here.
An outbox that was thinned has a hole at every second number, millions of them: so blocks of bits
are kept, not lists of holes, and questions are answered by counting (rank and select).
"""

from __future__ import annotations

import zlib
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from cloud_sync.intake.matching import Run

BLOCK = 4096
"""Numbers in a block of bits."""
FULL = b""
Bits = NDArray[np.bool_]


def block_of(number: int) -> int:
    """The first number of the block that holds `number`."""
    return (number - 1) // BLOCK * BLOCK + 1


def pack(present: Bits) -> bytes:
    """A block as it is stored; `FULL` when every number is present."""
    if present.all():
        return FULL
    return zlib.compress(np.packbits(present).tobytes(), 1)


def unpack(bits: bytes) -> Bits:
    """The opposite of `pack`."""
    if bits == FULL:
        return np.ones(BLOCK, np.bool_)
    raw = np.frombuffer(zlib.decompress(bits), np.uint8)
    return np.unpackbits(raw, count=BLOCK).astype(np.bool_)


@dataclass(frozen=True, slots=True)
class Stretch:
    """Numbers `first` to `last`, of which `missing` are missing; which ones is in `bits`.

    Without bits all of them are. Bits are those of a block, from its first number on.
    """

    first: int
    last: int
    missing: int
    bits: bytes = FULL

    def holes(self) -> NDArray[np.int64]:
        """The missing numbers themselves; only for a stretch with bits."""
        length = self.last - self.first + 1
        return np.flatnonzero(~unpack(self.bits)[:length]) + self.first

    def rank(self, number: int) -> int:
        """How many missing numbers are not above `number`."""
        if number >= self.last:
            return self.missing
        if number < self.first:
            return 0
        if not self.bits:
            return number - self.first + 1
        return int(np.searchsorted(self.holes(), number, side="right"))

    def runs(self, first_rank: int, last_rank: int) -> Iterator[Run]:
        """Runs of the missing numbers with these ranks, from 1, both included."""
        if not self.bits:
            yield self.first + first_rank - 1, self.first + last_rank - 1
            return
        holes = self.holes()[first_rank - 1 : last_rank]
        breaks = np.flatnonzero(np.diff(holes) != 1)
        for first, last in zip([0, *(breaks + 1)], [*breaks, len(holes) - 1]):
            yield int(holes[first]), int(holes[last])


class Missing:
    """The missing numbers of an outbox.

    Args:
        stretches: ascending, disjoint; those without missing numbers are left out.
    """

    def __init__(self, stretches: Iterable[Stretch] = ()) -> None:
        self._stretches: Sequence[Stretch] = [one for one in stretches if one.missing]
        self._firsts = [one.first for one in self._stretches]
        self._before = list(accumulate((one.missing for one in self._stretches), initial=0))

    @property
    def total(self) -> int:
        """How many."""
        return self._before[-1]

    def rank(self, number: int) -> int:
        """How many missing numbers are not above `number`."""
        index = bisect_right(self._firsts, number) - 1
        if index < 0:
            return 0
        return self._before[index] + self._stretches[index].rank(number)

    def runs(self, first_rank: int, last_rank: int) -> Iterator[Run]:
        """Runs of the missing numbers with these ranks (from 1, both included), ascending."""
        index = bisect_left(self._before, first_rank) - 1
        pending: Run | None = None
        while first_rank <= last_rank and index < len(self._stretches):
            before, end = self._before[index], min(self._before[index + 1], last_rank)
            for run in self._stretches[index].runs(first_rank - before, end - before):
                if pending and pending[1] == run[0] - 1:
                    pending = (pending[0], run[1])
                    continue
                if pending:
                    yield pending
                pending = run
            first_rank, index = end + 1, index + 1
        if pending:
            yield pending
