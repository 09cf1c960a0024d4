"""Captures of machines that go on running, one after the other in time: cut in time, with faults from a list beside them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from kits.predictive_maintenance._reading.captures.lives import DATED_S, Capture
from kits.predictive_maintenance._reading.columns.names import NORMAL
from kits.predictive_maintenance._reading.cut import cut
from kits.predictive_maintenance._reading.notes import Notes
from kits.predictive_maintenance._reading.recording import PASSED_OVER, Series
from kits.predictive_maintenance._reading.sidecar import Sidecar
from kits.predictive_maintenance._reading.times.left_out import LeavingOut
from kits.predictive_maintenance._reading.times.placing import Placing
from kits.predictive_maintenance._reading.times.stops import before_stops


def without_left_out(captures: Sequence[Capture], sidecar: Sidecar, notes: Notes) -> list[Capture]:
    """The captures outside of what `machines.yaml` leaves out; of those without a time nothing is left out."""
    if not sidecar.leave_out or any(c.stamp_s is None or c.stamp_s < DATED_S for c in captures):
        return list(captures)
    by_asset = {
        asset: sorted((c for c in captures if c.asset == asset), key=lambda c: c.stamp_s or 0.0)
        for asset in dict.fromkeys(c.asset for c in captures)
    }
    kept = LeavingOut(sidecar).of([_series(own) for own in by_asset.values()], notes)
    return [
        by_asset[one.asset][place] for one in kept for place in _places(one, 0, one.rows).values()
    ]


def with_faults(
    captures: Sequence[Capture], placing: Placing, sidecar: Sidecar, notes: Notes
) -> list[Capture]:
    """Captures cut in time by machine, those within listed faults labelled; captures without a time stay as they are."""
    placed: list[Capture] = []
    placing.machines = frozenset(c.asset for c in captures)
    for asset in dict.fromkeys(c.asset for c in captures):
        own = [c for c in captures if c.asset == asset]
        if any(c.stamp_s is None or c.label or c.split for c in own):
            placed += own
            continue
        own.sort(key=lambda c: c.stamp_s or 0.0)
        placed += _cut(own, placing, sidecar, notes)
    placing.say(notes)
    return placed


def _cut(
    own: Sequence[Capture], placing: Placing, sidecar: Sidecar, notes: Notes
) -> Iterator[Capture]:
    """Captures of one machine, in the order of time."""
    series = _series(own)
    series = replace(series, faults=placing.faults(series) or (), stated=True)
    (series,) = before_stops([series], sidecar.labels.before_h, notes)
    labels = np.full(series.rows, NORMAL, dtype=object)
    for start, end, label in series.faults:
        labels[start:end] = label
    for part in cut(series, sidecar.learn, notes):
        if part.role == PASSED_OVER:
            notes.say("split-in-time", "captures of faults in the time that is learnt from, and close to them, are left out",
                      f"{series.asset}: {part.end - part.start}")  # fmt: skip
            continue
        role = part.role or "judge"
        for row, place in _places(series, part.start, part.end).items():
            yield replace(own[place], split=part.split, role=role, label=str(labels[row]),
                          group=f"{series.asset}#{role}")  # fmt: skip


def _series(own: Sequence[Capture]) -> Series:
    """Captures of one machine as rows that hold nothing but their places."""
    return Series(
        asset=own[0].asset,
        source=own[0].asset,
        names=("place",),
        units=("",),
        values=np.arange(len(own), dtype=np.float64)[None],
        seconds=np.array([c.stamp_s for c in own], np.float64),
    )


def _places(series: Series, start: int, end: int) -> dict[int, int]:
    """Row → the place of its capture; of rows that were left out there is none."""
    places = series.values[0, start:end]
    return {start + row: int(places[row]) for row in np.flatnonzero(np.isfinite(places)).tolist()}
