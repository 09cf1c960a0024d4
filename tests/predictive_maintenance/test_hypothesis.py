"""Which part of a bearing is hit, from impacts whose cause is known."""

from __future__ import annotations

import numpy as np
import pytest

from kits.core.errors import DataError
from kits.predictive_maintenance._signals.bearings import lookup
from kits.predictive_maintenance._signals.hypothesis import fault_hypothesis
from kits.predictive_maintenance._simulated.bearing import BearingFault, bearing_capture, make_motor
from tests.predictive_maintenance.signals import RATE, impacts, noise

ORDERS = lookup("6206").orders
SPEED = 24.6


@pytest.mark.parametrize(
    ("fault", "order", "modulated"),
    [
        ("outer", ORDERS.bpfo, 0.0),
        ("inner", ORDERS.bpfi, SPEED),
        ("ball", 2 * ORDERS.bsf, ORDERS.ftf * SPEED),
    ],
)
@pytest.mark.parametrize("slip", [0.99, 1.0, 1.012])
def test_impacts_at_an_order_name_their_part(
    fault: str, order: float, modulated: float, slip: float
) -> None:
    readings = impacts(order * slip * SPEED, 5.0, modulated_hz=modulated)
    found = fault_hypothesis(readings, RATE, SPEED, ORDERS)
    assert found.fault == fault == found.strongest
    assert found.evidence > 3.5
    assert f"{order * SPEED:.1f} Hz" in found.text


@pytest.mark.parametrize("number", ["6000", "6317", "NU210", "ZA-2115", "ER-12K"])
@pytest.mark.parametrize("fault", ["outer", "inner", "ball"])
def test_every_kind_of_bearing_is_judged_by_its_own_orders(number: str, fault: str) -> None:
    orders = lookup(number).orders
    rates = {"outer": orders.bpfo, "inner": orders.bpfi, "ball": 2 * orders.bsf}
    readings = impacts(rates[fault] * 16.2, 8.0)
    assert fault_hypothesis(readings, RATE, 16.2, orders).fault == fault


@pytest.mark.parametrize("fault", ["outer", "inner", "ball", "cage", None])
@pytest.mark.parametrize("seed", [0, 1])
def test_a_synthetic_motor_is_judged_by_its_truth(fault: BearingFault | None, seed: int) -> None:
    rng = np.random.default_rng(seed)
    capture = bearing_capture(
        rng, make_motor(rng, "m"), seconds=6.0, rate_hz=12_800.0, fault=fault, severity=0.6
    )
    found = fault_hypothesis(
        capture.channels[0].readings, 12_800.0, 1480 / 60, lookup("6205").orders
    )
    assert found.fault == (fault or "none")


def test_a_rub_once_a_turn_of_the_cage_is_named_cage() -> None:
    time = np.arange(120_000) / RATE
    swell = (1 + 0.9 * np.cos(2 * np.pi * ORDERS.ftf * SPEED * time)) ** 2
    found = fault_hypothesis((noise(time.size) * swell).astype(np.float32), RATE, SPEED, ORDERS)
    assert found.fault == "cage"
    assert f"{ORDERS.ftf * SPEED:.1f} Hz" in found.text


@pytest.mark.parametrize("seed", range(8))
def test_noise_names_nothing(seed: int) -> None:
    found = fault_hypothesis(noise(60_000, seed), RATE, SPEED, ORDERS)
    assert found.fault == "none"
    assert "no bearing frequency" in found.text


def test_a_strong_resonance_and_gear_lines_do_not_hide_the_impacts() -> None:
    time = np.arange(60_000) / RATE
    gear = 30 * np.sin(2 * np.pi * 17 * SPEED * time) + 10 * np.sin(2 * np.pi * 1500 * time)
    readings = (impacts(ORDERS.bpfo * SPEED, 5.0, size=4.0) + gear).astype(np.float32)
    assert fault_hypothesis(readings, RATE, SPEED, ORDERS).fault == "outer"


@pytest.mark.parametrize("scale", [1e-3, 9.81])
def test_the_unit_of_the_readings_does_not_matter(scale: float) -> None:
    readings = impacts(ORDERS.bpfi * SPEED, 5.0)
    plain = fault_hypothesis(readings, RATE, SPEED, ORDERS)
    scaled = fault_hypothesis(readings * np.float32(scale), RATE, SPEED, ORDERS)
    assert scaled.fault == plain.fault
    assert scaled.evidence == pytest.approx(plain.evidence, rel=0.02)


@pytest.mark.parametrize(
    ("samples", "rate", "speed", "words"),
    [
        (60_000, RATE, 0.0, "speed"),
        (60_000, RATE, float("nan"), "speed"),
        (500, RATE, SPEED, "turns"),
        (60_000, 1000.0, SPEED, "too few"),
    ],
)
def test_what_cannot_be_judged_is_refused_with_the_reason(
    samples: int, rate: float, speed: float, words: str
) -> None:
    with pytest.raises(DataError, match=words):
        fault_hypothesis(noise(samples), rate, speed, ORDERS)


def test_a_recording_with_a_gap_is_refused() -> None:
    readings = noise(60_000)
    readings[100] = np.nan
    with pytest.raises(DataError, match="missing"):
        fault_hypothesis(readings, RATE, SPEED, ORDERS)


def test_an_early_damage_is_named_more_often_in_the_band_where_it_rings() -> None:
    orders = lookup("6205").orders
    faults: tuple[BearingFault, ...] = ("outer", "inner", "ball")
    named, wrongly = {False: 0, True: 0}, 0
    for seed in range(15):
        rng = np.random.default_rng(seed)
        true = faults[seed % 3]
        motor = make_motor(rng, "m", orders)
        capture = bearing_capture(rng, motor, fault=true, severity=0.2)
        readings = capture.channels[0].readings
        for own_band in named:
            found = fault_hypothesis(readings, 25_600.0, 1480 / 60, orders, own_band=own_band)
            named[own_band] += found.fault == true
            wrongly += found.fault not in ("none", true)
    assert named[True] > named[False] + 2
    assert wrongly == 0


def test_noise_names_nothing_in_its_own_band_either() -> None:
    for seed in range(20):
        found = fault_hypothesis(noise(24_000, seed), RATE, SPEED, ORDERS, own_band=True)
        assert found.fault == "none"
