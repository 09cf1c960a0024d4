"""Files of one record whose headers state different units: converted to that of the newest, or kept apart, and told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from kits.predictive_maintenance._device.words import CODE
from kits.predictive_maintenance._reading.notes import Notes
from kits.predictive_maintenance._reading.recording import Series
from kits.predictive_maintenance._signals.units import conversion

_UNTOLD: Final = ("", CODE)


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
    line = (1.0, 0.0) if unit in _UNTOLD or to in _UNTOLD else conversion(unit, to)
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
