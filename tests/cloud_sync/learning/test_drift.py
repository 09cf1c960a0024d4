"""Drift: the stated false-alarm rate is the real one, and a real shift is found."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import delete, insert

from cloud_sync.hub import Hub
from cloud_sync.learning import history
from cloud_sync.learning.drift import (
    FALSE_ALARM_RATE,
    LOOKS,
    MAX_POINTS,
    MIN_BASELINE,
    SIMULATED,
    DriftResult,
    Series,
    calibrated_threshold,
    dependence_block,
    halves,
    ks_distance,
    measure,
    threshold_of,
    unlikeness,
)
from cloud_sync.learning.history import drift_of
from cloud_sync.learning.planning import watch_drift
from cloud_sync.store.models import Alert, Blob, Bundle, Sample, Setting
from kits.core.sample import utc_now
from tests.cloud_sync.hub_builders import PROJECT, open_hub

CHAMPION = "b" * 64


def wandering(rng: np.random.Generator, n: int, memory: float = 0.8) -> np.ndarray:
    """First-order autoregressive scores with unit variance."""
    noise = rng.normal(0, np.sqrt(1 - memory**2), n)
    scores = np.empty(n)
    scores[0] = rng.normal()
    for i in range(1, n):
        scores[i] = memory * scores[i - 1] + noise[i]
    return scores


def days(scores: np.ndarray, count: int = 7) -> Series:
    """Scores evenly over some days."""
    return Series(scores, np.arange(len(scores)) * count // len(scores))


def test_distance_of_known_samples() -> None:
    assert ks_distance(np.array([1.0, 2.0]), np.array([1.0, 2.0])) == 0.0
    assert ks_distance(np.array([1.0, 2.0]), np.array([3.0, 4.0])) == 1.0
    assert ks_distance(np.array([1.0, 2.0, 3.0, 4.0]), np.array([3.0, 4.0])) == 0.5


@pytest.mark.parametrize(("m", "n"), [(200, 60), pytest.param(400, 400, marks=pytest.mark.slow)])
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


@pytest.mark.slow
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


@pytest.mark.slow
def test_looking_each_hour_for_a_year_alarms_as_rarely_as_stated() -> None:
    """At a rate for one look every second year alarmed, though nothing changed."""
    rng, per_day, years = np.random.default_rng(9), 20, 30
    single = math.sqrt(math.log(2 / SIMULATED) / math.log(2 * LOOKS / FALSE_ALARM_RATE))
    alarmed = alarmed_singly = 0
    for _ in range(years):
        at = np.arange(365 * per_day) / per_day
        scores = rng.normal(size=len(at))
        baseline = days(scores[at < 7])
        limit = threshold_of(
            baseline, baseline, false_alarm_rate=FALSE_ALARM_RATE, block=1, rounds=300
        )
        looks = [
            ks_distance(baseline.scores, scores[end - 7 * per_day : end])
            for end in range(14 * per_day, len(at), 4)
        ]
        alarmed += max(looks) > limit
        alarmed_singly += max(looks) > limit * single
    # 3 are expected of one, with 30 years the 99.9 % range of a binomial is 0 to 9
    assert alarmed <= 9 < alarmed_singly


@pytest.mark.slow
@pytest.mark.parametrize("per_day", [40, 150])
def test_orders_that_differ_by_the_day_are_no_drift(per_day: int) -> None:
    """Days differ by half of a standard deviation: decisions that were taken for independent drifted each week."""
    rng = np.random.default_rng(10)
    alarms = naive = 0
    for round_ in range(60):
        scores = rng.normal(size=14 * per_day) + np.repeat(rng.normal(0, 0.5, 14), per_day)
        first, last = days(scores[: 7 * per_day]), days(scores[7 * per_day :])
        distance = ks_distance(first.scores, last.scores)
        one = calibrated_threshold(first.scores, len(last), seed=round_, rounds=100, block=1)
        naive += distance > one
        alarms += distance > one * unlikeness(first, last, 0.01)
    assert naive > 12
    assert alarms <= 5


def test_a_change_within_the_window_does_not_hide_itself() -> None:
    """Days of the window differ because of it; how far they usually do is known of the first days."""
    rng = np.random.default_rng(11)
    window = rng.normal(size=420) + (np.arange(420) >= 180)
    assert measure("b", days(rng.normal(size=420)), days(window)).drifted


def test_a_shift_is_found_and_explained() -> None:
    rng = np.random.default_rng(3)
    result = measure("b", days(rng.normal(size=800)), days(rng.normal(0.5, 1, 300)))
    assert result.drifted
    assert result.median_shift == pytest.approx(0.5, abs=0.2)
    assert (result.window_n, result.baseline_n, result.false_alarm_rate) == (300, 800, 0.1)
    assert "10% of years" in result.text


def test_too_few_decisions_say_nothing() -> None:
    result = measure("b", days(np.zeros(5)), days(np.ones(500)))
    assert result.statistic is None and not result.drifted
    assert "5 of 100" in result.text


def test_halves_never_overlap_and_are_thinned_evenly() -> None:
    earlier, later = halves(days(np.arange(48.0)))
    assert len(earlier) == len(later) == 24 and earlier.scores.max() < later.scores.min()
    thinned = days(np.arange(10_000.0)).thinned()
    assert len(thinned) == len(thinned.cells) == MAX_POINTS
    assert np.diff(thinned.scores).max() <= 6


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    """A hub with a champion that has decided nothing yet."""
    with open_hub(tmp_path, retention={"samples_days": 100}) as (_, hub):
        with hub.database.transaction() as session:
            session.add(Blob(digest="c" * 64, size=1))
            session.flush()
            session.add(
                Bundle(id=CHAMPION, project=PROJECT, name="n", version=1, kit="k",
                       blob="c" * 64, size=1, origin="publisher", champion=True)
            )  # fmt: skip
        yield hub


def decide(hub: Hub, scores: np.ndarray, first: datetime, last: datetime) -> None:
    """Decisions evenly over a time."""
    step = (last - first) / len(scores)
    with hub.database.transaction() as session:
        known = session.query(Sample).count()
        session.execute(
            insert(Sample),
            [
                {
                    "id": f"s{known + n}", "device": "press-1", "epoch": "e", "seq": known + n,
                    "bundle": CHAMPION, "project": PROJECT, "verdict": "pass",
                    "media_type": "image/png", "captured_at": first + n * step,
                    "score": float(score),
                }
                for n, score in enumerate(scores)
            ],
        )  # fmt: skip


def look(hub: Hub, now: datetime) -> DriftResult:
    with hub.database.session() as session:
        return drift_of(hub, session, session.get_one(Bundle, CHAMPION), now=now)


def test_a_slow_drift_is_found_however_fast_the_line_is(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The yardstick is the first week, also when the last days alone are more than is read."""
    monkeypatch.setattr(history, "SLICE_ROWS", 2)
    rng = np.random.default_rng(5)
    now, days, rate = utc_now(), 60, 120
    moving = np.linspace(0, 2, days * rate) + rng.normal(size=days * rate)
    decide(hub, moving, now - timedelta(days=days), now)
    found = look(hub, now)
    assert found.drifted
    assert found.statistic is not None and found.statistic > 0.5
    assert found.baseline_n == found.window_n == 2 * 7 * 24


def test_a_young_bundle_is_measured_by_its_own_first_half(hub: Hub) -> None:
    now = utc_now()
    scores = np.random.default_rng(6).normal(size=400)
    decide(hub, scores, now - timedelta(days=2), now)
    found = look(hub, now)
    assert (found.baseline_n, found.window_n) == (200, 200)
    assert not found.drifted
    assert not history.note_baseline(hub, CHAMPION, now)


def test_pruning_the_first_days_does_not_move_the_yardstick(hub: Hub) -> None:
    """What people labelled stays, and that is mostly what looked odd."""
    rng = np.random.default_rng(7)
    start = utc_now() - timedelta(days=200)
    first, now = rng.normal(size=600), utc_now()
    decide(hub, first, start, start + timedelta(days=7))
    watch_drift(hub, PROJECT, now=start + timedelta(days=8))
    decide(hub, rng.normal(size=600), now - timedelta(days=7), now)
    before = look(hub, now)
    with hub.database.transaction() as session:
        odd = Sample.score < 1.0
        session.execute(delete(Sample).where(odd, Sample.captured_at < now - timedelta(days=100)))
    after = look(hub, now)
    assert after == before
    assert not after.drifted
    assert after.baseline_n == 600


def test_first_days_that_were_pruned_before_they_were_noted_are_no_yardstick(hub: Hub) -> None:
    rng = np.random.default_rng(8)
    now = utc_now()
    decide(hub, rng.normal(4, 1, 150), now - timedelta(days=200), now - timedelta(days=193))
    decide(hub, rng.normal(size=600), now - timedelta(days=90), now)
    found = look(hub, now)
    assert not found.drifted
    assert 0 < found.baseline_n < 60 < MIN_BASELINE
    assert not history.note_baseline(hub, CHAMPION, now)


def standing(hub: Hub) -> list[str]:
    with hub.database.session() as session:
        return [alert.where for alert in session.query(Alert).filter(Alert.seen_at.is_(None))]


@pytest.mark.slow
def test_an_alert_stands_while_it_lasts_and_is_told_once(hub: Hub) -> None:
    """A week of another material was an alert each day, of which each stood until somebody had seen it."""
    rng, now = np.random.default_rng(12), utc_now()
    decide(hub, rng.normal(size=300), now - timedelta(days=60), now - timedelta(days=53))
    decide(hub, rng.normal(1.0, 1, 300), now - timedelta(days=40), now - timedelta(days=30))
    decide(hub, rng.normal(size=600), now - timedelta(days=30), now)
    told = [
        watch_drift(hub, PROJECT, now=now - timedelta(days=day, hours=hour))
        for day in range(41, 29, -1)
        for hour in (12, 0)
    ]
    assert sum(map(len, told)) == 1
    assert len(standing(hub)) == 1
    assert watch_drift(hub, PROJECT, now=now) == ()
    assert standing(hub) == []


def test_an_alert_of_a_champion_ends_with_it(hub: Hub) -> None:
    rng, now = np.random.default_rng(13), utc_now()
    decide(hub, rng.normal(size=300), now - timedelta(days=25), now - timedelta(days=18))
    decide(hub, rng.normal(1.0, 1, 300), now - timedelta(days=7), now)
    assert len(watch_drift(hub, PROJECT, now=now)) == len(standing(hub)) == 1
    with hub.database.transaction() as session:
        session.get_one(Bundle, CHAMPION).champion = False
        session.flush()
        session.add(
            Bundle(id="d" * 64, project=PROJECT, name="n", version=2, kit="k",
                   blob="c" * 64, size=1, origin="publisher", champion=True)
        )  # fmt: skip
    assert watch_drift(hub, PROJECT, now=now) == ()
    assert standing(hub) == []


def test_first_days_that_were_noted_without_their_days_are_a_yardstick(hub: Hub) -> None:
    rng, now = np.random.default_rng(15), utc_now()
    noted = {
        "ends_at": (now - timedelta(days=20)).isoformat(),
        "scores": [float(one) for one in rng.normal(size=300)],
    }
    with hub.database.transaction() as session:
        session.add(Setting(key=f"drift-baseline:{CHAMPION}", value=noted))
    decide(hub, rng.normal(1.0, 1, 300), now - timedelta(days=7), now)
    assert look(hub, now).drifted


def test_a_morning_is_not_held_beside_a_week(hub: Hub) -> None:
    """A shift that differs from the other two is the whole window for a while."""
    rng, now = np.random.default_rng(14), utc_now()
    hours = np.arange(7 * 24)
    scores = rng.normal(size=(len(hours), 10)) + np.where(hours % 24 < 8, 2.0, 0.0)[:, None]
    decide(hub, scores.ravel(), now - timedelta(days=7, hours=6), now - timedelta(hours=6))
    decide(hub, rng.normal(2.0, 1, 60), now - timedelta(hours=6), now)
    history.note_baseline(hub, CHAMPION, now)
    assert look(hub, now).statistic is None


def test_drift_raises_one_alert_a_day(hub: Hub) -> None:
    rng = np.random.default_rng(4)
    now = utc_now()
    decide(hub, rng.normal(size=150), now - timedelta(days=25), now - timedelta(days=20))
    decide(hub, rng.normal(1.0, 1, 150), now - timedelta(days=3), now)
    (first,) = watch_drift(hub, PROJECT, now=now)
    second = watch_drift(hub, PROJECT, now=now + timedelta(hours=1))
    assert "have drifted" in first.text
    assert second == ()
