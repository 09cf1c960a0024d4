"""Trees are the same whatever the number of threads: how busy a machine is must not decide what is learned."""

from __future__ import annotations

import numpy as np
import pytest

from kits.lead_scoring._learning import boosting
from kits.lead_scoring.config import Config

ROWS = 6_000


def made() -> tuple[np.ndarray, np.ndarray]:
    """Leads of numbers, gaps, and columns that say the same: splits that are equally good are the hard case."""
    rng = np.random.default_rng(11)
    numbers = rng.normal(size=(ROWS, 6)).astype(np.float32)
    flags = (rng.random((ROWS, 4)) < 0.3).astype(np.float32)
    numbers[rng.random(numbers.shape) < 0.2] = np.nan
    matrix = np.concatenate([numbers, flags, numbers[:, ::-1], 1 - flags], axis=1)
    chance = 1 / (1 + np.exp(2.5 - np.nan_to_num(numbers[:, 0]) - flags[:, 1]))
    return np.ascontiguousarray(matrix), (rng.random(ROWS) < chance).astype(np.float64)


@pytest.mark.parametrize("threads", [2, 3, 8])
def test_trees_do_not_depend_on_the_number_of_threads(
    monkeypatch: pytest.MonkeyPatch, threads: int
) -> None:
    matrix, won = made()

    def grown(number: int) -> bytes:
        monkeypatch.setattr(boosting, "threads_for", lambda _work, _each: number)
        booster = boosting.grow(matrix, won, Config(trees=60), seed=1, device="cpu")
        return boosting.arrays_of(booster, boosting.base_rate(won)).to_bytes()

    assert grown(threads) == grown(1)
