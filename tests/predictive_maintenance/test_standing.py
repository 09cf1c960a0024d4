"""Stops of a machine that runs for days between them, where no channel says that it stands."""

from __future__ import annotations

import numpy as np

from kits.predictive_maintenance._device.rows import RowSpec
from kits.predictive_maintenance._learning.standing import stands_or_runs
from kits.predictive_maintenance.config import Config

ROWS = 12_000
STOPS = (8, 30, 12, 9, 80, 15, 20, 11)


def running(seed: int = 0) -> np.ndarray:
    """(rows, 3): a flow that follows the demand, a current that follows it, a temperature that does not."""
    rng = np.random.default_rng(seed)
    demand = np.convolve(rng.normal(0, 1, ROWS + 199), np.ones(200) / 14, "valid").clip(-3, 3)
    flow = 80 + 13 * demand + rng.normal(0, 1, ROWS)
    return np.stack([flow, 20 + 0.3 * flow, 40 + rng.normal(0, 1, ROWS)], axis=1)


def stopped(values: np.ndarray, columns: tuple[int, ...], lengths: tuple[int, ...]) -> np.ndarray:
    changed = values.copy()
    for number, length in enumerate(lengths):
        start = 500 + number * ROWS // (len(lengths) + 1)
        changed[start : start + length, list(columns)] = 0.0
    return changed


def told(values: np.ndarray) -> tuple[bool, str]:
    rows = RowSpec(kind="readings", channels=("flow", "current", "heat"))
    spec, said = stands_or_runs([values], rows, Config(), 0)
    return spec is not None, said


def test_seldom_stops_that_two_channels_show_are_told() -> None:
    values = stopped(running(), (0, 1), STOPS)
    rows = RowSpec(kind="readings", channels=("flow", "current", "heat"))
    spec, said = stands_or_runs([values], rows, Config(), 0)
    assert spec is not None
    assert "told by flow" in said or "told by current" in said
    standing = spec.nearest(values) == spec.nearest(np.zeros((9, 3)))[0]
    assert standing[values[:, 0] == 0].mean() > 0.8
    assert standing.mean() < 0.03


def test_one_channel_that_shows_nothing_may_be_its_cable() -> None:
    assert told(stopped(running(), (0,), STOPS))[0] is False


def test_channels_without_stops_tell_none() -> None:
    assert told(running())[0] is False


def test_stops_so_often_that_hardly_anything_would_be_judged_are_not_told() -> None:
    assert told(stopped(running(), (0, 1), (10,) * 400))[0] is False
