"""One recording of the past, judged as its device would have: scores on the clock, sensors looked at, known failures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from kits.core.dataset import Dataset, DatasetItem
from kits.core.errors import DataError
from kits.core.replay import KnownFailure
from kits.core.window import Window
from kits.predictive_maintenance._device.regimes import UNKNOWN, UNSETTLED
from kits.predictive_maintenance._device.trace import SENSOR_FAULT, Trace
from kits.predictive_maintenance._judging.clock import Clock, Fact
from kits.predictive_maintenance._judging.unseen import unseen_of
from kits.predictive_maintenance._learning.recordings import (
    NORMAL_LABELS,
    Recording,
    cut,
    load,
)
from kits.predictive_maintenance._learning.sensors import SHORTEST
from kits.predictive_maintenance._signals.sensors import inspect
from kits.predictive_maintenance.runtime import INSPECTED, LOWEST, MachineRuntime

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
_SLOW_STRIDE = 8
_BREAK = 1.5
"""Readings; with less between them recordings are one."""
_LOOKS, _CLOSER = 2, 4
"""Looks at the sensors while the readings a look rests on pass by once; so many times more where the score is high."""


@dataclass(frozen=True)
class Piece:
    """One recording on the clock; its readings are gone.

    Attributes:
        before: readings of the recording before that its first rows rest on; `ends` count them too.
        tail: the same for the next one.
        unseen: (rows,) it ran in a way that was not learned.
    """

    item: DatasetItem
    before: Window | None
    tail: Window | None
    start_s: float
    end_s: float
    at_s: Floats
    ends: NDArray[np.intp]
    score: Floats
    doubtful: Mask
    unseen: Mask
    sensor_fault: Mask
    failures: tuple[KnownFailure, ...]
    whole_label: str


def piece_of(
    dataset: Dataset,
    runtime: MachineRuntime,
    item: DatasetItem,
    start_s: float,
    clock: Clock,
    before: Window | None,
) -> Piece:
    """A recording, judged.

    Args:
        start_s: when it begins, on the clock.
        before: the end of the recording before, where this one goes on.

    Raises:
        DataError: it does not fit the bundle.
    """
    one = load(dataset, [item])[0]
    if unfit := runtime.other_rate(one.window):
        fix = "export at the pace of what the model learned from, or train on this one"
        raise DataError(unfit, where=item.sample.source, fix=fix)
    history = runtime.judge.history
    window, offset = joined(before, one.window)
    trace = runtime.judge.trace(window)
    broken = _broken(runtime, window, trace)
    score, doubtful = _standing(trace, history)
    score[broken], doubtful[broken] = np.nan, False
    scale = clock.scale(one.rate_hz)
    per_reading = 1 / one.rate_hz if one.rate_hz else scale
    end_s = start_s + one.readings * per_reading
    own = trace.ends > offset
    return Piece(
        item=item,
        before=before,
        tail=cut(window, max(one.readings + offset - history, 0), one.readings + offset)
        if history
        else None,
        start_s=start_s,
        end_s=end_s,
        at_s=start_s + (trace.at_s * scale - offset * per_reading)[own],
        ends=trace.ends[own],
        score=score[own],
        doubtful=doubtful[own],
        unseen=unseen_of(trace)[own],
        sensor_fault=broken[own],
        failures=tuple(_failures(one, start_s, per_reading, end_s, clock)),
        whole_label="" if one.spans or one.is_normal() or one.label == SENSOR_FAULT else one.label,
    )


def tail_before(pieces: Sequence[Piece], fact: Fact, start_s: float, clock: Clock) -> Window | None:
    """The end of the recording before, where this one goes on without a break: a device knows no files."""
    if not pieces or not clock.timed or abs(start_s - pieces[-1].end_s) > _BREAK / fact.rate_hz:
        return None
    return pieces[-1].tail


def joined(before: Window | None, window: Window) -> tuple[Window, int]:
    """A recording with what came before it, and how many readings that is."""
    names = [channel.name for channel in window.channels]
    own_rates = any(channel.rate_hz is not None for channel in window.channels)
    if before is None or own_rates or names != [channel.name for channel in before.channels]:
        return window, 0
    channels = tuple(
        replace(channel, readings=np.concatenate([earlier.readings, channel.readings]))
        for earlier, channel in zip(before.channels, window.channels)
    )
    return replace(window, channels=channels), before.channels[0].readings.size


def _standing(trace: Trace, history: int) -> tuple[Floats, Mask]:
    """Scores as the runtime gives them, and the rows that nobody can judge.

    A row before the first whole window is none: the device has not begun yet.
    """
    score = trace.score.astype(np.float64).copy()
    regimes = trace.regimes if trace.regimes is not None else np.zeros(len(trace), np.intp)
    unknown = ~np.isfinite(score)
    settling = unknown & (regimes == UNSETTLED)
    score[settling] = LOWEST
    doubtful = (regimes == UNKNOWN) | (unknown & ~settling)
    doubtful &= trace.ends >= history
    score[doubtful] = np.nan
    return score, doubtful


def _broken(runtime: MachineRuntime, window: Window, trace: Trace) -> Mask:
    """(rows,) whether a sensor was at fault in the last readings, looked at as often as a device would."""
    # not shorter than what the baseline was learned on: else a machine that rests over a weekend has stuck sensors
    longest = max(runtime.judge.history, SHORTEST) if runtime.judge.history else INSPECTED
    readings = max(channel.readings.size for channel in window.channels)
    least = min(longest, readings)
    stride = max(longest // _LOOKS if runtime.judge.history else _SLOW_STRIDE, 1)
    closer = max(stride // _CLOSER, 1)
    high = trace.score >= runtime.band.review_from
    broken = np.zeros(len(trace), np.bool_)
    looked, fault = -stride, False
    for row, end in enumerate(trace.ends.tolist()):
        if end >= least and end - looked >= (closer if high[row] else stride):
            looked = end
            fault = bool(inspect(cut(window, max(end - longest, 0), end), runtime.spec.sensors))
        broken[row] = fault
    return broken


def _failures(
    one: Recording, start_s: float, per_reading: float, end_s: float, clock: Clock
) -> Iterator[KnownFailure]:
    """Marked stretches, and the end of a life."""
    for span in one.spans:
        if span.label.lower() in NORMAL_LABELS or span.label == SENSOR_FAULT:
            continue
        first, last = (start_s + place * per_reading for place in (span.start, span.end))
        yield KnownFailure(one.asset, last, span.label or "fault", first)
    if one.life is not None:
        left = one.life.value * clock.life(one.life.unit)
        yield KnownFailure(one.asset, end_s + left, "end of life", beyond=left > 0)
