"""Orders while the speed changes, on simulated machines, and the speed found in the vibration of the CWRU recordings.

`python -m benchmarks.machines_run_up [--data FOLDER] [--machines 40]`. Each simulated machine runs up evenly within one
capture; the same capture is judged with a tacho, with a speed in rpm, and with its mean speed alone. FOLDER is that of
`machines_hypothesis`: the speeds noted there are compared with those found. Drawn machines say which way is better where
truth is known, never how good it is on a real one.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import numpy as np

from benchmarks.machines_hypothesis import RATE_HZ, Recording, read
from benchmarks.machines_run import header, table
from kits.core.errors import DataError
from kits.core.window import Window
from kits.predictive_maintenance._device.physics import PhysicsSpec, hypothesis
from kits.predictive_maintenance._device.shaft import ShaftSpec, over_angle, turning
from kits.predictive_maintenance._signals.bearings import lookup
from kits.predictive_maintenance._signals.spectrum import Floats, transform
from kits.predictive_maintenance._signals.speed import SURE, estimate_speed
from kits.predictive_maintenance._simulated.machines import (
    BearingFault,
    Gearbox,
    RunUp,
    bearing_capture,
    gear_capture,
    make_motor,
)

Sensor = Literal["", "speed", "tacho"]
WAYS: tuple[tuple[str, Sensor], ...] = (("mean speed alone", ""), ("speed", "speed"), ("tacho", "tacho"))  # fmt: skip
ORDERS = lookup("6205").orders
FAULTS: tuple[BearingFault, ...] = ("outer", "inner", "ball")
MIDDLE_RPM, SECONDS, SEVERITY = 1_480.0, 3.0, 0.4
TIMES = (1.0, 1.02, 1.1, 1.5, 2.0)
"""Speed at the end of a capture beside that at its start."""
LENGTHS_S = (0.0, 8.0, 5.0)
LIMITS_RPM = (1_200.0, 2_700.0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="the CWRU recordings")
    parser.add_argument("--machines", type=int, default=40, help="damaged, and as many sound")
    options = parser.parse_args()
    print(header("Orders while the speed changes"))
    columns = ["speed at the end", *(name for name, _ in WAYS)]
    print(table(columns, [[f"{t:g} ×", *_mesh(t)] for t in TIMES]))
    print("share of the power in the gear mesh's first line\n")
    print(table(columns, [[f"{t:g} ×", *_bearings(t, options.machines)] for t in TIMES]))
    print("damaged bearings named (wrongly; sound ones named)\n")
    if options.data:
        recordings = list(read(options.data))
        print(table(
            ["seconds", "n", "sure", "of them within 0.5 %", "all within 0.5 %", "median error"],
            [[f"{s:g}" if s else "all", *_found(recordings, s)] for s in LENGTHS_S],
        ))  # fmt: skip


def _speed(times: float, sensor: Sensor) -> RunUp:
    first = 2 * MIDDLE_RPM / (1 + times)
    return RunUp(first, first * times, sensor)


def _mesh(times: float) -> Iterator[str]:
    for _, sensor in WAYS:
        gearbox = Gearbox()
        window = gear_capture(
            np.random.default_rng(0), gearbox, seconds=2.0, speed_rpm=_speed(times, sensor)
        )
        shaft = turning(window, ShaftSpec())
        readings = over_angle(window.channels[0].readings, window.rate_hz, shaft)
        found = transform(readings[None], window.rate_hz)
        line = round(gearbox.teeth_in * shaft.speed_hz / found.step_hz)
        yield f"{found.power[0, line - 3 : line + 4].sum() / found.power.sum():.2f}"


def _bearings(times: float, machines: int) -> Iterator[str]:
    for _, sensor in WAYS:
        right = wrong = sound = 0
        for number in range(machines):
            true = FAULTS[number % len(FAULTS)]
            named = _judged(_capture(number, times, sensor, true))
            right += named == true
            wrong += named not in (true, "none")
            sound += _judged(_capture(number, times, sensor, None)) != "none"
        yield f"{right / machines:.2f} ({wrong}; {sound})"


def _capture(number: int, times: float, sensor: Sensor, fault: BearingFault | None) -> Window:
    rng = np.random.default_rng(number)
    motor = make_motor(rng, "motor", ORDERS)
    return bearing_capture(
        rng, motor, seconds=SECONDS, speed_rpm=_speed(times, sensor), fault=fault, severity=SEVERITY
    )  # fmt: skip


def _judged(window: Window) -> str:
    return hypothesis(window, window.channels[0], PhysicsSpec(bearings={"b": ORDERS}), "b").fault


def _found(recordings: list[Recording], seconds: float) -> Iterator[str]:
    """Speeds found in pieces of some length beside the noted ones."""
    errors, sure = [], []
    for recording in recordings:
        for piece in _pieces(recording.readings, round(seconds * RATE_HZ)):
            try:
                found = estimate_speed(piece, RATE_HZ, LIMITS_RPM[0] / 60, LIMITS_RPM[1] / 60)
            except DataError:
                continue
            errors.append(abs(found.speed_hz / recording.speed_hz - 1))
            sure.append(found.confidence >= SURE)
    close = np.array(errors) < 0.005
    known = np.array(sure)
    yield str(len(errors))
    yield f"{known.mean():.2f}"
    yield f"{close[known].mean():.3f}"
    yield f"{close.mean():.3f}"
    yield f"{np.median(errors):.2%}"


def _pieces(readings: Floats, size: int) -> Iterator[Floats]:
    size = size or readings.size
    for start in range(0, readings.size - size + 1, size):
        yield readings[start : start + size]


if __name__ == "__main__":
    main()
