"""Stretches of time that a person leaves out: a works holiday, trial runs, what a sensor read before it was changed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import PurePosixPath
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from kits.core.kit import Finding, RawSample
from kits.predictive_maintenance._reading.notes import Notes
from kits.predictive_maintenance._reading.recording import GAP_PERIODS, Series
from kits.predictive_maintenance._reading.sidecar import LeftOut, Sidecar
from kits.predictive_maintenance._reading.times.placing import loose

_CHECK = "left-out"
_FIX = "call it in machines.yaml as its recordings are called"


@dataclass
class LeavingOut:
    """What `machines.yaml` leaves out, laid on the recordings.

    Attributes:
        known: stretches whose machine has a recording.
        used: those that readings lie in.
    """

    sidecar: Sidecar
    known: set[int] = field(default_factory=set)
    used: set[int] = field(default_factory=set)

    def of(self, found: Sequence[Series], notes: Notes) -> list[Series]:
        """The recordings without their rows in these stretches; those of which nothing is left are told."""
        if not self.sidecar.leave_out:
            return list(found)
        kept = [self._rest(one, notes) for one in found]
        self._say_unused(notes)
        return [one for one in kept if one is not None]

    def _rest(self, series: Series, notes: Notes) -> Series | None:
        stretches = [(n, s) for n, s in enumerate(self.sidecar.leave_out) if _concerns(s, series)]
        self.known |= {number for number, _ in stretches}
        if stretches and (series.seconds is None or not series.absolute):
            self.used |= {number for number, _ in stretches}
            text = "recordings without times of the calendar: nothing is left out of them"
            notes.warn(_CHECK, text, series.source, "state time.column in machines.yaml")
            return series
        out = np.zeros(series.rows, np.bool_)
        for number, stretch in stretches:
            inside = self._inside(stretch, series)
            if inside.any():
                self.used.add(number)
                out |= inside
                why = f": {stretch.reason}" if stretch.reason else ""
                where = f"{series.asset} {_said(stretch)}{why}, {int(inside.sum())} rows"
                notes.say(_CHECK, "stretches are left out, as machines.yaml states", where)
        if out.all():
            text = "recordings lie wholly within what machines.yaml leaves out"
            notes.warn(_CHECK, text, series.source, "correct leave_out if that is not meant")
            return None
        if not out.any():
            return series
        rest = without_rows(series, out)
        if len(rest.faults) < len(series.faults):
            text = "faults that lie within what machines.yaml leaves out are left out with it"
            notes.say(_CHECK, text, f"{series.asset}: {len(series.faults) - len(rest.faults)}")
        return rest

    def _inside(self, stretch: LeftOut, series: Series) -> NDArray[np.bool_]:
        seconds = series.seconds
        assert seconds is not None
        zone = ZoneInfo(self.sidecar.time.timezone)
        inside = np.ones(seconds.size, np.bool_)
        if stretch.start is not None:
            inside &= seconds >= _since_1970(stretch.start, zone)
        if stretch.end is not None:
            inside &= seconds < _since_1970(stretch.end, zone)
        return inside

    def _say_unused(self, notes: Notes) -> None:
        for number, stretch in enumerate(self.sidecar.leave_out):
            where = f"{stretch.machine or 'all machines'} {_said(stretch)}"
            if number not in self.known:
                text = "leave_out names machines that have no recording"
                notes.warn(_CHECK, text, stretch.machine or where, _FIX)
            elif number not in self.used:
                text = "nothing was recorded in stretches that are to be left out"
                notes.say(_CHECK, text, where, "is time.timezone stated?")


def unused(found: Iterable[RawSample | Finding], sidecar: Sidecar) -> Iterator[RawSample | Finding]:
    """What a format gives that knows no times to leave out, no stops and no names; tells where some are stated."""
    told = set()
    for one in found:
        if isinstance(one, Finding):
            told.add(one.check)
        yield one
    if sidecar.labels.before_h is not None and "stops" not in told:
        text = "labels.before_h is for tables with a row per time and lists beside captures: what is marked here is taken for faults"
        yield Finding("stops", "warn", text, (), "take it out of machines.yaml")
    if sidecar.names:
        text = "names are for tables with a row per time: channels are called here as in the files"
        yield Finding("names", "warn", text, (), "call the columns alike in the files")
    if sidecar.leave_out and _CHECK not in told:
        text = "leave_out is for tables with a row per time and captures with a time: nothing is left out here"
        yield Finding(
            _CHECK, "warn", text, (), "move the files away that are not to be learnt from"
        )


def without_rows(series: Series, out: NDArray[np.bool_]) -> Series:
    """A series without some of its rows, which end a recording where they are many; single ones become missing readings.

    Args:
        out: (rows,) what is left out; not all.
    """
    edges = np.flatnonzero(np.diff(out.astype(np.int8), prepend=0, append=0))
    gone = np.zeros(series.rows, np.bool_)
    values = series.values.copy()
    for start, end in edges.reshape(-1, 2).tolist():
        if end - start > GAP_PERIODS or start == 0 or end == series.rows:
            gone[start:end] = True
        else:
            values[:, start:end] = np.nan
    seconds = series.seconds
    return replace(
        series,
        values=values[:, ~gone],
        seconds=seconds[~gone] if seconds is not None else None,
        faults=tuple(_faults(series, out, gone)),
    )


def _faults(
    series: Series, out: NDArray[np.bool_], gone: NDArray[np.bool_]
) -> Iterator[tuple[int, int, str]]:
    """Those that are not wholly left out, by the rows that are left."""
    before = np.concatenate([[0], np.cumsum(~gone)])
    for start, end, label in series.faults:
        left = np.flatnonzero(~out[start:end])
        if left.size:
            yield int(before[start + left[0]]), int(before[start + left[-1] + 1]), label


def _concerns(stretch: LeftOut, series: Series) -> bool:
    named = loose(stretch.machine.strip().lower())
    own = (series.asset, series.source, PurePosixPath(series.source).stem)
    return not named or named in {loose(name.lower()) for name in own}


def _said(stretch: LeftOut) -> str:
    start = "the first reading" if stretch.start is None else f"{stretch.start:%Y-%m-%d %H:%M}"
    end = "the last" if stretch.end is None else f"{stretch.end:%Y-%m-%d %H:%M}"
    return f"{start} to {end}"


def _since_1970(moment: datetime, zone: ZoneInfo) -> float:
    return (moment if moment.tzinfo is not None else moment.replace(tzinfo=zone)).timestamp()
