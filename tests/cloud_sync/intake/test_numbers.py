"""Counting and finding missing numbers gives what listing them would give."""

from __future__ import annotations

import random
from itertools import pairwise

import numpy as np
import pytest

from cloud_sync.intake.numbers import BLOCK, FULL, Missing, Stretch, block_of, pack, unpack


def test_blocks_begin_at_one() -> None:
    assert [block_of(n) for n in (1, BLOCK, BLOCK + 1, 1 << 62)] == [
        1, 1, BLOCK + 1, (1 << 62) // BLOCK * BLOCK - BLOCK + 1,
    ]  # fmt: skip


def test_a_block_keeps_its_bits_and_is_small() -> None:
    every_second = np.arange(BLOCK) % 2 == 0
    assert (unpack(pack(every_second)) == every_second).all()
    assert len(pack(every_second)) < 40
    assert pack(np.ones(BLOCK, np.bool_)) == FULL
    assert unpack(FULL).all()


def some_stretches(draw: random.Random) -> tuple[list[Stretch], list[int]]:
    """A few blocks, full, empty, partly here; and the missing numbers one by one."""
    stretches, holes = [], []
    for first in range(1, 1 + 6 * BLOCK, BLOCK):
        kind = draw.choice(["full", "absent", "bits", "thin"])
        last = first + BLOCK - 1
        if kind == "full":
            stretches.append(Stretch(first, last, 0))
            continue
        present = np.zeros(BLOCK, np.bool_)
        if kind == "bits":
            present = np.array([draw.random() < 0.9 for _ in range(BLOCK)])
        elif kind == "thin":
            present = np.arange(BLOCK) % 2 == 0
        missing = [first + int(n) for n in np.flatnonzero(~present)]
        bits = pack(present) if present.any() else FULL
        stretches.append(Stretch(first, last, len(missing), bits))
        holes += missing
    return stretches, holes


@pytest.mark.parametrize("seed", range(8))
def test_rank_and_runs_agree_with_a_list(seed: int) -> None:
    draw = random.Random(seed)
    stretches, holes = some_stretches(draw)
    missing = Missing(stretches)
    assert missing.total == len(holes)
    for _ in range(50):
        number = draw.randrange(0, 7 * BLOCK)
        assert missing.rank(number) == sum(hole <= number for hole in holes)
    for _ in range(20 if holes else 0):
        first = draw.randint(1, len(holes))
        last = draw.randint(first, len(holes))
        runs = list(missing.runs(first, last))
        assert [n for low, high in runs for n in range(low, high + 1)] == holes[first - 1 : last]
        assert all(one[1] < other[0] - 1 for one, other in pairwise(runs))


def test_numbers_without_end_cost_nothing() -> None:
    missing = Missing([Stretch(2, (1 << 63) - 2, (1 << 63) - 3)])
    assert missing.rank(1 << 62) == (1 << 62) - 1
    assert list(missing.runs(5, missing.total)) == [(6, (1 << 63) - 2)]
