"""Severity of vibration: velocity from acceleration, and the zones A to D of ISO 20816-3.

It is responsible for units, for the broad-band velocity (10-1000 Hz, RMS) and for the packaged, editable table
`severity.csv` of zone limits. It is not responsible for alarms: a zone is an opinion on a machine, not an action.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

import numpy as np

from kits.core.errors import DataError, did_you_mean
from kits.predictive_maintenance._signals.spectrum import Floats, Spectrum, transform

Zone = Literal["A", "B", "C", "D"]
TABLE = Path(__file__).with_name("severity.csv")
LOW_HZ, HIGH_HZ = 10.0, 1000.0
STANDARD_GRAVITY = 9.80665
"""m/s² in one g."""
_ACCELERATION: Mapping[str, float] = {
    "g": STANDARD_GRAVITY,
    "m/s²": 1.0,
    "m/s2": 1.0,
    "m/s^2": 1.0,
    "mm/s²": 1e-3,
}
_VELOCITY: Mapping[str, float] = {"mm/s": 1.0, "m/s": 1000.0, "in/s": 25.4, "ips": 25.4}


@dataclass(frozen=True)
class ZoneLimits:
    """Velocity in mm/s RMS where one zone ends and the next begins."""

    ab: float
    bc: float
    cd: float
    edition: str
    description: str

    def zone(self, velocity_mm_s: float) -> Zone:
        """The zone of a velocity; a limit belongs to the better zone."""
        limits: tuple[tuple[float, Zone], ...] = ((self.ab, "A"), (self.bc, "B"), (self.cd, "C"))
        return next((name for limit, name in limits if velocity_mm_s <= limit), "D")


def zone(velocity_mm_s: float, machine_class: str, table: Path = TABLE) -> Zone:
    """The zone of a velocity for a class of machine (`group1-rigid`, …, `group2-flexible`).

    Raises:
        DataError: an unknown class, or a velocity that is not a number.
    """
    if not np.isfinite(velocity_mm_s) or velocity_mm_s < 0:
        raise DataError(f"a velocity of {velocity_mm_s} mm/s has no zone")
    return limits_of(machine_class, table).zone(velocity_mm_s)


def limits_of(machine_class: str, table: Path = TABLE) -> ZoneLimits:
    """The zone limits of a class of machine.

    Raises:
        DataError: an unknown class, or a table that cannot be read.
    """
    known = _read(table)
    if machine_class not in known:
        raise DataError(
            f"machine class {machine_class!r} is not in the table of severities",
            where=str(table),
            fix=did_you_mean(machine_class, known),
        )
    return known[machine_class]


@lru_cache(maxsize=8)
def _read(path: Path) -> Mapping[str, ZoneLimits]:
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
        rows = csv.DictReader(line for line in lines if line.strip() and line[0] != "#")
        return {
            row["machine_class"]: ZoneLimits(
                float(row["ab"]),
                float(row["bc"]),
                float(row["cd"]),
                row["edition"],
                row["description"],
            )
            for row in rows
        }
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise DataError(
            "the table of severities cannot be read",
            where=str(path),
            fix=f"columns: machine_class,ab,bc,cd,edition,description ({error})",
        ) from None


def is_acceleration(unit: str) -> bool:
    """Whether a unit is one of acceleration."""
    return unit in _ACCELERATION


def has_velocity(unit: str) -> bool:
    """Whether a velocity can be had from readings in this unit."""
    return unit in _ACCELERATION or unit in _VELOCITY


def velocity_rms(windows: Floats, rate_hz: float, unit: str) -> Floats:
    """(n,) velocity RMS in mm/s of 10-1000 Hz from (n, samples) of acceleration or velocity.

    Windows of 1 s or more give a sine to 0.5 %; below 0.2 s the lowest frequencies are not resolved.

    Raises:
        DataError: a unit that is neither.
    """
    return velocity_of(transform(windows, rate_hz), unit)


def velocity_of(spectrum: Spectrum, unit: str) -> Floats:
    """As `velocity_rms`, from a spectrum that is there already.

    Integration in the frequency domain: dividing the transform by iω divides the power by ω².

    Raises:
        DataError: a unit that is neither acceleration nor velocity.
    """
    if not has_velocity(unit):
        raise DataError(
            f"no velocity can be had from readings in {unit!r}",
            fix="units known: " + ", ".join([*_ACCELERATION, *_VELOCITY]),
        )
    # half a bin more on either side: the taper spreads a line at the limit over its neighbours
    first = max(spectrum.bin_of(LOW_HZ - spectrum.step_hz), 1)
    last = spectrum.bin_of(HIGH_HZ + spectrum.step_hz * 1.01)
    power = spectrum.power[:, first:last]
    if is_acceleration(unit):
        omega = 2 * np.pi * np.arange(first, first + power.shape[1]) * spectrum.step_hz
        weights = (1000 * _ACCELERATION[unit] / omega) ** 2
    else:
        weights = np.full(power.shape[1], _VELOCITY[unit] ** 2)
    return np.sqrt(power @ weights.astype(np.float32))
