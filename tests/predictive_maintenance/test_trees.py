"""Boosted trees of machines: the same whatever the number of threads, which is how busy the machine was."""

from __future__ import annotations

import numpy as np
import pytest

from kits.predictive_maintenance._learning import trees


@pytest.mark.parametrize("quantile", [None, 0.1])
def test_remaining_life_does_not_depend_on_the_number_of_threads(
    monkeypatch: pytest.MonkeyPatch, quantile: float | None
) -> None:
    rng = np.random.default_rng(3)
    rows = rng.normal(size=(3_000, 20))
    # columns that say the same: splits that are equally good are the hard case
    rows[:, 12:] = rows[:, :8]
    life = 100 * np.exp(rows[:, 0] / 2) + rng.normal(size=3_000) * 7.3

    def learned(number: int) -> bytes:
        monkeypatch.setattr(trees, "threads_for", lambda _work, _each: number)
        model = trees.regressor(rows, life, trees=30, depth=5, seed=1, quantile=quantile)
        return bytes(model.get_booster().save_raw("json"))

    assert learned(4) == learned(1)


def test_faults_do_not_depend_on_the_number_of_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(4)
    rows = rng.normal(size=(3_000, 20))
    rows[:, 12:] = rows[:, :8]
    classes = (rows[:, 1] > 0).astype(np.intp) + (rows[:, 2] > 1)

    def learned(number: int) -> bytes:
        monkeypatch.setattr(trees, "threads_for", lambda _work, _each: number)
        model = trees.classifier(rows, classes, trees=15, depth=5, seed=1)
        return bytes(model.predict_proba(rows.astype(np.float32)).tobytes())

    assert learned(4) == learned(1)
