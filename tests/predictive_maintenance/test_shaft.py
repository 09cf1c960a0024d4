"""Which statement of the shaft's speed is believed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from kits.core.window import Channel, Window
from kits.predictive_maintenance._device.shaft import (
    ShaftSpec,
    heard,
    silenced,
    stated,
    tachos,
    turning,
)
from kits.predictive_maintenance._simulated.machines import RunUp, bearing_capture, gear_capture
from tests.predictive_maintenance.signals import RATE, noise, sine

SECONDS = 2.0
BY_CONVENTION = ShaftSpec()


def window(*channels: Channel, **attributes: float) -> Window:
    vibration = Channel("v", "g", noise(int(SECONDS * RATE)))
    return Window((vibration, *channels), RATE, None, {"asset": "m", **attributes})


def speed(rpm: float, name: str = "drive", unit: str = "rpm", to: float | None = None) -> Channel:
    course = np.linspace(rpm, rpm if to is None else to, 20).astype(np.float32)
    return Channel(name, unit, course, 10.0)


def rpm(given: Window, spec: ShaftSpec = BY_CONVENTION, configured: float = 0.0) -> float:
    return turning(given, spec, configured).speed_hz * 60


def test_a_channel_counts_before_an_attribute_before_the_configured_speed() -> None:
    assert rpm(window()) == 0
    assert rpm(window(), configured=1480) == 1480
    assert rpm(window(speed_rpm=1490.0), configured=1480) == 1490
    assert rpm(window(speed(1500), speed_rpm=1490.0), configured=1480) == pytest.approx(1500)


def test_a_channel_of_another_shaft_does_not_count_unless_it_is_named() -> None:
    given = window(speed(300), speed_rpm=1490.0)
    assert rpm(given) == pytest.approx(1490)
    assert rpm(given, ShaftSpec(speed_channel="drive")) == pytest.approx(300)


def test_of_two_channels_in_rpm_none_counts_before_one_is_named() -> None:
    given = window(speed(1500, "motor"), speed(300, "fan", "1/min"))
    assert rpm(given) == 0
    assert rpm(given, ShaftSpec(speed_channel="fan")) == pytest.approx(300)
    assert rpm(window(speed(1500)), ShaftSpec(speed_channel="none")) == 0


def test_a_named_channel_in_hz_is_no_speed_in_rpm() -> None:
    given = window(speed(25, "shaft", "Hz"))
    assert rpm(given, ShaftSpec(speed_channel="shaft")) == pytest.approx(1500)


@pytest.mark.parametrize("sensor", ["speed", "tacho"])
def test_a_run_up_is_followed_by_either_sensor(sensor: str) -> None:
    run_up = RunUp(900, 1_800, sensor)  # type: ignore[arg-type]
    given = gear_capture(np.random.default_rng(0), seconds=2.0, speed_rpm=run_up)
    found = turning(given, ShaftSpec())
    turns = found.angles(given.rate_hz, given.channels[0].readings.size)
    assert found.speed_hz == pytest.approx(22.5, rel=0.01)
    assert turns is not None
    assert turns[-1] == pytest.approx(45, rel=0.01)
    assert found.fastest_hz == pytest.approx(30, rel=0.05)


def test_a_tacho_of_many_pulses_and_one_missed_give_the_speed() -> None:
    turns = np.arange(int(SECONDS * RATE)) * 25 / RATE
    pulses = (np.sin(2 * np.pi * 4 * turns) > 0.8).astype(np.float32)
    pulses[(turns > 20.0) & (turns < 20.2)] = 0
    given = window(Channel("Tacho 1", "V", pulses))
    found = turning(given, ShaftSpec(pulses_per_turn=4))
    assert found.speed_hz == pytest.approx(25, rel=0.003)
    assert found.angles(RATE, 100) is None, "the missed pulse is no change of speed"


def test_a_tacho_is_named_or_found_by_its_name_and_is_not_listened_to() -> None:
    pulses = Channel("ch4", "V", (noise(int(SECONDS * RATE)) > 0).astype(np.float32))
    given = window(pulses)
    assert tachos(given, ShaftSpec()) == ()
    assert tachos(given, ShaftSpec(tacho_channel="ch4")) == ("ch4",)
    assert [c.name for c in heard(given, ShaftSpec(tacho_channel="ch4"))] == ["v"]
    named = window(replace(pulses, name="Keyphasor"))
    assert tachos(named, ShaftSpec()) == ("Keyphasor",)
    assert tachos(named, ShaftSpec(tacho_channel="none")) == ()
    assert tachos(window(speed(1500, "tacho")), ShaftSpec()) == ()
    assert tachos(window(speed(1500, "tacho", "V")), ShaftSpec()) == ()


def test_a_sensor_that_stands_still_or_is_broken_leaves_it_to_the_next_statement() -> None:
    flat = Channel("tacho", "V", np.zeros(int(SECONDS * RATE), np.float32))
    assert rpm(window(flat, speed_rpm=1490.0)) == pytest.approx(1490)
    assert rpm(window(speed(0)), configured=1480) == pytest.approx(1480)
    lost = replace(speed(1500), readings=np.full(20, np.nan, np.float32))
    assert rpm(window(lost), configured=1480) == pytest.approx(1480)
    broken = silenced(window(speed(1500)), ShaftSpec(), frozenset({"drive"}))
    assert rpm(broken, configured=1480) == pytest.approx(1480)


def test_gaps_in_a_speed_are_bridged() -> None:
    course = speed(1_000, to=2_000)
    course.readings[5:8] = np.nan
    assert rpm(window(course)) == pytest.approx(1500, rel=0.02)


def test_a_steady_speed_is_found_in_the_vibration_where_it_is_looked_for() -> None:
    capture = bearing_capture(np.random.default_rng(1), seconds=6.0, rate_hz=12_800)
    silent = replace(capture, attributes={"asset": "m"})
    looked_for = ShaftSpec(range_rpm=(1_200, 1_800))
    assert rpm(silent) == 0
    assert rpm(silent, looked_for) == pytest.approx(1480, rel=0.005)
    assert stated(silent, looked_for).attributes["speed_rpm"] == pytest.approx(1480, rel=0.005)
    assert rpm(capture, ShaftSpec(range_rpm=(2_000, 3_000))) == pytest.approx(1480)


def test_noise_and_short_windows_leave_it_to_the_configured_speed() -> None:
    looked_for = ShaftSpec(range_rpm=(1_200, 1_800))
    short = Window((Channel("v", "g", sine(25.0, 0.1)),), RATE)
    assert rpm(short, looked_for, 1480) == 1480
    assert stated(short, looked_for).attributes == {}
