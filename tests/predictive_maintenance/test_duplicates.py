"""Copies of a recording are found whatever they were called, shifted or scaled; others are not."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from kits.core.window import Channel, Window, encode_window
from kits.predictive_maintenance.data import near_duplicates


def packed(values: NDArray[np.float64]) -> bytes:
    return encode_window(Window((Channel("v", "g", values.astype(np.float32)),), 1000.0))


def noise(seed: int, n: int = 4000) -> NDArray[np.float64]:
    return np.random.default_rng(seed).normal(0, 1, n)


@pytest.mark.parametrize(
    "copy",
    [
        lambda v: v[1500:],
        lambda v: v[:2500],
        lambda v: v * 9.81 + 3,
        lambda v: np.concatenate([noise(9, 1000), v[700:3000]]),
    ],
)
def test_copies_are_found(copy: object) -> None:
    assert callable(copy)
    original = noise(1)
    contents = [("a", packed(original)), ("b", packed(copy(original))), ("c", packed(noise(2)))]
    assert near_duplicates(contents) == [("a", "b")]


def test_machines_that_run_alike_are_no_copies() -> None:
    turn = np.sin(2 * np.pi * np.arange(4000) / 40)
    contents = [(str(i), packed(turn + 0.05 * noise(i))) for i in range(6)]
    assert near_duplicates(contents) == []


def test_machines_that_work_the_same_shifts_are_no_copies() -> None:
    """A speed that stands at nought or at 1480, with the noise of its sensor: only when it is switched on is its shape."""
    runs = np.arange(4000) % 144 >= 60
    contents = [(str(i), packed(1480 * runs + 2 * noise(i))) for i in range(6)]
    assert near_duplicates(contents) == []
    assert near_duplicates([*contents, ("copy", packed(1480 * runs + 2 * noise(3)))]) == [
        ("3", "copy")
    ]


def test_smooth_courses_are_no_copies() -> None:
    at = np.arange(4000)
    warm = [1 - np.exp(-(at % 900) / tau) + np.sin(at / 70) for tau in (100.0, 100.5, 101.0)]
    assert near_duplicates([(str(i), packed(v)) for i, v in enumerate(warm)]) == []


def test_single_rows_flat_signals_and_damaged_bytes_say_nothing() -> None:
    row = Window((Channel("v", "", np.array([1.0], np.float32)),))
    contents = [
        ("a", encode_window(row)),
        ("b", encode_window(row)),
        ("c", packed(np.zeros(4000))),
        ("d", packed(np.zeros(4000))),
        ("e", b"damaged"),
    ]
    assert near_duplicates(contents) == []
