"""Velocity from acceleration, and its zones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kits.core.errors import DataError
from kits.predictive_maintenance._signals.severity import STANDARD_GRAVITY, velocity_rms, zone
from tests.predictive_maintenance.signals import sine


@pytest.mark.parametrize("frequency", [20.0, 49.7, 160.0, 987.3])
@pytest.mark.parametrize(("unit", "scale"), [("g", STANDARD_GRAVITY), ("m/s²", 1.0)])
def test_velocity_of_a_sine_is_right_to_half_a_percent(
    frequency: float, unit: str, scale: float
) -> None:
    acceleration = sine(frequency, 1.0)[None, :]
    expected = 1000 * scale / (2 * np.pi * frequency) / np.sqrt(2)
    assert velocity_rms(acceleration, 12_000, unit)[0] == pytest.approx(expected, rel=0.005)


@pytest.mark.parametrize("frequency", [4.0, 1100.0, 3000.0])
def test_what_lies_outside_10_to_1000_hz_does_not_count(frequency: float) -> None:
    inside = velocity_rms(sine(160.0, 2.0)[None, :], 12_000, "mm/s")[0]
    outside = velocity_rms(sine(frequency, 2.0)[None, :], 12_000, "mm/s")[0]
    assert inside == pytest.approx(1 / np.sqrt(2), rel=0.005)
    assert outside < 0.01 * inside


def test_velocity_grows_with_the_acceleration_and_ignores_its_offset() -> None:
    window = sine(80.0, 1.0)[None, :]
    once = velocity_rms(window, 12_000, "g")
    assert velocity_rms(3 * window + 5, 12_000, "g") == pytest.approx(3 * once, rel=1e-4)


def test_a_unit_without_velocity_is_refused() -> None:
    with pytest.raises(DataError, match="°C"):
        velocity_rms(sine(80.0, 1.0)[None, :], 12_000, "°C")


@pytest.mark.parametrize(
    ("velocity", "machine", "expected"),
    [
        (1.4, "group2-rigid", "A"),
        (1.41, "group2-rigid", "B"),
        (4.5, "group1-rigid", "B"),
        (7.2, "group1-rigid", "D"),
        (7.2, "group1-flexible", "C"),
        (0.0, "group2-flexible", "A"),
    ],
)
def test_zones_follow_the_table(velocity: float, machine: str, expected: str) -> None:
    assert zone(velocity, machine) == expected


def test_an_unknown_machine_class_names_the_nearest() -> None:
    with pytest.raises(DataError) as caught:
        zone(1.0, "group2-rigit")
    assert "group2-rigid" in caught.value.fix


def test_the_table_can_be_replaced(tmp_path: Path) -> None:
    own = tmp_path / "own.csv"
    own.write_text("machine_class,ab,bc,cd,edition,description\nspindle,0.5,1,2,ours,\n")
    assert zone(1.5, "spindle", own) == "C"
    own.write_text("machine_class,ab\nspindle,0.5\n")
    with pytest.raises(DataError):
        zone(1.5, "spindle", tmp_path / "none.csv")
