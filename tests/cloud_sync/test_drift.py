"""Drift: the stated false-alarm rate is the real one, and a real shift is found."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from cloud_sync.learning.drift import (
    calibrated_threshold,
    dependence_block,
    ks_distance,
    measure,
    split_history,
)
from cloud_sync.learning.planning import watch_drift
from cloud_sync.store.models import Blob, Bundle, Sample
from kits.core.sample import utc_now
from tests.cloud_sync.hub_builders import NOON, PROJECT, open_hub


def wandering(rng: np.random.Generator, n: int, memory: float = 0.8) -> np.ndarray:
    """First-order autoregressive scores with unit variance."""
    noise = rng.normal(0, np.sqrt(1 - memory**2), n)
    scores = np.empty(n)
    scores[0] = rng.normal()
    for i in range(1, n):
        scores[i] = memory * scores[i - 1] + noise[i]
    return scores


def test_distance_of_known_samples() -> None:
    assert ks_distance(np.array([1.0, 2.0]), np.array([1.0, 2.0])) == 0.0
    assert ks_distance(np.array([1.0, 2.0]), np.array([3.0, 4.0])) == 1.0
    assert ks_distance(np.array([1.0, 2.0, 3.0, 4.0]), np.array([3.0, 4.0])) == 0.5


@pytest.mark.parametrize(("m", "n"), [(200, 60), (400, 400)])
def test_false_alarms_are_as_rare_as_stated(m: int, n: int) -> None:
    rng = np.random.default_rng(0)
    alarms = 0
    for round_ in range(150):
        baseline, window = rng.normal(size=m), rng.normal(size=n)
        threshold = calibrated_threshold(
            baseline, n, false_alarm_rate=0.1, seed=round_, rounds=200, block=1
        )
        alarms += ks_distance(baseline, window) > threshold
    # 15 are expected; with 150 rounds the 99.9 % range of a binomial is 5 to 28
    assert 4 <= alarms <= 28


def test_wandering_scores_are_not_mistaken_for_drift() -> None:
    rng = np.random.default_rng(1)
    naive = blocked = 0
    for round_ in range(60):
        baseline, window = wandering(rng, 500), wandering(rng, 200)
        block = dependence_block(baseline)
        assert block > 3
        for length in (1, block):
            threshold = calibrated_threshold(
                baseline, 200, false_alarm_rate=0.05, seed=round_, rounds=150, block=length
            )
            alarm = ks_distance(baseline, window) > threshold
            naive += alarm and length == 1
            blocked += alarm and length != 1
    assert naive > 15
    assert blocked <= 12


def test_independent_scores_need_no_blocks() -> None:
    rng = np.random.default_rng(2)
    blocks = [dependence_block(rng.normal(size=400)) for _ in range(40)]
    assert np.mean([block == 1 for block in blocks]) > 0.8


def test_a_shift_is_found_and_explained() -> None:
    rng = np.random.default_rng(3)
    result = measure("b", rng.normal(size=800), rng.normal(0.5, 1, 300), false_alarm_rate=0.01)
    assert result.drifted
    assert result.median_shift == pytest.approx(0.5, abs=0.2)
    assert (result.window_n, result.baseline_n, result.false_alarm_rate) == (300, 800, 0.01)
    assert "1.0%" in result.text


def test_too_few_decisions_say_nothing() -> None:
    result = measure("b", np.zeros(5), np.ones(500))
    assert result.statistic is None and not result.drifted
    assert "5 of 100" in result.text


def test_baseline_and_window_never_overlap() -> None:
    history = [(NOON + timedelta(days=day), float(day)) for day in range(30)]
    baseline, window = split_history(history, NOON + timedelta(days=30))
    assert baseline.max() < window.min()
    young = [(NOON + timedelta(hours=hour), float(hour)) for hour in range(48)]
    baseline, window = split_history(young, NOON + timedelta(days=2))
    assert len(baseline) == len(window) == 24 and baseline.max() < window.min()


def test_drift_raises_one_alert_a_day(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    now = utc_now()
    with open_hub(tmp_path) as (_, hub):
        with hub.database.transaction() as session:
            session.add(Blob(digest="c" * 64, size=1))
            session.flush()
            session.add(
                Bundle(id="b" * 64, project=PROJECT, name="n", version=1, kit="k",
                       blob="c" * 64, size=1, origin="publisher", champion=True)
            )  # fmt: skip
            for i in range(300):
                old = i < 150
                session.add(
                    Sample(
                        id=f"s{i:03}", device="press-1", epoch="e", seq=i, bundle="b" * 64,
                        project=PROJECT, verdict="pass", media_type="image/png",
                        captured_at=now - timedelta(days=25 if old else 3, minutes=i),
                        score=float(rng.normal(0 if old else 1.0)),
                    )
                )  # fmt: skip
        first = watch_drift(hub, PROJECT, now=now)
        second = watch_drift(hub, PROJECT, now=now + timedelta(hours=1))
        assert first is not None and "have drifted" in first.text
        assert second is None
