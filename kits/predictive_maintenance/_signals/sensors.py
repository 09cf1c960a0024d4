"""Faults of sensors as against faults of machines: told from the readings of one window, before any model sees them.

It is responsible for what a stuck, clipped, unplugged, humming, spiking, gappy or wrongly clocked channel looks like,
beside a baseline learned from normal windows. It is not responsible for judging the machine: a channel named here
says nothing about it. What is constant, coarse or gappy in normal operation too is no fault, so the baseline decides.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from kits.core.errors import DataError
from kits.core.window import Channel, Window
from kits.predictive_maintenance._signals.severity import is_acceleration
from kits.predictive_maintenance._signals.traits import LEAST_READINGS, Traits, repeated, traits_of

Kind = Literal["stuck", "clipped", "unplugged", "mains", "spikes", "gaps", "range", "clock"]

_GAPS = 0.05
"""Share of missing readings, above what is normal, that makes a channel unfit."""
_RUN = 20
"""Equal readings in a row, at least, before a live channel counts as stuck; and three times the usual run."""
_SILENT = 0.01
"""Share of the usual spread below which nothing but the input's own noise is left."""
_RAIL_SHARE = 0.005
_MAINS_SHARE, _MAINS_MORE = 0.5, 0.25
_RATE_ERROR = 0.02
_POSSIBLE: Mapping[str, tuple[float, float]] = {
    "°C": (-273.15, np.inf),
    "C": (-273.15, np.inf),
    "K": (0.0, np.inf),
    "%RH": (0.0, 100.0),
}
"""By unit, for channels without a range of their own. What was merely never seen may be the machine."""


class ChannelBaseline(BaseModel):
    """What is normal of one channel."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    low: float = Field(description="smallest normal reading")
    high: float = Field(description="largest normal reading")
    spread: float = Field(ge=0, description="median of the windows' standard deviations")
    least_spread: float = Field(
        ge=0, description="smallest standard deviation of a window that was not still; 0: all were"
    )
    still: tuple[float, float] | None = Field(
        description="lowest and highest reading at which a whole window stood still"
    )
    step: float = Field(ge=0, description="smallest difference of two readings: the resolution")
    longest_run: int = Field(ge=0, description="most equal readings in a row, still windows apart")
    gaps: float = Field(ge=0, le=1, description="largest share of missing readings in a window")
    rails: float = Field(ge=0, le=1, description="largest share of readings piled up at an extreme")
    mains: float = Field(ge=0, le=1, description="largest share of power at the mains frequency")
    spikes: float = Field(ge=0, le=1, description="largest share of lone outliers")


class SensorBaseline(BaseModel):
    """What is normal of each channel, learned from windows of a healthy machine. Part of a bundle."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    channels: dict[str, ChannelBaseline] = Field(default_factory=dict)
    mains_hz: float = Field(50.0, gt=0, description="50 or 60")
    ranges: dict[str, tuple[float, float]] = Field(
        default_factory=dict, description="channel → physically possible readings"
    )


@dataclass(frozen=True)
class SensorFault:
    """One thing wrong with one channel.

    Attributes:
        text: a sentence for the person who looks at the sensor.
        evidence: the figure behind it: a share from 0 to 1 (clipped, mains, spikes, gaps), readings in a row
            (stuck), spread beside the usual one (unplugged), a reading (range), seconds or a ratio (clock).
    """

    channel: str
    kind: Kind
    text: str
    evidence: float


def learn_baseline(
    windows: Iterable[Window],
    mains_hz: float = 50.0,
    ranges: Mapping[str, tuple[float, float]] | None = None,
) -> SensorBaseline:
    """The baseline of normal windows, as long as those that a device judges; one is held at a time.

    Recordings of days are cut for it by `_learning/sensors.py`.

    Raises:
        DataError: no windows, or a channel that never has a reading.
    """
    seen: dict[str, _Seen] = {}
    for window in windows:
        for channel in window.channels:
            traits = traits_of(channel, window, mains_hz)
            seen.setdefault(channel.name, _Seen()).add(traits)
    if not seen:
        raise DataError("no windows to learn the sensors from", fix="give normal recordings")
    return SensorBaseline(
        channels={name: own.baseline(name) for name, own in seen.items()},
        mains_hz=mains_hz,
        ranges=dict(ranges or {}),
    )


@dataclass
class _Seen:
    """What is kept of a channel while a baseline is learned: no readings, and of each window its spread alone."""

    low: float = np.inf
    high: float = -np.inf
    still: tuple[float, float] | None = None
    step: float = np.inf
    longest_run: int = 0
    gaps: float = 0.0
    rails: float = 0.0
    mains: float = 0.0
    spikes: float = 0.0
    spreads: array[float] = field(default_factory=lambda: array("d"))

    def add(self, traits: Traits) -> None:
        """One more window."""
        self.gaps = max(self.gaps, traits.gaps)
        if not traits.readings.size:
            return
        low, high = float(traits.readings.min()), float(traits.readings.max())
        self.low, self.high = min(self.low, low), max(self.high, high)
        if traits.spread == 0:
            lowest, highest = self.still or (low, low)
            self.still = (min(lowest, low), max(highest, low))
            return
        self.spreads.append(traits.spread)
        self.step = min(self.step, traits.step)
        self.longest_run = max(self.longest_run, traits.longest_run)
        self.rails = max(self.rails, traits.rails)
        self.mains = max(self.mains, traits.mains)
        self.spikes = max(self.spikes, traits.spikes)

    def baseline(self, name: str) -> ChannelBaseline:
        """What is normal of the channel.

        Raises:
            DataError: it never had a reading.
        """
        if self.low > self.high:
            raise DataError("a channel without a single reading", where=name, fix="leave it out")
        return ChannelBaseline(
            low=self.low,
            high=self.high,
            spread=float(np.median(self.spreads)) if self.spreads else 0.0,
            least_spread=min(self.spreads, default=0.0),
            still=self.still,
            step=self.step if self.spreads else 0.0,
            longest_run=self.longest_run,
            gaps=self.gaps,
            rails=self.rails,
            mains=self.mains,
            spikes=self.spikes,
        )


def inspect(
    window: Window,
    baseline: SensorBaseline | None = None,
    times_s: NDArray[np.float64] | None = None,
) -> tuple[SensorFault, ...]:
    """The faults of a window's sensors, channel by channel; empty when nothing speaks against them.

    Without a baseline only what no healthy sensor does is named: hum, spikes, clipping, gaps, and a vibration
    that does not move at all.

    Args:
        times_s: (readings,) seconds of each reading of the channels at the window's rate, when the source gives them.
    """
    known = baseline or SensorBaseline()
    faults = list(_clock(window, times_s))
    for channel in window.channels:
        traits = traits_of(channel, window, known.mains_hz)
        normal = known.channels.get(channel.name)
        faults += _judged(channel, traits, normal, known)
    return tuple(faults)


def _judged(
    channel: Channel, traits: Traits, normal: ChannelBaseline | None, known: SensorBaseline
) -> Iterator[SensorFault]:
    def fault(kind: Kind, text: str, evidence: float) -> SensorFault:
        return SensorFault(channel.name, kind, text, float(evidence))

    if traits.gaps > _GAPS + (normal.gaps if normal else 0.0):
        yield fault("gaps", f"{traits.gaps:.0%} of the readings are missing", traits.gaps)
    out = _out_of_range(channel, traits, known)
    if out is not None:
        yield fault("range", out[0], out[1])
    if traits.readings.size < LEAST_READINGS:
        return
    dead = _dead(channel, traits, normal)
    if dead is not None:
        yield fault(*dead)
        # a channel without a signal has no hum, rails or spikes worth naming
        return
    if traits.rails > _rail_limit(normal):
        text = f"{traits.rails:.1%} of the readings pile up at an extreme: the input is overdriven"
        yield fault("clipped", text, traits.rails)
    if traits.mains > max(_MAINS_SHARE, (normal.mains if normal else 0.0) + _MAINS_MORE):
        text = (
            f"{traits.mains:.0%} of the signal is hum at {known.mains_hz:g} Hz and its odd multiples: "
            "check shield, earth and cable"
        )
        yield fault("mains", text, traits.mains)
    if traits.spikes > 2 * (normal.spikes if normal else 0.0):
        count = round(traits.spikes * traits.readings.size)
        text = f"{count} lone readings jump and come back at once: check plug and cable"
        yield fault("spikes", text, traits.spikes)


def _dead(
    channel: Channel, traits: Traits, normal: ChannelBaseline | None
) -> tuple[Kind, str, float] | None:
    if traits.spread == 0:
        return _still(channel, float(traits.readings[0]), traits.longest_run, normal)
    if normal is not None and normal.spread > 0 and not _stands(traits.readings, normal):
        if traits.spread < _SILENT * normal.least_spread:
            size = traits.spread / normal.spread
            text = f"{size:.2%} of its usual size: unplugged, without supply, or the machine stands still"
            return "unplugged", text, size
        # at a rail equal readings follow each other too, and that has a name of its own
        longest = max(_RUN, 3 * normal.longest_run)
        if traits.longest_run > longest and traits.rails <= _rail_limit(normal):
            text = f"{traits.longest_run} equal readings in a row, usually at most {normal.longest_run}"
            return "stuck", text, traits.longest_run
    share = repeated(traits.readings)
    if share > 0.5:
        text = f"{share:.0%} of the readings are one sequence repeated"
        return "stuck", text, share * traits.readings.size
    return None


def _still(
    channel: Channel, value: float, count: int, normal: ChannelBaseline | None
) -> tuple[Kind, str, float] | None:
    # without a baseline a setting that never changes cannot be told from a stuck sensor, a vibration can
    moves = is_acceleration(channel.unit) if normal is None else normal.least_spread > 0
    if not moves or (normal is not None and _stands(np.array([value]), normal)):
        return None
    if normal is not None and not normal.low <= value <= normal.high:
        text = f"nothing but {value:.4g}, where it never was: unplugged or without supply"
        return "unplugged", text, 0.0
    return "stuck", f"every reading is {value:.4g}", count


def _stands(readings: NDArray[np.float64], normal: ChannelBaseline) -> bool:
    """Whether the readings are where this channel stands still in normal operation: a machine that is off."""
    if normal.still is None:
        return False
    margin = max(normal.step, _SILENT * (normal.high - normal.low))
    low, high = normal.still[0] - margin, normal.still[1] + margin
    return bool(low <= readings.min() and readings.max() <= high)


def _rail_limit(normal: ChannelBaseline | None) -> float:
    return _RAIL_SHARE + 2 * (normal.rails if normal else 0.0)


def _out_of_range(
    channel: Channel, traits: Traits, known: SensorBaseline
) -> tuple[str, float] | None:
    if not traits.readings.size:
        return None
    low, high = known.ranges.get(channel.name) or _POSSIBLE.get(channel.unit, (-np.inf, np.inf))
    for worst in (float(traits.readings.min()), float(traits.readings.max())):
        if not low <= worst <= high:
            unit = f" {channel.unit}" if channel.unit else ""
            return f"{worst:.4g}{unit} is beyond what is possible ({low:.4g} to {high:.4g})", worst
    return None


def _clock(window: Window, times_s: NDArray[np.float64] | None) -> Iterator[SensorFault]:
    if times_s is None or times_s.size < LEAST_READINGS:
        return
    gaps = np.diff(times_s)
    usual = float(np.median(gaps))
    if usual <= 0 or gaps.min() < 0:
        yield SensorFault("", "clock", "the time of the readings runs backwards", float(gaps.min()))
        return
    if gaps.max() > 10 * usual and gaps.max() > 1.0:
        text = f"the time of the readings jumps by {gaps.max():.3g} s"
        yield SensorFault("", "clock", text, float(gaps.max()))
    ratio = 1 / (usual * window.rate_hz) if window.rate_hz else 1.0
    if abs(ratio - 1) > _RATE_ERROR:
        text = f"readings come at {1 / usual:.6g} Hz, {window.rate_hz:.6g} Hz is stated"
        yield SensorFault("", "clock", text, ratio)
