"""The chain over tokens: its shortcuts find the very path that trying all paths finds, and its probabilities are right."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from numpy.typing import NDArray

from kits.support_triage._entities.chain import best_path, marginals, sure_around
from kits.support_triage._entities.crf import allowed_steps

Floats = NDArray[np.float64]
WIDTH = 5


def chain(seed: int, size: int) -> tuple[Floats, Floats]:
    """Emissions and steps; in some nothing leads at most tokens, as in mails, in some it never does."""
    rng = np.random.default_rng(seed)
    loud = rng.choice([0.3, 1.0, 5.0])
    emissions = rng.normal(size=(size, WIDTH)) * loud
    emissions[:, 0] += rng.choice([0.0, 2.0, 4.0]) * loud
    steps = allowed_steps(WIDTH) + rng.normal(size=(WIDTH, WIDTH)) * rng.choice([0.2, 1.0, 3.0])
    steps[0, 0] += rng.choice([-2.0, 0.0, 2.0])
    return emissions, steps


def score(path: tuple[int, ...], emissions: Floats, steps: Floats) -> float:
    before, total = 0, 0.0
    for at, tag in enumerate(path):
        total += emissions[at, tag] + steps[before, tag]
        before = tag
    return float(total)


@pytest.mark.parametrize("seed", range(60))
def test_the_best_path_is_the_best_of_all(seed: int) -> None:
    size = 1 + seed % 6
    emissions, steps = chain(seed, size)
    best = max(score(path, emissions, steps) for path in product(range(WIDTH), repeat=size))
    found = best_path(emissions, steps)
    assert score(tuple(found), emissions, steps) == pytest.approx(best)


@pytest.mark.parametrize("seed", range(20))
def test_probabilities_are_shares_of_all_paths(seed: int) -> None:
    size = 1 + seed % 5
    emissions, steps = chain(seed, size)
    expected = np.zeros((size, WIDTH))
    for path in product(range(WIDTH), repeat=size):
        weight = np.exp(score(path, emissions, steps))
        expected[np.arange(size), list(path)] += weight
    expected /= expected.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(marginals(emissions, steps), expected, atol=1e-9)


def test_a_long_chain_neither_overflows_nor_vanishes() -> None:
    emissions, steps = chain(3, 2_000)
    found = marginals(emissions * 20, steps)
    np.testing.assert_allclose(found.sum(axis=1), 1)


@pytest.mark.parametrize("seed", range(20))
def test_far_tokens_hardly_change_what_is_sure_of_a_span(seed: int) -> None:
    rng = np.random.default_rng(seed)
    steps = allowed_steps(WIDTH) + rng.normal(size=(WIDTH, WIDTH)) * 0.3
    emissions = rng.normal(size=(80, WIDTH))
    emissions[:, 0] += 5
    for at in (0, 30, 33, 79):
        emissions[at, 1] += 11
    path = best_path(emissions, steps)
    spans = [at for at, tag in enumerate(path) if tag]
    assert spans
    whole, near = marginals(emissions, steps), sure_around(path, emissions, steps)
    np.testing.assert_allclose(near[spans], whole[spans], atol=1e-4)
