"""What is usual of a sensor is learned on stretches as a device sees them, not on whole weeks."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from kits.core.window import Channel, Window
from kits.predictive_maintenance._judging.tracks import replay
from kits.predictive_maintenance._learning.recordings import cut
from kits.predictive_maintenance._learning.sensors import learn_sensors
from kits.predictive_maintenance._signals.sensors import inspect, learn_baseline
from kits.predictive_maintenance._simulated.machines import inject, make_pump, pump_history
from tests.predictive_maintenance.trained import changed, learn, plain, readings, sample

RATE_HZ, WINDOW = 0.1, 90


def test_quiet_quarter_hour_of_a_busy_week_is_no_sensor_fault() -> None:
    rng = np.random.default_rng(5)
    pump = make_pump(rng, "pump-1")
    week, _ = pump_history(rng, pump, hours=72, rate_hz=RATE_HZ)
    later, _ = pump_history(rng, pump, hours=48, rate_hz=RATE_HZ)
    baseline = learn_sensors([week], 50.0)
    starts = range(0, later.channels[0].readings.size - WINDOW, WINDOW)
    faulty = [s for s in starts if inspect(cut(later, s, s + WINDOW), baseline)]
    assert len(faulty) <= 0.01 * len(starts)


def test_unplugged_sensor_is_still_found() -> None:
    rng = np.random.default_rng(6)
    pump = make_pump(rng, "pump-1")
    week, _ = pump_history(rng, pump, hours=72, rate_hz=RATE_HZ)
    baseline = learn_sensors([week], 50.0)
    noon = cut(week, 4 * 360, 4 * 360 + WINDOW)
    spoilt = inject(noon, "unplugged", rng, channel="temperature")
    assert [(f.channel, f.kind) for f in inspect(spoilt, baseline)] == [
        ("temperature", "unplugged")
    ]


def test_hole_in_an_export_does_not_make_gaps_usual() -> None:
    rng = np.random.default_rng(7)
    pump = make_pump(rng, "pump-1")
    week, _ = pump_history(rng, pump, hours=72, rate_hz=RATE_HZ)
    flow = next(c for c in week.channels if c.name == "flow")
    flow.readings[5000:5200] = np.nan
    baseline = learn_sensors([week], 50.0)
    window = cut(week, 8000, 8000 + WINDOW)
    holes = next(c for c in window.channels if c.name == "flow").readings
    holes[::2] = np.nan
    assert ("flow", "gaps") in [(f.channel, f.kind) for f in inspect(window, baseline)]


def test_no_readings_are_kept_of_what_was_learned_from() -> None:
    """Of 57,000 rows of 170 columns that took seven gigabytes."""
    kept: list[weakref.ref[np.ndarray]] = []
    most = 0

    def windows() -> Iterator[Window]:
        nonlocal most
        draw = np.random.default_rng(0)
        for _ in range(50):
            readings = draw.normal(size=64)
            kept.append(weakref.ref(readings))
            yield Window((Channel("a", "", readings),), 1.0)
            del readings
            most = max(most, sum(one() is not None for one in kept))

    baseline = learn_baseline(windows())
    assert baseline.channels["a"].low < 0 < baseline.channels["a"].high
    assert most <= 2


def test_a_machine_that_rests_over_the_weekend_has_no_broken_sensors(tmp_path: Path) -> None:
    """Hourly readings: a rest of 80 is longer than what a model looks back on."""

    def rested(n: int, seed: int) -> Window:
        window = plain(np.random.default_rng(seed), n, "press", rate_hz=1 / 3600)
        rests = np.arange(n) % 168 >= 88
        for name in ("flow", "current"):
            window = changed(window, name, np.where(rests, 0.0, readings(window, name)))
        return window

    parts = {"train": rested(168 * 12, 1), "val": rested(168 * 6, 2), "test": rested(168 * 6, 3)}
    trained = learn([sample(w, s, split=s, group=s) for s, w in parts.items()], tmp_path)  # type: ignore[arg-type]
    (track,) = replay(trained.task("test")).tracks
    assert trained.machine.judge.history < 80
    assert not track.sensor_fault.any()
