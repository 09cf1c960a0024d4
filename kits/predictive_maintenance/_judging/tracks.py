"""The past of each asset as its device would have seen it: scores over time, sensors looked at first, known failures.

The same traces as on the device, laid one behind the other on one clock. Alarms, cases and money are made of them
by `kit replay`; nothing is judged here.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timezone
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from kits.core.dataset import Dataset, DatasetItem
from kits.core.errors import DataError
from kits.core.kit import EvaluateTask
from kits.core.prediction import Prediction
from kits.core.replay import Dial, KnownFailure, Replay, Track
from kits.core.window import Window
from kits.predictive_maintenance._device.regimes import UNKNOWN, UNSETTLED
from kits.predictive_maintenance._device.trace import SENSOR_FAULT, Trace
from kits.predictive_maintenance._judging.condition import band_for as band_for_rate
from kits.predictive_maintenance._judging.life import band_for as band_for_lead
from kits.predictive_maintenance._learning.recordings import (
    NORMAL_LABELS,
    Recording,
    cut,
    load,
    order_of,
)
from kits.predictive_maintenance._signals.sensors import inspect
from kits.predictive_maintenance.runtime import INSPECTED, LOWEST, MachineRuntime

Floats = NDArray[np.float64]
_SECONDS = {"s": 1.0, "min": 60.0, "h": 3600.0, "d": 86_400.0}
Mask = NDArray[np.bool_]
_RATES = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0)
_LEAD_SHARES = (0.4, 0.6, 0.8, 1.3, 1.6)
_SLOW_STRIDE = 8
_BREAK = 1.5
"""Readings; with less between them recordings are one."""
_LOOKS, _CLOSER = 2, 4
"""Looks at the sensors while the readings a look rests on pass by once; so many times more where the score is high."""


def replay(task: EvaluateTask) -> Replay:
    """Scores over time of every asset among the items.

    Raises:
        DataError: not one recording fits the bundle; what is said is the first one's trouble.
    """
    runtime = task.runtime
    assert isinstance(runtime, MachineRuntime)
    ordered = _ordered(task)
    clock = _clock(runtime, [fact for _, fact in ordered])
    tracks, troubles = [], []
    task.progress.begin("replaying recordings", len(ordered))
    for asset, mine in groupby(ordered, key=lambda pair: pair[1].asset):
        pieces: list[_Piece] = []
        for item, fact in mine:
            task.progress.advance()
            try:
                start_s = clock.start(fact, pieces)
                before = _before(pieces, fact, start_s, clock)
                pieces.append(_piece(task.dataset, runtime, item, start_s, clock, before))
            except DataError as error:
                troubles.append(error)
        if pieces:
            tracks.append(_track(asset, task.dataset, runtime, pieces))
    task.progress.end()
    if not tracks:
        raise troubles[0] if troubles else DataError("no recording to replay")
    notes = []
    if troubles:
        notes.append(f"{len(troubles)} recordings were left out, the first: {troubles[0].what}")
    name, dials = _dials(runtime)
    return Replay(
        tuple(tracks),
        clock.unit,
        clock.timed,
        _horizon(runtime, clock),
        name,
        dials,
        tuple(notes),
    )


def _horizon(runtime: MachineRuntime, clock: _Clock) -> float | None:
    """Beyond its cap a model of remaining life says only that there is no sign of wear."""
    spec = runtime.spec.remaining
    return None if spec is None else spec.cap * clock.life(spec.unit)


def _dials(runtime: MachineRuntime) -> tuple[str, tuple[Dial, ...]]:
    """Positions around the present one, which is among them."""
    now = runtime.band.act_at
    if runtime.spec.condition is not None:
        rates = _with(_RATES, 10**-now)
        return "false_alarms_per_month", tuple(Dial(rate, band_for_rate(rate)) for rate in rates)
    spec = runtime.spec.remaining
    if spec is not None and now < 0:
        leads = _with([-now * s for s in _LEAD_SHARES if -now * s < 0.95 * spec.cap], -now)
        name = f"alarm_lead_{spec.unit}"
        return name, tuple(Dial(lead, band_for_lead(lead, spec.cap)) for lead in leads)
    return "", ()


def _with(values: Sequence[float], now: float) -> list[float]:
    """Ascending, with the present one in the place of a value that is all but the same."""
    return sorted([*(v for v in values if not math.isclose(v, now, rel_tol=1e-3)), now])


# -- the clock -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Fact:
    """What the clock must know of a recording, without its readings."""

    asset: str
    order: tuple[str, str, float, str]
    rate_hz: float
    started_s: float | None
    life_position: float | None


def _ordered(task: EvaluateTask) -> list[tuple[DatasetItem, _Fact]]:
    """Items by asset and time. One recording is in memory at a time."""
    found = []
    task.progress.begin("reading recordings", len(task.items))
    for item in task.items:
        task.progress.advance()
        one = load(task.dataset, [item])[0]
        found.append((item, _fact(one)))
    task.progress.end()
    return sorted(found, key=lambda pair: pair[1].order)


def _fact(one: Recording) -> _Fact:
    started = one.window.started_at
    if started is not None and started.tzinfo is None:
        started = started.replace(tzinfo=timezone.utc)
    position = one.window.attributes.get("life_position")
    return _Fact(
        one.asset,
        order_of(one),
        one.rate_hz,
        started.timestamp() if started is not None else None,
        float(position) if isinstance(position, int | float) else None,
    )


@dataclass(frozen=True)
class _Clock:
    """Seconds since 1970 where all recordings say when they began; else seconds, life or readings from the start."""

    unit: str
    timed: bool
    per_row: float = 1.0

    def start(self, fact: _Fact, before: Sequence[_Piece]) -> float:
        """When a recording begins: what is not in time follows on the one before."""
        if self.timed and fact.started_s is not None:
            return fact.started_s
        if self.unit != "s" and fact.life_position is not None:
            return fact.life_position
        return before[-1].end_s if before else 0.0

    def life(self, unit: str) -> float:
        """What a unit of life is on this clock."""
        return _SECONDS.get(unit, 1.0) if self.unit == "s" else 1.0

    def scale(self, rate_hz: float) -> float:
        """Of a trace's own time."""
        return 1.0 if rate_hz else self.per_row


def _clock(runtime: MachineRuntime, facts: Sequence[_Fact]) -> _Clock:
    in_time = all(fact.rate_hz > 0 for fact in facts)
    if in_time and all(fact.started_s is not None for fact in facts):
        return _Clock("s", True)
    spec = runtime.spec.remaining
    if spec is not None and (not in_time or any(f.life_position is not None for f in facts)):
        return _Clock(spec.unit, False, spec.per_row)
    return _Clock("s" if in_time else "readings", False)


# -- one recording -------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Piece:
    """One recording on the clock; its readings are gone.

    Attributes:
        before: readings of the recording before that its first rows rest on; `ends` count them too.
        tail: the same for the next one.
    """

    item: DatasetItem
    before: Window | None
    tail: Window | None
    end_s: float
    at_s: Floats
    ends: NDArray[np.intp]
    score: Floats
    doubtful: Mask
    sensor_fault: Mask
    failures: tuple[KnownFailure, ...]
    whole_label: str


def _piece(
    dataset: Dataset,
    runtime: MachineRuntime,
    item: DatasetItem,
    start_s: float,
    clock: _Clock,
    before: Window | None,
) -> _Piece:
    one = load(dataset, [item])[0]
    if unfit := runtime.other_rate(one.window):
        fix = "export at the pace of what the model learned from, or train on this one"
        raise DataError(unfit, where=item.sample.source, fix=fix)
    history = runtime.judge.history
    window, offset = _joined(before, one.window)
    trace = runtime.judge.trace(window)
    broken = _broken(runtime, window, trace)
    score, doubtful = _standing(trace, history)
    score[broken], doubtful[broken] = np.nan, False
    scale = clock.scale(one.rate_hz)
    per_reading = 1 / one.rate_hz if one.rate_hz else scale
    end_s = start_s + one.readings * per_reading
    own = trace.ends > offset
    return _Piece(
        item=item,
        before=before,
        tail=cut(window, max(one.readings + offset - history, 0), one.readings + offset)
        if history
        else None,
        end_s=end_s,
        at_s=start_s + (trace.at_s * scale - offset * per_reading)[own],
        ends=trace.ends[own],
        score=score[own],
        doubtful=doubtful[own],
        sensor_fault=broken[own],
        failures=tuple(_failures(one, start_s, per_reading, end_s, clock)),
        whole_label="" if one.spans or one.is_normal() or one.label == SENSOR_FAULT else one.label,
    )


def _before(pieces: Sequence[_Piece], fact: _Fact, start_s: float, clock: _Clock) -> Window | None:
    """The end of the recording before, where this one goes on without a break: a device knows no files."""
    if not pieces or not clock.timed or abs(start_s - pieces[-1].end_s) > _BREAK / fact.rate_hz:
        return None
    return pieces[-1].tail


def _joined(before: Window | None, window: Window) -> tuple[Window, int]:
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
    longest = runtime.judge.history or INSPECTED
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
    one: Recording, start_s: float, per_reading: float, end_s: float, clock: _Clock
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


# -- one asset -----------------------------------------------------------------------------------


def _track(
    asset: str, dataset: Dataset, runtime: MachineRuntime, pieces: Sequence[_Piece]
) -> Track:
    first_rows = np.cumsum([0, *(len(piece.at_s) for piece in pieces)])

    def predict(row: int) -> Prediction:
        number = int(np.searchsorted(first_rows, row, side="right")) - 1
        piece = pieces[number]
        window, _ = _joined(piece.before, load(dataset, [piece.item])[0].window)
        seen = cut(window, 0, int(piece.ends[row - first_rows[number]]))
        return runtime.predict([seen])[0]

    return Track(
        asset=asset,
        at_s=np.maximum.accumulate(np.concatenate([piece.at_s for piece in pieces])),
        score=np.concatenate([piece.score for piece in pieces]),
        doubtful=np.concatenate([piece.doubtful for piece in pieces]),
        sensor_fault=np.concatenate([piece.sensor_fault for piece in pieces]),
        predict=predict,
        failures=tuple(
            sorted(
                [*(f for piece in pieces for f in piece.failures), *_labelled(asset, pieces)],
                key=lambda failure: failure.at_s,
            )
        ),
    )


def _labelled(asset: str, pieces: Sequence[_Piece]) -> Iterator[KnownFailure]:
    """Recordings that are faulty from end to end; those that follow each other are one fault."""
    for label, run in groupby(pieces, key=lambda piece: piece.whole_label):
        mine = list(run)
        if label:
            start_s = float(mine[0].at_s[0]) if len(mine[0].at_s) else mine[0].end_s
            yield KnownFailure(asset, mine[-1].end_s, label, start_s)
