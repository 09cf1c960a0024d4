"""Sensor windows as bytes: some channels over one stretch of time, as CBOR with int16 and a scale.

A window of 4,096 readings takes 8 kB this way (JSON: 84 kB). Each channel is quantised over its own range,
so the error of a reading is at most half a step, `scale / 2`; readings that are not finite stay marked as
missing. Everything that comes from outside is bounded before anything is allocated. Channels may have rates
of their own (vibration at 25.6 kHz beside a temperature once a second); conditions of the whole window, such
as speed and asset, are its attributes.
"""

from __future__ import annotations

import math
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone

import numpy as np
from numpy.typing import NDArray

from kits.core import cbor
from kits.core.cbor import CborValue
from kits.core.errors import DataError

MEDIA_TYPE = "application/vnd.kitwright.window+cbor"
VERSION = 1
MAX_BYTES = 16 << 20
MAX_CHANNELS = 1_024
MAX_ATTRIBUTES = 64
MAX_NAME = 64
"""Signs in the name of a channel or attribute, and in a unit."""
MAX_READINGS = 4 << 20
"""Of all channels together."""
MIN_RATE_HZ, MAX_RATE_HZ = 1e-7, 1e9
"""A reading in four months, and more than any converter gives."""
_MAX_TEXT = 200
_TOP = 32_767
_MISSING = -32_768
_READINGS = cbor.encode("i16")
_ONE_READING = _READINGS + cbor.encode(bytes(2))[:1]
_ZERO, _NONE = (step.to_bytes(2, "little", signed=True) for step in (0, _MISSING))


@dataclass(frozen=True, slots=True)
class Channel:
    """One signal.

    Attributes:
        unit: physical unit as text, for people (`g`, `mm/s`, `°C`).
        readings: 1-d, float32; not a number where a reading is missing.
        rate_hz: readings per second; None: that of the window.
    """

    name: str
    unit: str
    readings: NDArray[np.float32]
    rate_hz: float | None = None


@dataclass(frozen=True)
class Window:
    """Channels over the same stretch of time; those without a rate of their own have equal length.

    Attributes:
        rate_hz: readings per second; 0 when they are not evenly spaced (one per cycle, say).
        started_at: time of the first reading, UTC; None when it is not known.
        attributes: what holds for the whole window: `asset`, `speed_rpm`, `load`, a product's type.
    """

    channels: tuple[Channel, ...]
    rate_hz: float = 0.0
    started_at: datetime | None = None
    attributes: Mapping[str, str | float] = field(default_factory=dict)

    def rate_of(self, channel: Channel) -> float:
        """Readings per second of one of its channels; 0 when they are not evenly spaced."""
        return self.rate_hz if channel.rate_hz is None else channel.rate_hz

    def matrix(self) -> NDArray[np.float32]:
        """All readings as (channels, readings).

        Raises:
            DataError: the channels have different rates.
        """
        if len({channel.readings.size for channel in self.channels}) != 1:
            raise DataError("channels of different rates make no matrix")
        return np.stack([channel.readings for channel in self.channels])


def encode_window(window: Window) -> bytes:
    """The window as bytes of `MEDIA_TYPE`.

    Raises:
        DataError: no channels, too many, two of one name, of unequal length at one rate, too many readings
            or attributes, or an attribute that is no finite number and no text.
    """
    _check_size(window.channels)
    _check_names(window.channels)
    started = window.started_at.isoformat() if window.started_at is not None else None
    return cbor.encode(
        {
            "v": VERSION,
            "rate_hz": float(window.rate_hz),
            "started_at": started,
            "attributes": dict(_checked_attributes(window.attributes)),
            "channels": [_packed(channel) for channel in window.channels],
        }
    )


def _packed(channel: Channel) -> CborValue:
    offset, scale, steps = _steps(channel)
    own_rate = {} if channel.rate_hz is None else {"rate_hz": float(channel.rate_hz)}
    return {
        **own_rate,
        "name": channel.name[:MAX_NAME],
        "unit": channel.unit[:MAX_NAME],
        "scale": scale,
        "offset": offset,
        "i16": steps,
    }


def _steps(channel: Channel) -> tuple[float, float, bytes]:
    """Offset, scale and the readings in steps of it."""
    if channel.readings.size == 1:  # rows of a table, which may have a thousand columns
        value = float(channel.readings[0])
        return (value, 0.0, _ZERO) if math.isfinite(value) else (0.0, 0.0, _NONE)
    values = np.asarray(channel.readings, np.float64)
    finite = np.isfinite(values)
    low, high = (
        (float(values[finite].min()), float(values[finite].max())) if finite.any() else (0.0, 0.0)
    )
    offset = low + (high - low) / 2
    scale = (high - low) / (2 * _TOP)
    if not math.isfinite(scale):
        raise DataError(
            "readings too far apart for one scale",
            where=channel.name,
            fix="split the channel, or give readings that are none as empty cells",
        )
    steps = np.full(values.shape, _MISSING, np.int16)
    if scale > 0:
        steps[finite] = np.clip(np.rint((values[finite] - offset) / scale), -_TOP, _TOP)
    else:
        steps[finite] = 0
    return offset, scale, steps.astype("<i2").tobytes()


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
    with np.errstate(over="ignore"):
        channels = tuple(_unpacked(channel) for channel in packed)
    _check_size(channels)
    attributes = found.get("attributes", {})
    if not isinstance(attributes, Mapping):
        raise DataError("a sensor window whose attributes are no map")
    return Window(
        channels,
        _rate(found),
        _moment(found.get("started_at")),
        dict(_checked_attributes(attributes)),
    )


def is_single_row(content: bytes) -> bool:
    """Whether each channel of a window has one reading, as rows of tables have; told without decoding it.

    False may also be said of such a window, where another program wrote it.
    """
    return 0 < content.count(_READINGS) == content.count(_ONE_READING)


def _unpacked(found: CborValue) -> Channel:
    if not isinstance(found, Mapping):
        raise DataError("a channel that is no map")
    name, unit, content = found.get("name"), found.get("unit", ""), found.get("i16")
    if not isinstance(name, str) or not isinstance(unit, str) or not isinstance(content, bytes):
        raise DataError("a channel without name, unit or readings")
    if len(name) > MAX_NAME or len(unit) > MAX_NAME or len(content) % 2:
        raise DataError("a channel out of bounds", where=name[:MAX_NAME])
    readings = _readings(content, _number(found, "scale"), _number(found, "offset"))
    rate_hz = _rate(found) if "rate_hz" in found else None
    # thousands of rows of a table have the same names
    return Channel(sys.intern(name), sys.intern(unit), readings, rate_hz)


def _readings(content: bytes, scale: float, offset: float) -> NDArray[np.float32]:
    if len(content) == 2:
        step = int.from_bytes(content, "little", signed=True)
        return np.array([math.nan if step == _MISSING else step * scale + offset], np.float32)
    steps = np.frombuffer(content, "<i2")
    readings = (steps * scale + offset).astype(np.float32)
    readings[steps == _MISSING] = np.nan
    return readings


def _check_size(channels: Sequence[Channel]) -> None:
    common = {channel.readings.size for channel in channels if channel.rate_hz is None}
    if not 0 < len(channels) <= MAX_CHANNELS or len(common) > 1:
        raise DataError(
            f"a sensor window has 1 to {MAX_CHANNELS} channels, of equal length at one rate"
        )
    if sum(channel.readings.size for channel in channels) > MAX_READINGS:
        raise DataError(f"a sensor window of more than {MAX_READINGS} readings")


def _check_names(channels: Sequence[Channel]) -> None:
    names = Counter(channel.name[:MAX_NAME] for channel in channels)
    name, times = names.most_common(1)[0]
    if times > 1:
        raise DataError(
            f"{times} channels of a sensor window have one name",
            where=name,
            fix=f"give each a name that differs in its first {MAX_NAME} signs",
        )


def _checked_attributes(given: Mapping[str, object]) -> Iterator[tuple[str, str | float]]:
    if len(given) > MAX_ATTRIBUTES:
        raise DataError(f"a sensor window of more than {MAX_ATTRIBUTES} attributes")
    for name, value in given.items():
        if isinstance(value, str) and len(value) <= _MAX_TEXT and len(name) <= MAX_NAME:
            yield name, value
        elif isinstance(value, int | float) and math.isfinite(value) and len(name) <= MAX_NAME:
            yield name, float(value)
        else:
            raise DataError(
                "an attribute that is no number and no short text", where=name[:MAX_NAME]
            )


def _number(found: Mapping[str, CborValue], key: str) -> float:
    value = found.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise DataError(f"a sensor window whose {key} is no finite number")
    return float(value)


def _rate(found: Mapping[str, CborValue]) -> float:
    rate_hz = _number(found, "rate_hz")
    if rate_hz and not MIN_RATE_HZ <= rate_hz <= MAX_RATE_HZ:
        raise DataError(f"a sensor window of {rate_hz:g} readings per second")
    return rate_hz


def _moment(value: CborValue) -> datetime | None:
    if value is None:
        return None
    try:
        found = datetime.fromisoformat(str(value))
    except ValueError as error:
        raise DataError("a sensor window whose started_at is no time") from error
    # a time without a zone can be compared with no other
    return found if found.tzinfo is not None else found.replace(tzinfo=timezone.utc)
