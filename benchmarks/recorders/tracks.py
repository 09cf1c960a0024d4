"""What is true of a recorder's file: each machine's channels on their times, faults, and life that was left."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.recorders.made import UNITS, Reading

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Track:
    """Readings of one machine, or one capture or row where each stands for itself.

    Attributes:
        name: of the machine; empty: the file does not tell it.
        values: channel → readings, NaN where one is missing.
        seconds: of each channel's readings, since 1970 in UTC; empty: they are only in order.
        units: of channels; those that are not told are left out.
        faults: reading by reading, empty: normal; None: the file does not tell.
        life: what was left at the end; None: not known.
        rate_hz: of the readings; None: not asked for.
    """

    name: str
    values: Mapping[str, Floats]
    seconds: Mapping[str, Floats]
    units: Mapping[str, str]
    faults: tuple[str, ...] | None = None
    life: float | None = None
    rate_hz: float | None = None


def true_tracks(
    readings: Sequence[Reading],
    *,
    dated: bool = True,
    channels: Sequence[str] = tuple(UNITS),
    units: bool = False,
    faults: bool = False,
    named: bool = False,
) -> list[Track]:
    """A track for each machine.

    Args:
        dated: whether the file says when in history the readings were taken.
        channels: those that it has.
        units, faults, named: whether it tells the units, the faults, and the machine.
    """
    return [
        _of_machine([r for r in readings if r.machine == machine], machine if named else "", dated, channels, units, faults)
        for machine in dict.fromkeys(r.machine for r in readings)
    ]  # fmt: skip


def _of_machine(
    own: Sequence[Reading], name: str, dated: bool, channels: Sequence[str], units: bool, faults: bool
) -> Track:  # fmt: skip
    seconds = np.array([r.seconds for r in own])
    values = {
        c: np.array([np.nan if (v := r.value(c)) is None else v for r in own]) for c in channels
    }
    return Track(
        name,
        values,
        dict.fromkeys(values, seconds if dated else seconds - seconds[0]),
        {c: UNITS[c] for c in channels} if units else {},
        tuple("fault" if r.faulty else "" for r in own) if faults else None,
    )
