"""Readings of made-up machines, before any program has written them down."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from math import sin
from typing import Final

UNITS: Final[Mapping[str, str]] = {"temp": "°C", "vib": "mm/s", "power": "W"}
"""What is measured: below and above zero, small numbers, and some above a thousand."""
_START: Final = datetime(2025, 11, 3, 22, tzinfo=timezone.utc)
"""Whether day or month comes first is told by the midnight that follows alone."""
_SILENCE_AFTER, _SILENT_STEPS = 0.55, 40
_MISSING: Final = frozenset({("vib", 50), ("temp", 120)})
FAULT: Final = (0.8, 0.9)
"""From which to which share of the readings the machine is faulty."""


@dataclass(frozen=True)
class Reading:
    """What a machine's sensors told at one moment; None where a reading is missing.

    Attributes:
        n: its place, from 0.
        machine: `M1`, `M2`, …
        at: in UTC.
    """

    n: int
    machine: str
    at: datetime
    temp: float | None
    vib: float | None
    power: float | None
    faulty: bool

    def value(self, channel: str) -> float | None:
        """The reading of one of `UNITS`."""
        found: float | None = getattr(self, channel)
        return found

    @property
    def seconds(self) -> float:
        """Since 1970, UTC."""
        return self.at.timestamp()

    @property
    def ms(self) -> int:
        """Milliseconds since 1970, UTC."""
        return round(self.seconds * 1_000)


def make_readings(
    count: int = 240, step_s: float = 60.0, machines: int = 1, *, silence: bool = True
) -> list[Reading]:
    """Readings of machines one after the other, a few missing, with one silence each where that is wanted."""
    return [
        _reading(n, _SILENCE_AFTER * count if silence else count, step_s, f"M{number}", count)
        for number in range(1, machines + 1)
        for n in range(count)
    ]


def _reading(n: int, silence: float, step_s: float, machine: str, count: int) -> Reading:
    draw = random.Random(f"{machine}/{n}")
    silent = _SILENT_STEPS if n >= silence else 0
    values = {
        "temp": round(2 + 5 * sin(n / 20) + draw.gauss(0, 0.3) + 0.01, 2),
        "vib": round(2.5 + 0.5 * sin(n / 7) + 0.2 * draw.random(), 3),
        "power": round(1_000 + 120 * sin(n / 31) + draw.gauss(0, 5), 1),
    }
    told = {name: None if (name, n) in _MISSING else value for name, value in values.items()}
    faulty = FAULT[0] * count <= n < FAULT[1] * count
    return Reading(
        n, machine, _START + timedelta(seconds=(n + silent) * step_s), faulty=faulty, **told
    )
