"""Files of one record whose headers state different units: converted to that of the newest, or kept apart, and told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from kits.predictive_maintenance._device.words import CODE
from kits.predictive_maintenance._reading.notes import Notes
from kits.predictive_maintenance._reading.recording import Series

_UNITS: Final[Mapping[str, Mapping[str, float]]] = {
    "flow": {"l/min": 1, "l/s": 60, "l/h": 1 / 60, "m³/h": 1000 / 60, "m3/h": 1000 / 60, "m³/min": 1000},
    "pressure": {"bar": 1, "mbar": 1e-3, "Pa": 1e-5, "hPa": 1e-3, "kPa": 1e-2, "MPa": 10, "psi": 0.0689475729},
    "velocity": {"mm/s": 1, "m/s": 1000, "in/s": 25.4, "ips": 25.4},
    "acceleration": {"g": 1, "m/s²": 1 / 9.80665, "m/s2": 1 / 9.80665},
    "current": {"A": 1, "mA": 1e-3, "kA": 1e3},
    "voltage": {"V": 1, "mV": 1e-3, "kV": 1e3},
    "power": {"kW": 1, "W": 1e-3, "MW": 1e3, "hp": 0.745699872},
    "length": {"mm": 1, "µm": 1e-3, "μm": 1e-3, "um": 1e-3, "m": 1e3, "mil": 0.0254, "mils": 0.0254},
    "turning": {"rpm": 1, "1/min": 1, "U/min": 1, "min-1": 1},
}  # fmt: skip
"""Factors to the first of each kind."""
_CELSIUS: Final = {
    "°C": (1.0, 0.0), "C": (1.0, 0.0), "°F": (5 / 9, -160 / 9), "F": (5 / 9, -160 / 9), "K": (1.0, -273.15),
}  # fmt: skip

_UNTOLD: Final = ("", CODE)


def _line(unit: str, to: str) -> tuple[float, float] | None:
    """Factor and summand from one unit to another; None where they are not of one kind."""
    if unit == to:
        return 1.0, 0.0
    if unit in _CELSIUS and to in _CELSIUS:
        (factor, summand), (wanted, zero) = _CELSIUS[unit], _CELSIUS[to]
        return factor / wanted, (summand - zero) / wanted
    for known in _UNITS.values():
        if unit in known and to in known:
            return known[unit] / known[to], 0.0
    return None


def in_one_unit(parts: Sequence[Series], notes: Notes) -> list[list[Series]]:
    """Parts of one record in order of time; those in units that cannot be brought together stay apart."""
    newest = [
        next((p.units[i] for p in reversed(parts) if p.units[i] not in _UNTOLD), parts[0].units[i])
        for i in range(len(parts[0].units))
    ]
    groups: dict[tuple[str, ...], list[Series]] = {}
    for part in parts:
        made = part
        for index, to in enumerate(newest):
            made = _converted(made, index, to, notes)
        groups.setdefault(tuple(made.units), []).append(made)
    return list(groups.values())


def _converted(series: Series, index: int, to: str, notes: Notes) -> Series:
    unit, name = series.units[index], series.names[index]
    # what states none is taken for the same
    line = (1.0, 0.0) if unit in _UNTOLD or to in _UNTOLD else _line(unit, to)
    if line is None:
        notes.warn(
            "units",
            "files of one record state units that do not convert: they stay records of their own",
            f"{series.source}: {name} [{unit}], newest [{to}]", "export the channel in one unit everywhere",
        )  # fmt: skip
        return series
    values = series.values
    if line != (1.0, 0.0):
        notes.warn(
            "units",
            "files of one record state another unit than the newest: converted",
            f"{series.source}: {name} [{unit}] to [{to}]",
            "check that the headers are right; state the channel under `units` where only its name changed",
        )
        values = values.copy()
        values[index] = line[0] * np.asarray(values[index]) + line[1]
    units = (*series.units[:index], to, *series.units[index + 1 :])
    return replace(series, values=values, units=units)
