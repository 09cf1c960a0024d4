"""Units of what sensors read that convert into each other, by kind."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

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


def conversion(unit: str, to: str) -> tuple[float, float] | None:
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
