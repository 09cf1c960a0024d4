"""Machines whose speed changes within a window, through the runtime of a bundle: with a tacho or a speed, and without."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np
import pytest
from pydantic import ValidationError

from kits.core.dataset import DatasetItem
from kits.core.operating_point import Band
from kits.core.sample import Sample
from kits.core.window import Channel, Window
from kits.predictive_maintenance._device.physics import PhysicsJudge
from kits.predictive_maintenance._device.rows import rows_of
from kits.predictive_maintenance._learning.physics import physics_of
from kits.predictive_maintenance._learning.recordings import Recording
from kits.predictive_maintenance._learning.rows import choose_rows
from kits.predictive_maintenance._signals.bearings import lookup
from kits.predictive_maintenance._simulated.machines import (
    BearingFault,
    Gearbox,
    GearFault,
    Motor,
    RunUp,
    bearing_capture,
    gear_capture,
)
from kits.predictive_maintenance.config import Config
from kits.predictive_maintenance.runtime import MachineRuntime, MachineSpec
from tests.predictive_maintenance.signals import noise
from tests.predictive_maintenance.trained import AT, Trained, learn, sample

BEARING = lookup("6205").orders
Sensor = Literal["", "speed", "tacho"]


def run_up(seed: int, sensor: Sensor, *, cracked: bool) -> Window:
    rng = np.random.default_rng(seed)
    gearbox = Gearbox(asset=f"{'cracked' if cracked else 'sound'}-{seed}", noise_g=0.08)
    first = float(rng.uniform(900, 1_200))
    speed = RunUp(first, first * 1.5, sensor)
    fault: GearFault | None = "tooth" if cracked else None
    return gear_capture(
        rng, gearbox, seconds=1.28, rate_hz=12_800, speed_rpm=speed, fault=fault, severity=0.4
    )


@pytest.fixture(scope="module")
def gearboxes(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """Run-ups of gearboxes with a tacho, sound and with a cracked tooth; figures of gears alone."""
    samples = []
    for seed in range(12):
        split = "train" if seed < 9 else "val"
        for cracked in (False, True):
            window = run_up(seed, "tacho", cracked=cracked)
            label = "tooth" if cracked else "normal"
            samples.append(sample(window, window.attributes["asset"], label=label, split=split))  # type: ignore[arg-type]
    settings = {
        "approach": "fault-class",
        "features": ["shaft", "cepstrum"],
        "window": 16_384,
        "gear_orders": [23 / 67],
        "faults": {"trees": 20, "depth": 2},
    }
    return learn(samples, tmp_path_factory.mktemp("gearboxes"), settings)


def right(machine: MachineRuntime, sensor: Sensor) -> int:
    """Of twenty run-ups that were not learned from."""
    given = [(run_up(100 + n, sensor, cracked=n % 2 == 1), n % 2 == 1) for n in range(20)]
    found = machine.predict([window for window, _ in given])
    return sum((one.label == "tooth") == cracked for one, (_, cracked) in zip(found, given))


def test_a_cracked_tooth_is_told_while_the_speed_changes(gearboxes: Trained) -> None:
    assert right(gearboxes.machine, "tacho") >= 19


def test_without_the_tacho_the_same_crack_is_smeared(gearboxes: Trained) -> None:
    assert right(gearboxes.machine, "") <= 14


def test_a_speed_in_rpm_does_as_well_as_the_tacho(gearboxes: Trained) -> None:
    assert right(gearboxes.machine, "speed") >= 18


def test_the_tacho_is_no_figure_of_the_machine(gearboxes: Trained) -> None:
    assert any("tacho: tells the shaft's angle" in note for note in gearboxes.outcome.notes)
    faults = gearboxes.machine.spec.faults
    assert faults is not None
    assert faults.rows.channels == ("vibration",)


def physics(**settings: object) -> MachineRuntime:
    config = Config.model_validate({"approach": "physics", "bearings": ["6205"], **settings})
    known = physics_of(config)
    spec = MachineSpec(approach="physics", physics=known)
    return MachineRuntime(spec, PhysicsJudge(known), Band(act_at=3, review_from=1.5))


def bearing(
    sensor: Sensor, fault: BearingFault | None, seed: int = 0, times: float = 1.5
) -> Window:
    speed = RunUp(1_200, 1_200 * times, sensor)
    motor = Motor(orders=BEARING)
    return bearing_capture(
        np.random.default_rng(seed), motor, seconds=3.0, speed_rpm=speed, fault=fault, severity=0.5
    )


@pytest.mark.parametrize("fault", ["outer", "inner"])
@pytest.mark.parametrize("sensor", ["speed", "tacho"])
def test_a_damaged_bearing_is_named_in_a_run_up(fault: BearingFault, sensor: Sensor) -> None:
    machine = physics()
    found, blind = machine.predict([bearing(sensor, fault), bearing("", fault)])
    assert found.label == fault
    assert found.score > 1.5
    assert blind.label == "normal"


def test_a_speed_nobody_noted_is_found_and_the_bearing_judged_by_it() -> None:
    heard = bearing_capture(
        np.random.default_rng(0), Motor(orders=BEARING), seconds=6.0, fault="outer", severity=0.5
    )
    silent = replace(heard, attributes={"asset": "m"})
    looked_for, blind = physics(speed_range_rpm=[1_400, 1_520]), physics()
    found = looked_for.predict([silent])[0]
    assert found.label == "outer"
    orders = found.details["orders"]
    assert isinstance(orders, dict)
    assert orders["6205 BPFO"] == pytest.approx(BEARING.bpfo * 1_480 / 60, rel=0.005)
    assert blind.predict([silent])[0].details["not_judged"]


def test_limits_of_a_speed_are_two_in_rising_order() -> None:
    with pytest.raises(ValidationError, match="the slower one first"):
        Config(speed_range_rpm=(1_500, 1_400))


def test_a_sound_bearing_stays_unnamed_in_a_run_up() -> None:
    machine = physics()
    found = machine.predict([bearing("tacho", None, seed) for seed in range(12)])
    assert sum(one.label != "normal" for one in found) <= 1


def test_a_shaft_that_starts_from_rest_is_not_judged_by_its_orders() -> None:
    window = bearing("", "outer")
    course = np.linspace(0, 1_800, 150).astype(np.float32)
    started = replace(window, channels=(*window.channels, Channel("n", "rpm", course, 50.0)))
    found = physics(speed_channel="n").predict([started])[0]
    assert found.details["not_judged"]
    assert not any("bearing" in reason.text for reason in found.reasons)


def test_steady_windows_have_the_same_figures_with_a_tacho_and_without() -> None:
    plain = bearing_capture(np.random.default_rng(3), seconds=1.0, speed_rpm=RunUp(1_480, 1_480))
    sensed = bearing_capture(
        np.random.default_rng(3), seconds=1.0, speed_rpm=RunUp(1_480, 1_480, "tacho")
    )
    config = Config(bearings=("6205",), gear_orders=(0.4,))
    rows = [_rows(window, config) for window in (plain, sensed)]
    assert rows[0].shape == rows[1].shape
    assert rows[1] == pytest.approx(rows[0], rel=0.05, abs=0.1)


def test_a_tacho_with_noise_is_no_overdriven_sensor() -> None:
    window = bearing("tacho", "outer")
    noisy = tuple(
        replace(c, readings=np.clip(c.readings + noise(c.readings.size, 1, 0.01), 0.195, 5))
        if c.name == "tacho"
        else c
        for c in window.channels
    )
    found = physics().predict([replace(window, channels=noisy)])[0]
    assert found.label == "outer"
    assert "sensor_fault" not in found.details


def _rows(window: Window, config: Config) -> np.ndarray:
    item = DatasetItem(Sample("s", "x", "0" * 64, 1, AT, group="m"), None, "train")
    spec, _ = choose_rows([Recording(item, window, "", (), None)], config)
    return rows_of(window, spec).values


def test_a_tacho_whose_signal_is_missing_is_named_and_raises_no_alarm(gearboxes: Trained) -> None:
    window = run_up(100, "tacho", cracked=False)
    torn = replace(
        window,
        channels=tuple(
            replace(c, readings=np.full_like(c.readings, np.nan)) if c.name == "tacho" else c
            for c in window.channels
        ),
    )
    found = gearboxes.machine.predict([torn])[0]
    assert found.reasons[0].field == "tacho"
    assert gearboxes.point.decide(found).verdict != "act"
