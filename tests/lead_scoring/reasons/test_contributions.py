"""What each column adds to a score: the same as xgboost says, from arrays alone, and exact through calibration."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import xgboost

from kits.core.errors import BundleError
from kits.core.runtime import cpu_session
from kits.lead_scoring._learning import boosting
from kits.lead_scoring._models.contributions import make_tables
from kits.lead_scoring._models.trees import Trees, trees_from_bytes
from kits.lead_scoring.config import Config


def grown(depth: int, seed: int = 0) -> tuple[xgboost.Booster, Trees, np.ndarray, np.ndarray]:
    """Trees on made-up rows with missing cells and repeated splits, with rows to judge."""
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(600, 6)).astype(np.float32)
    rows[:, 3] = rng.integers(0, 2, 600)
    rows[rng.random(rows.shape) < 0.15] = np.nan
    logit = np.nan_to_num(rows[:, 0]) * np.nan_to_num(rows[:, 1]) + np.nan_to_num(rows[:, 3])
    won = (rng.random(600) < 1 / (1 + np.exp(-logit))).astype(np.float64)
    config = Config.model_validate({"trees": 30, "depth": depth, "learning_rate": 0.3})
    booster = boosting.grow(rows, won, config, seed=seed, device="cpu")
    trees = boosting.arrays_of(booster, boosting.base_rate(won))
    return booster, trees, rows, won


@pytest.mark.parametrize("depth", [2, 4, 6])
def test_columns_add_what_xgboost_says(depth: int) -> None:
    booster, trees, rows, _ = grown(depth)
    expected = booster.predict(xgboost.DMatrix(rows[:80]), pred_contribs=True)
    tables = make_tables(trees, np.arange(6), 6)
    found = np.array([tables.of(row) for row in rows[:80]])
    assert np.abs(found - expected[:, :-1]).max() < 1e-4
    assert abs(tables.base - expected[0, -1]) < 1e-4


def test_columns_of_one_group_are_added_up() -> None:
    _, trees, rows, _ = grown(4)
    apart = make_tables(trees, np.arange(6), 6).of(rows[0])
    together = make_tables(trees, np.array([0, 0, 1, 1, 1, 2]), 3).of(rows[0])
    assert together == pytest.approx([apart[:2].sum(), apart[2:5].sum(), apart[5]])


def test_trees_that_find_nothing_to_split_by_add_nothing() -> None:
    rows, won = np.zeros((50, 3), np.float32), (np.arange(50) % 3 == 0).astype(np.float64)
    booster = boosting.grow(rows, won, Config(trees=10), seed=0, device="cpu")
    trees = boosting.arrays_of(booster, boosting.base_rate(won))
    tables = make_tables(trees, np.arange(3), 3)
    assert tables.of(rows[0]).tolist() == [0, 0, 0]
    assert tables.base == pytest.approx(boosting.margins(booster, rows)[0], abs=1e-5)


def test_arrays_onnx_and_xgboost_give_the_same_log_odds() -> None:
    booster, trees, rows, _ = grown(5)
    kept = trees_from_bytes(trees.to_bytes())
    expected = boosting.margins(booster, rows)
    assert np.abs(kept.margins(rows) - expected).max() < 1e-4
    session = cpu_session(boosting.to_onnx(trees, 6))
    margins = session.run({"rows": rows})[0][:, 0].astype(np.float64)
    assert np.abs(margins - expected).max() < 1e-4


def test_trees_that_would_run_in_circles_are_refused() -> None:
    _, trees, _, _ = grown(2)
    left = trees.left.copy()
    left[0] = 0
    endless = replace(trees, left=left)
    with pytest.raises(BundleError, match="do not make trees"):
        trees_from_bytes(endless.to_bytes())


def test_bytes_that_are_no_trees_are_refused() -> None:
    for content in (b"", b"PK\x03\x04", b"{}", b"\x80\x04." * 9):
        with pytest.raises(BundleError, match="not the trees"):
            trees_from_bytes(content)
