"""Fixed bands and the kurtogram's on simulated motors: how early a damaged bearing is named, and what it costs.

`python -m benchmarks.machines_bands [--motors 60]`. Captures of one second at 25.6 kHz of motors that each ring at their
own frequency, with a defect of stated size (1: anybody hears it); the rule at known speed. Drawn machines say which way
is better where truth is known, never how good it is on a real one; the recordings of `machines_hypothesis` say that.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator

import numpy as np

from benchmarks.machines_run import header, table
from kits.predictive_maintenance._signals.bearings import lookup
from kits.predictive_maintenance._signals.hypothesis import fault_hypothesis
from kits.predictive_maintenance._signals.spectrum import Floats
from kits.predictive_maintenance._simulated.machines import (
    BearingFault,
    bearing_capture,
    make_motor,
)

RATE_HZ, SPEED_HZ, WINDOW = 25_600.0, 1480 / 60, 4096
ORDERS = lookup("6205").orders
FAULTS: tuple[BearingFault, ...] = ("outer", "inner", "ball")
SIZES = (0.0, 0.1, 0.15, 0.2, 0.3)
TIMED = 100


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--motors", type=int, default=60, help="of each size of the defect")
    motors = parser.parse_args().motors
    print(header("Where bearings are listened to"))
    rows = [
        ["kurtogram" if own else "fixed", *_named(motors, own), f"{_cost_ms(own):.2f}"]
        for own in (False, True)
    ]
    print(table(["bands", *(f"named, size {s:g}" for s in SIZES), "ms per 4,096 readings"], rows))


def _named(motors: int, own_band: bool) -> Iterator[str]:
    """Share that is named, and how many of them wrongly, by the size of the defect."""
    for size in SIZES:
        right = wrong = 0
        for number in range(motors):
            true = FAULTS[number % len(FAULTS)]
            found = fault_hypothesis(
                _capture(number, true, size), RATE_HZ, SPEED_HZ, ORDERS, own_band=own_band
            )
            right += found.fault == true and size > 0
            wrong += found.fault != "none" and (found.fault != true or not size)
        yield f"{right / motors:.2f} ({wrong} wrongly)"


def _capture(number: int, fault: BearingFault, size: float) -> Floats:
    rng = np.random.default_rng(number)
    motor = make_motor(rng, "motor", ORDERS)
    return bearing_capture(rng, motor, fault=fault, severity=size).channels[0].readings


def _cost_ms(own_band: bool) -> float:
    readings = _capture(0, "outer", 0.2)[:WINDOW]
    spent = []
    for _ in range(TIMED):
        began = time.perf_counter()
        fault_hypothesis(readings, RATE_HZ, 29.5, ORDERS, own_band=own_band)
        spent.append((time.perf_counter() - began) * 1000)
    return float(np.median(spent))


if __name__ == "__main__":
    main()
