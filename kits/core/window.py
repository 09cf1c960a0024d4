"""Sensor windows as bytes: some channels over one stretch of time, as CBOR with int16 and a scale.

A window of 4,096 readings takes 8 kB this way (JSON: 84 kB). Each channel is quantised over its own range,
so the error of a reading is at most half a step, `scale / 2`; readings that are not finite stay marked as
missing. Everything that comes from outside is bounded before anything is allocated. It is the format of
the kits for machines to come: no source makes windows yet.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from kits.core import cbor
from kits.core.cbor import CborValue
from kits.core.errors import DataError

MEDIA_TYPE = "application/vnd.kitwright.window+cbor"
VERSION = 1
MAX_BYTES = 16 << 20
MAX_CHANNELS = 256
MAX_READINGS = 4 << 20
"""Of all channels together."""
_MAX_NAME = 64
_TOP = 32_767
_MISSING = -32_768


@dataclass(frozen=True)
class Channel:
    """One signal: its name, its physical unit (as text, for people) and its readings (1-d, float32)."""

    name: str
    unit: str
    readings: NDArray[np.float32]


@dataclass(frozen=True)
class Window:
    """Channels of equal length, read at the same moments.

    Attributes:
        rate_hz: readings per second; 0 when they are not evenly spaced (one per cycle, say).
        started_at: time of the first reading, UTC; None when it is not known.
    """

    channels: tuple[Channel, ...]
    rate_hz: float = 0.0
    started_at: datetime | None = None

    def matrix(self) -> NDArray[np.float32]:
        """All readings as (channels, readings)."""
        return np.stack([channel.readings for channel in self.channels])


def encode_window(window: Window) -> bytes:
    """The window as bytes of `MEDIA_TYPE`.

    Raises:
        DataError: no channels, too many, of unequal length, or too many readings.
    """
    lengths = {channel.readings.size for channel in window.channels}
    _check_size(len(window.channels), lengths)
    started = window.started_at.isoformat() if window.started_at is not None else None
    return cbor.encode(
        {
            "v": VERSION,
            "rate_hz": float(window.rate_hz),
            "started_at": started,
            "channels": [_packed(channel) for channel in window.channels],
        }
    )


def _packed(channel: Channel) -> CborValue:
    values = np.asarray(channel.readings, np.float64)
    finite = np.isfinite(values)
    low, high = (
        (float(values[finite].min()), float(values[finite].max())) if finite.any() else (0.0, 0.0)
    )
    offset = low + (high - low) / 2
    scale = (high - low) / (2 * _TOP)
    if not math.isfinite(scale):
        raise DataError("readings too far apart for one scale", where=channel.name)
    steps = np.full(values.shape, _MISSING, np.int16)
    if scale > 0:
        steps[finite] = np.clip(np.rint((values[finite] - offset) / scale), -_TOP, _TOP)
    else:
        steps[finite] = 0
    return {
        "name": channel.name[:_MAX_NAME],
        "unit": channel.unit[:_MAX_NAME],
        "scale": scale,
        "offset": offset,
        "i16": steps.astype("<i2").tobytes(),
    }


def decode_window(content: bytes) -> Window:
    """The opposite of `encode_window`; readings come back within half a step of what they were.

    Raises:
        DataError: not a window, a newer version of it, or beyond the bounds.
    """
    if len(content) > MAX_BYTES:
        raise DataError(f"a sensor window of more than {MAX_BYTES} bytes")
    found = cbor.decode(content)
    if not isinstance(found, Mapping):
        raise DataError("not a sensor window: no map")
    if found.get("v") != VERSION:
        raise DataError(f"version {found.get('v')!r} of a sensor window is not understood")
    packed = found.get("channels")
    if not isinstance(packed, list):
        raise DataError("a sensor window without channels")
    if len(packed) > MAX_CHANNELS:
        raise DataError(f"a sensor window of more than {MAX_CHANNELS} channels")
    channels = tuple(_unpacked(channel) for channel in packed)
    _check_size(len(channels), {channel.readings.size for channel in channels})
    return Window(channels, _number(found, "rate_hz"), _moment(found.get("started_at")))


def _unpacked(found: CborValue) -> Channel:
    if not isinstance(found, Mapping):
        raise DataError("a channel that is no map")
    name, unit, content = found.get("name"), found.get("unit", ""), found.get("i16")
    if not isinstance(name, str) or not isinstance(unit, str) or not isinstance(content, bytes):
        raise DataError("a channel without name, unit or readings")
    if len(name) > _MAX_NAME or len(unit) > _MAX_NAME or len(content) % 2:
        raise DataError("a channel out of bounds", where=name[:_MAX_NAME])
    steps = np.frombuffer(content, "<i2")
    with np.errstate(over="ignore"):
        readings = (steps * _number(found, "scale") + _number(found, "offset")).astype(np.float32)
    readings[steps == _MISSING] = np.nan
    return Channel(name, unit, readings)


def _check_size(channels: int, lengths: set[int]) -> None:
    if not 0 < channels <= MAX_CHANNELS or len(lengths) != 1:
        raise DataError(f"a sensor window has 1 to {MAX_CHANNELS} channels of equal length")
    if channels * lengths.pop() > MAX_READINGS:
        raise DataError(f"a sensor window of more than {MAX_READINGS} readings")


def _number(found: Mapping[str, CborValue], key: str) -> float:
    value = found.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise DataError(f"a sensor window whose {key} is no finite number")
    return float(value)


def _moment(value: CborValue) -> datetime | None:
    if value is None:
        return None
    try:
        return datetime.fromisoformat(str(value))
    except ValueError as error:
        raise DataError("a sensor window whose started_at is no time") from error
