"""Physics: an answer from bearing numbers, speed and class alone, before anything was recorded."""

from __future__ import annotations

import numpy as np
import pytest

from kits.core.window import Channel, Window
from kits.predictive_maintenance._device.physics import (
    ALARM,
    WARN,
    PhysicsJudge,
    PhysicsSpec,
    assess,
    orders_hz,
    zone_score,
)
from kits.predictive_maintenance._learning.physics import physics_of
from kits.predictive_maintenance._simulated.machines import (
    BearingFault,
    bearing_capture,
    make_motor,
)
from kits.predictive_maintenance.config import Config
from tests.predictive_maintenance.signals import sine

BEARING = physics_of(Config(bearings=("6205",), speed_rpm=1480))
ZONES = physics_of(Config(machine_class="group2-rigid"))


def capture(fault: BearingFault | None, seed: int = 0) -> Window:
    rng = np.random.default_rng(seed)
    return bearing_capture(rng, make_motor(rng, "m"), seconds=1.5, fault=fault, severity=0.9)


def test_strong_evidence_is_worth_an_alarm_by_itself() -> None:
    rng = np.random.default_rng(0)
    window = bearing_capture(
        rng, make_motor(rng, "m"), seconds=10.0, rate_hz=12_800, fault="outer", severity=1.0
    )
    assert assess(window, BEARING).score >= ALARM


@pytest.mark.parametrize("fault", ["outer", "inner"])
def test_a_plain_bearing_fault_has_its_name_and_more_score_than_health(fault: BearingFault) -> None:
    for seed in range(3):
        found = assess(capture(fault, seed), BEARING)
        assert found.label == fault
        assert found.score > 1.5
    assert any("6205" in reason.text for reason in found.reasons)


def test_a_healthy_bearing_is_below_every_level() -> None:
    for seed in range(5):
        found = assess(capture(None, seed), BEARING)
        assert found.score < 1.5
        assert found.label == ""


def test_the_orders_are_told_for_the_speed_of_the_window() -> None:
    window = capture(None)
    slow = Window(window.channels, window.rate_hz, None, {"asset": "m", "speed_rpm": 740.0})
    usual, half = orders_hz(window, BEARING), orders_hz(slow, BEARING)
    assert half["6205 BPFO"] == pytest.approx(usual["6205 BPFO"] / 2, rel=1e-3)


def vibration(velocity_mm_s: float, unit: str = "mm/s") -> Window:
    readings = sine(50.0, 1.0, 5_000.0, velocity_mm_s * np.sqrt(2))
    return Window((Channel("v", unit, readings),), 5_000.0, None, {"asset": "fan"})


def test_zones_are_those_of_the_machine_class() -> None:
    ends = ZONES.zone_ends
    assert ends is not None
    for velocity, low, high in (
        (0.5 * ends[0], 0, 1),
        (1.1 * ends[0], 1, WARN),
        (1.1 * ends[1], WARN, ALARM),
        (1.5 * ends[2], ALARM, 9),
    ):
        assert low <= assess(vibration(velocity), ZONES).score <= high


def test_zone_d_says_so_with_its_source() -> None:
    found = assess(vibration(12.0), ZONES)
    assert any("zone D" in reason.text and "20816" in reason.text for reason in found.reasons)


def test_the_scale_of_zones_has_no_jump() -> None:
    ends = (1.4, 2.8, 4.5)
    assert [zone_score(v, ends) for v in (0.0, *ends)] == pytest.approx([0, 1, 2, 3])
    assert zone_score(4.5001, ends) == pytest.approx(3, abs=1e-3)
    assert zone_score(9.0, ends) == pytest.approx(6)


@pytest.mark.parametrize(
    "window",
    [
        Window((Channel("t", "°C", np.zeros(100, np.float32)),), 1.0),
        Window((Channel("v", "g", np.full(5000, np.nan, np.float32)),), 5_000.0),
        Window((Channel("v", "g", np.zeros(4, np.float32)),), 5_000.0),
        Window((Channel("v", "", np.zeros(5000, np.float32)),), 5_000.0),
    ],
    ids=["slow", "missing", "short", "without a unit"],
)
def test_what_is_no_vibration_is_no_opinion(window: Window) -> None:
    found = assess(window, BEARING.model_copy(update={"zone_ends": ZONES.zone_ends}))
    assert not found.score >= WARN
    assert found.label == ""


def test_a_channel_that_cannot_be_believed_is_not_heard() -> None:
    trace = PhysicsJudge(BEARING).trace(capture("outer"), frozenset({"vibration"}))
    assert np.isnan(trace.score[0])
    assert trace.quantities == {}
    assert trace.reasons(0) == ()


def test_nothing_known_is_nothing_said() -> None:
    assert not PhysicsSpec().knows_something
    assert np.isnan(assess(capture("outer"), PhysicsSpec()).score)
