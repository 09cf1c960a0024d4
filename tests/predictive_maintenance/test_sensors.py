"""Faults of sensors, each made by hand; and silence where nothing is wrong."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from kits.core.errors import DataError
from kits.core.window import Channel, Window, decode_window, encode_window
from kits.predictive_maintenance._learning.sensors import learn_sensors
from kits.predictive_maintenance._signals.sensors import (
    SensorBaseline,
    SensorFault,
    inspect,
    learn_baseline,
)
from tests.predictive_maintenance.signals import RATE, Floats, impacts, noise, sine

SAMPLES = 6000


def window(readings: Floats, unit: str = "g", speed_rpm: float = 1080.0) -> Window:
    attributes: dict[str, str | float] = {"asset": "pump", "speed_rpm": speed_rpm}
    return Window((Channel("vibration", unit, readings),), RATE, None, attributes)


def vibration(seed: int) -> Floats:
    return sine(18.0, SAMPLES / RATE) + noise(SAMPLES, seed, 0.3)


def baseline() -> SensorBaseline:
    return learn_baseline([window(vibration(seed)) for seed in range(10)])


def kinds(found: tuple[SensorFault, ...]) -> set[str]:
    return {fault.kind for fault in found}


def _clipped(x: Floats) -> Floats:
    return np.clip(x, -0.8, 0.8)


def _frozen(x: Floats) -> Floats:
    x[2000:] = x[2000]
    return x


def _repeating(x: Floats) -> Floats:
    return np.tile(x[:512], 12)[:SAMPLES]


def _silent(x: Floats) -> Floats:
    return x * np.float32(1e-3)


def _humming(x: Floats) -> Floats:
    return x + sine(50.0, SAMPLES / RATE, amplitude=3.0) + sine(150.0, SAMPLES / RATE)


def _spiking(x: Floats) -> Floats:
    x[[700, 2900, 5100]] = 60.0
    return x


def _gappy(x: Floats) -> Floats:
    x[::9] = np.nan
    return x


FAULTS: dict[str, tuple[str, Callable[[Floats], Floats]]] = {
    "overdriven": ("clipped", _clipped),
    "held": ("stuck", _frozen),
    "constant": ("stuck", np.zeros_like),
    "repeated": ("stuck", _repeating),
    "silent": ("unplugged", _silent),
    "bias lost": ("unplugged", lambda x: np.full_like(x, 24.0)),
    "hum": ("mains", _humming),
    "loose plug": ("spikes", _spiking),
    "dropouts": ("gaps", _gappy),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_of_a_sensor_is_named(name: str) -> None:
    kind, damage = FAULTS[name]
    found = inspect(window(damage(vibration(99))), baseline())
    assert kinds(found) == {kind}
    assert found[0].channel == "vibration"
    assert found[0].text


@pytest.mark.parametrize(
    "name", ["overdriven", "held", "repeated", "hum", "loose plug", "dropouts"]
)
def test_a_fault_that_came_over_the_wire_is_still_named(name: str) -> None:
    kind, damage = FAULTS[name]
    sent = decode_window(encode_window(window(damage(vibration(99)))))
    assert kind in kinds(inspect(sent, baseline()))


@pytest.mark.parametrize(
    "name", ["overdriven", "constant", "repeated", "hum", "loose plug", "dropouts"]
)
def test_what_no_healthy_vibration_does_needs_no_baseline(name: str) -> None:
    kind, damage = FAULTS[name]
    assert kind in kinds(inspect(window(damage(vibration(99)))))


@pytest.mark.parametrize("seed", range(20, 40))
def test_a_healthy_sensor_is_left_alone(seed: int) -> None:
    assert inspect(window(vibration(seed)), baseline()) == ()
    assert inspect(window(vibration(seed))) == ()


def test_a_damaged_bearing_is_no_damaged_sensor() -> None:
    struck = impacts(90.0, SAMPLES / RATE, size=20.0)
    assert inspect(window(struck), baseline()) == ()


def test_a_slow_sine_is_neither_overdriven_nor_repeated() -> None:
    sent = decode_window(encode_window(window(sine(3.0, SAMPLES / RATE))))
    assert inspect(sent) == ()


def test_a_channel_that_is_constant_in_normal_operation_is_no_fault() -> None:
    settings = [Window((Channel("setting", "", np.full(50, 100.0, np.float32)),)) for _ in range(5)]
    assert inspect(settings[0], learn_baseline(settings)) == ()
    assert inspect(settings[0]) == ()


def test_a_shaft_at_the_mains_frequency_is_no_hum() -> None:
    turning = sine(49.8, SAMPLES / RATE, amplitude=3.0) + noise(SAMPLES, 1, 0.3)
    assert "mains" in kinds(inspect(window(turning, speed_rpm=1080.0)))
    assert "mains" not in kinds(inspect(window(turning, speed_rpm=2988.0)))


def test_hum_beside_twice_the_shafts_speed_is_told_by_where_it_stands() -> None:
    """Four poles under load turn at 1,480 rpm: their second order, 49.3 Hz, is no hum and does not hide it."""
    length = 2 * SAMPLES
    seconds = length / RATE
    shaking = sine(2 * 1480 / 60, seconds, amplitude=3.0) + noise(length, 1, 0.3)
    humming = sine(50.0, seconds, amplitude=3.0) + noise(length, 1, 0.3)
    assert "mains" not in kinds(inspect(window(shaking, speed_rpm=1480.0)))
    assert "mains" in kinds(inspect(window(humming, speed_rpm=1480.0)))


def test_a_machine_that_is_off_at_night_is_no_fault_and_a_stuck_reading_is_one() -> None:
    def current(readings: Floats) -> Window:
        return Window((Channel("current", "A", readings),), 0.1)

    day, night = [noise(90, seed, 0.05) + 5 for seed in range(5)], np.zeros(90, np.float32)
    learned = learn_baseline([current(readings) for readings in (*day, night)])
    assert inspect(current(night), learned) == ()
    assert kinds(inspect(current(np.full(90, 5.01, np.float32)), learned)) == {"stuck"}


def test_a_physical_range_is_kept() -> None:
    normal = [Window((Channel("oil", "°C", noise(60, seed) + 50),), 1.0) for seed in range(3)]
    learned = learn_baseline(normal, ranges={"oil": (-20.0, 150.0)})
    broken = Window((Channel("oil", "°C", np.full(60, 850.0, np.float32) + noise(60)),), 1.0)
    assert kinds(inspect(broken, learned)) == {"range"}
    colder = Window((Channel("other", "°C", np.array([-300.0], np.float32)),))
    assert kinds(inspect(colder, learned)) == {"range"}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda t: t * 1.1, "is stated"),
        (lambda t: np.where(np.arange(t.size) > 3000, t + 7200, t), "jumps"),
        (lambda t: np.where(np.arange(t.size) > 3000, t - 60, t), "backwards"),
    ],
)
def test_a_wrong_clock_is_named(change: Callable[[np.ndarray], np.ndarray], words: str) -> None:
    times = np.arange(SAMPLES) / RATE
    given = window(vibration(1))
    assert inspect(given, baseline(), times) == ()
    (found,) = inspect(given, baseline(), change(times))
    assert found.kind == "clock"
    assert words in found.text


def test_one_row_of_a_table_can_be_inspected() -> None:
    row = Window((Channel("torque", "Nm", np.array([40.0], np.float32)),))
    missing = Window((Channel("torque", "Nm", np.array([np.nan], np.float32)),))
    learned = learn_baseline([row, row])
    assert inspect(row, learned) == ()
    assert kinds(inspect(missing, learned)) == {"gaps"}


def test_nothing_is_learned_from_nothing() -> None:
    with pytest.raises(DataError):
        learn_baseline([])
    with pytest.raises(DataError, match="single reading"):
        learn_baseline([Window((Channel("dead", "", np.full(9, np.nan, np.float32)),))])


def test_a_baseline_survives_a_bundle() -> None:
    learned = baseline()
    assert SensorBaseline.model_validate_json(learned.model_dump_json()) == learned


def _shaft(levels: list[float], seed: int) -> Window:
    """A speed signal at 1 Hz: some minutes at each level."""
    parts = [np.full(600, level) + noise(600, seed + k, 2.0) for k, level in enumerate(levels)]
    readings = np.concatenate(parts).astype(np.float32)
    return Window((Channel("speed", "rpm", readings),), 1.0, None, {"asset": "pump"})


def test_a_short_window_of_one_speed_is_no_unplugged_sensor_after_long_recordings_of_many() -> None:
    """What was learned from a week with two speeds moves a hundred times less within a minute."""
    long = [_shaft([2_900.0, 1_450.0, 2_900.0], seed) for seed in (0, 10)]
    learned = learn_sensors(long, 50.0)
    readings = (2_900 + noise(60, 99, 2.0)).astype(np.float32)
    minute = Window((Channel("speed", "rpm", readings),), 1.0, None, {"asset": "pump"})
    assert inspect(minute, learned) == ()
    dead = noise(60, 98, 1e-3).astype(np.float32)
    unplugged = Window((Channel("speed", "rpm", dead),), 1.0, None, {"asset": "pump"})
    assert kinds(inspect(unplugged, learned)) == {"unplugged"}


def test_a_machine_that_is_off_at_night_has_no_stuck_sensors_in_a_short_window() -> None:
    learned = learn_sensors([_off_at_night()], 50.0)
    off = Window((Channel("speed", "rpm", np.zeros(60, np.float32)),), 1.0, None, {"asset": "pump"})
    assert inspect(off, learned) == ()


def _off_at_night() -> Window:
    day = 2_900 + noise(1_200, 5, 2.0)
    readings = np.concatenate([day, np.zeros(1_200), day]).astype(np.float32)
    return Window((Channel("speed", "rpm", readings),), 1.0, None, {"asset": "pump"})
