"""Rows: what a model sees of a recording, one row per reading of a table or per window of a waveform.

It is responsible for which channels and figures make a row, the same on the device and in training. It knows
no model: lags, regimes and statistics over rows are the models' own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from kits.core.errors import DataError
from kits.core.window import Channel, Window
from kits.predictive_maintenance._device.shaft import ShaftSpec, Turning, turning
from kits.predictive_maintenance._device.words import CODE, code_of
from kits.predictive_maintenance._signals.features import FeatureSpec, extract
from kits.predictive_maintenance._signals.features import names as figures_of
from kits.predictive_maintenance._signals.units import conversion

Floats = NDArray[np.float64]
_HELD = 5
"""A reading that is missing is taken to be the one before, for so many readings at most."""
_COURSE = ("mean", "spread", "slope", "low", "high", "first", "last")
_EDGE = 0.15


class RowSpec(BaseModel):
    """How a recording becomes rows. Part of a bundle."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["readings", "windows"] = Field(description="one row per reading, or per window")
    channels: tuple[str, ...] = Field(description="names, in the order of the columns")
    units: tuple[str, ...] = Field((), description="as text, by channel")
    rate_hz: float = Field(0.0, ge=0, description="rows per second learned on; 0: not in time")
    window_s: float = Field(0.0, ge=0, description="length of a window; 0: the whole recording")
    hop_s: float = Field(0.0, ge=0, description="from window to window; 0: no overlap")
    features: dict[str, FeatureSpec] = Field(
        default_factory=dict, description="of channels that are heard as waveforms"
    )
    categories: dict[str, tuple[str, ...]] = Field(
        default_factory=dict, description="attribute → values, each a column of 0 and 1"
    )
    conditions: tuple[str, ...] = Field((), description="attributes that are columns as they are")
    shaft: ShaftSpec = ShaftSpec()
    products: bool = Field(
        False, description="adds product, difference and ratio of each pair of channels"
    )

    left_out: tuple[str, ...] = Field(
        (), description="figures that could not be had in training, as `channel · figure`"
    )

    @property
    def names(self) -> tuple[str, ...]:
        """The columns, as `channel` or `channel · figure`."""
        return tuple(name for name, _ in self._columns())

    @property
    def sources(self) -> tuple[frozenset[str], ...]:
        """The channels that each column comes from: two where it joins a pair; an attribute's name where it is one."""
        return tuple(frozenset(sources) for _, sources in self._columns())

    def _columns(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        if self.kind == "readings":
            yield from ((name, (name,)) for name in self.channels)
        else:
            left_out = set(self.left_out)
            for channel in self.channels:
                for figure in self._figures(channel):
                    name = f"{channel} · {figure}"
                    if name not in left_out:
                        yield name, (channel,)
        for a, b in _pairs(self.channels) if self.products else ():
            yield from ((f"{a} {sign} {b}", (a, b)) for sign in ("×", "−", "/"))
        yield from ((name, (name,)) for name in self.conditions)
        for name, known in self.categories.items():
            yield from ((f"{name}={value}", (name,)) for value in known)

    @property
    def figures(self) -> tuple[str, ...]:
        """What is computed of windows, whether it is left out or not."""
        return tuple(
            f"{channel} · {figure}"
            for channel in self.channels
            for figure in self._figures(channel)
        )

    def _figures(self, channel: str) -> tuple[str, ...]:
        spec = self.features.get(channel)
        return _COURSE if spec is None else figures_of(spec)


@dataclass(frozen=True)
class Rows:
    """Rows of one recording.

    Attributes:
        values: (rows, columns) float64; not a number where a reading is missing.
        ends: (rows,) index after the last reading of each row, in readings of the window's own rate.
        at_s: (rows,) seconds from the start of the recording to the end of each row; the number of the
            reading where readings are not evenly spaced in time.
    """

    values: Floats
    ends: NDArray[np.intp]
    at_s: Floats

    def __len__(self) -> int:
        return len(self.values)


def rows_of(window: Window, spec: RowSpec, speed_rpm: float = 0.0) -> Rows:
    """The rows of a recording.

    Args:
        speed_rpm: of the shaft, where the recording does not say it; 0: unknown.

    Raises:
        DataError: a channel the model needs is not in it, or it is shorter than one window.
    """
    channels = _chosen(window, spec)
    made = (
        _readings(window, channels)
        if spec.kind == "readings"
        else _windows(window, channels, spec, speed_rpm)
    )
    extra = [_pair_columns(made.values, spec)] if spec.products else []
    constant = _constants(window, spec)
    if constant.size:
        extra.append(np.broadcast_to(constant, (len(made), constant.size)))
    values = np.hstack([made.values, *extra]) if extra else made.values
    return Rows(values, made.ends, made.at_s)


def _chosen(window: Window, spec: RowSpec) -> list[Channel]:
    names = spec.channels
    known = {channel.name: channel for channel in window.channels}
    known |= _held_words(window, spec)
    missing = [name for name in names if name not in known]
    if missing:
        raise DataError(
            f"a recording without {', '.join(missing[:5])}",
            where=str(window.attributes.get("asset", "")),
            fix=f"the model was trained on: {', '.join(names[:20])}; it has: {', '.join(list(known)[:20])}",
        )
    units = dict(zip(names, spec.units))
    return [_in_unit(known[name], units.get(name, "")) for name in names]


def in_units_learned(window: Window, spec: RowSpec) -> Window:
    """A window whose channels are in the units that were learned; what states none, or cannot be converted, stays."""
    units = dict(zip(spec.channels, spec.units))
    return replace(
        window, channels=tuple(_in_unit(c, units.get(c.name, "")) for c in window.channels)
    )


def _in_unit(channel: Channel, unit: str) -> Channel:
    line = conversion(channel.unit, unit) if unit and channel.unit not in ("", unit) else None
    if line is None:
        return channel
    with np.errstate(over="ignore"):
        readings = (line[0] * channel.readings.astype(np.float64) + line[1]).astype(np.float32)
    return replace(channel, unit=unit, readings=readings)


def _held_words(window: Window, spec: RowSpec) -> dict[str, Channel]:
    """Channels of words that did not change all along, for which a recording states the one word that held."""
    here = {channel.name for channel in window.channels}
    count = max((channel.readings.size for channel in window.channels), default=0)
    found = {}
    for name, unit in zip(spec.channels, spec.units):
        word = window.attributes.get(name)
        if unit == CODE and name not in here and isinstance(word, str):
            found[name] = Channel(name, CODE, np.full(count, code_of(word), np.float32))
    return found


def _readings(window: Window, channels: list[Channel]) -> Rows:
    count = max(channel.readings.size for channel in channels)
    columns = [held(_stretched(channel.readings, count)) for channel in channels]
    values = np.stack(columns, axis=1) if columns else np.empty((0, 0))
    rate = window.rate_hz or max((window.rate_of(c) for c in channels), default=0.0)
    ends = np.arange(1, count + 1)
    return Rows(values, ends, ends / rate if rate else ends.astype(np.float64))


def _stretched(readings: NDArray[np.float32], count: int) -> Floats:
    """Readings of a slower channel, each held until the next one."""
    if readings.size == count:
        return readings.astype(np.float64)
    if not readings.size:
        return np.full(count, np.nan)
    return readings.astype(np.float64)[np.arange(count) * readings.size // count]


def held(values: Floats) -> Floats:
    """Missing readings replaced by the one before, over short gaps only."""
    missing = ~np.isfinite(values)
    if not missing.any():
        return values
    place = np.where(missing, -1, np.arange(values.size))
    last = np.maximum.accumulate(place)
    short = missing & (last >= 0) & (np.arange(values.size) - last <= _HELD)
    result = values.copy()
    result[short] = values[last[short]]
    return result


def _windows(window: Window, channels: list[Channel], spec: RowSpec, speed_rpm: float) -> Rows:
    span_s = _duration_s(window, channels)
    length_s = (
        min(spec.window_s or span_s, span_s) if not spec.features else (spec.window_s or span_s)
    )
    hop_s = spec.hop_s or length_s
    # a recording that is short of a window by a rounding error still has one
    count = int((span_s - length_s) / hop_s + 1 + 1e-6) if length_s <= span_s * (1 + 1e-6) else 0
    if count < 1:
        raise DataError(
            f"a recording of {span_s:g} s is shorter than the model's window of {length_s:g} s",
            where=str(window.attributes.get("asset", "")),
            fix="record longer, or train with a smaller model.window",
        )
    shaft = turning(window, spec.shaft, speed_rpm) if spec.features else Turning()
    blocks = [
        _channel_rows(window, channel, spec, (count, length_s, hop_s), shaft)
        for channel in channels
    ]
    ends_s: Floats = np.arange(count, dtype=np.float64) * hop_s + length_s
    base = window.rate_hz or max(window.rate_of(c) for c in channels) or 1.0
    ends = np.minimum(np.rint(ends_s * base), max(c.readings.size for c in channels)).astype(
        np.intp
    )
    values = np.hstack(blocks)
    if spec.left_out:
        values = values[:, [name not in spec.left_out for name in spec.figures]]
    return Rows(values, ends, ends_s)


def _duration_s(window: Window, channels: list[Channel]) -> float:
    return max(c.readings.size / (window.rate_of(c) or 1.0) for c in channels)


def _channel_rows(
    window: Window,
    channel: Channel,
    spec: RowSpec,
    grid: tuple[int, float, float],
    shaft: Turning,
) -> Floats:
    count, length_s, hop_s = grid
    rate = window.rate_of(channel) or 1.0
    size = max(round(length_s * rate), 1)
    starts = np.minimum(
        np.rint(np.arange(count) * hop_s * rate).astype(np.intp),
        max(channel.readings.size - size, 0),
    )
    size = min(size, channel.readings.size)
    pieces = np.lib.stride_tricks.sliding_window_view(channel.readings, size)[starts]
    features = spec.features.get(channel.name)
    if features is None:
        return course(pieces.astype(np.float64))
    turns = shaft.angles(rate, channel.readings.size)
    if turns is not None:
        turns = np.lib.stride_tricks.sliding_window_view(turns, size)[starts]
    return extract(pieces, rate, shaft.speed_hz or None, features, turns).astype(np.float64)


def course(pieces: Floats) -> Floats:
    """(n, 7) mean, spread, slope over the piece, low, high, means of the first and last part of (n, readings)."""
    size = pieces.shape[1]
    edge = max(round(size * _EDGE), 1)
    place = np.arange(size) - (size - 1) / 2
    weight = place / max(float(place @ place), 1e-12)
    return np.stack(
        [
            pieces.mean(axis=1),
            pieces.std(axis=1),
            pieces @ weight * size,
            pieces.min(axis=1),
            pieces.max(axis=1),
            pieces[:, :edge].mean(axis=1),
            pieces[:, -edge:].mean(axis=1),
        ],
        axis=1,
    )


def _pairs(channels: tuple[str, ...]) -> list[tuple[str, str]]:
    return [(a, b) for i, a in enumerate(channels) for b in channels[i + 1 :]]


def _pair_columns(values: Floats, spec: RowSpec) -> Floats:
    columns = []
    for i in range(len(spec.channels)):
        for j in range(i + 1, len(spec.channels)):
            a, b = values[:, i], values[:, j]
            # a divisor near zero gives a large number, never an endless one
            safe = np.where(np.abs(b) < 1e-9, 1e-9, b)
            columns += [a * b, a - b, a / safe]
    return np.stack(columns, axis=1) if columns else np.empty((len(values), 0))


def _constants(window: Window, spec: RowSpec) -> Floats:
    numbers = [_number(window.attributes.get(name)) for name in spec.conditions]
    levels = [
        float(str(window.attributes.get(name, "")) == value)
        for name, known in spec.categories.items()
        for value in known
    ]
    return np.array([*numbers, *levels], np.float64)


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else float("nan")
