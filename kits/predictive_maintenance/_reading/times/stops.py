"""Stops of a machine, from when it stood until it was repaired → the time before each, in which an alarm is a warning."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from kits.predictive_maintenance._reading.notes import Notes
from kits.predictive_maintenance._reading.recording import Series
from kits.predictive_maintenance._reading.times.left_out import without_rows

_CHECK = "stops"
_HOUR_S = 3600.0


def before_stops(found: Sequence[Series], before_h: float | None, notes: Notes) -> list[Series]:
    """Recordings whose marked stretches are stops: marked is the time before each, and the stop is left out.

    Args:
        before_h: hours that a fault counts as there before a stop; it begins after the stop before at the earliest. None:
            what is marked are faults.
    """
    if before_h is None:
        return list(found)
    return [_before(one, before_h, notes) for one in found]


def _before(series: Series, before_h: float, notes: Notes) -> Series:
    if not series.faults:
        return series
    seconds = series.seconds
    if seconds is None:
        text = "recordings without times: what is marked is taken for faults, not for stops"
        notes.warn(_CHECK, text, series.source, "state time.column in machines.yaml")
        return series
    stands, faults, free = np.zeros(series.rows, np.bool_), [], 0
    for start, end, label in series.faults:
        since = int(np.searchsorted(seconds, seconds[start] - before_h * _HOUR_S, "left"))
        if max(since, free) < start:
            faults.append((max(since, free), start, label))
        else:
            notes.warn(
                _CHECK,
                "stops before which nothing was recorded are no faults to judge on",
                series.source,
            )
        stands[start:end] = True
        free = (
            end + 1
        )  # a row between, else the time before the next stop would go on with that before this one
    notes.say(
        _CHECK,
        f"what is marked are stops: {before_h:g} hours before each count as a fault, the stops are left out",
        f"{series.asset}: {len(faults)} stops, {int(stands.sum())} rows left out",
    )
    marked = replace(series, faults=tuple(faults))
    return marked if stands.all() else without_rows(marked, stands)
