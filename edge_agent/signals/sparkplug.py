"""Sparkplug B payloads: as much of their Protocol Buffers encoding as metrics need. No dependency.

The format is Eclipse Sparkplug 3.0, `sparkplug_b.proto`. What comes from outside is bounded: nothing is
allocated beyond the size of the message, unknown fields are passed over.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from kits.core.errors import DataError

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_MAX_METRICS = 10_000
_SIGNED = {1: 8, 2: 16, 3: 32, 4: 64}
"""Int8 … Int64: their values travel as unsigned."""

_SIGN = 1 << 31
"""From here on a whole number may be a negative one of 32 bits."""
Value = float | str | bytes | bool | None


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric.

    Attributes:
        name: empty where only the alias is told.
        time_s: seconds since 1970; None: not told.
        historical: a reading of before, told late.
        datatype: as the specification numbers them; None: its birth told it.
        raw: a whole number as it travels, without a sign.
    """

    name: str = ""
    alias: int | None = None
    time_s: float | None = None
    value: Value = None
    historical: bool = False
    datatype: int | None = None
    raw: int | None = None

    @property
    def has_unknown_sign(self) -> bool:
        """Whether only the birth's data type tells a large number from a negative one."""
        return self.datatype is None and self.raw is not None and self.raw >= _SIGN

    def value_as(self, born: int | None) -> Value:
        """The value, by the data type of the metric's birth where this message tells none."""
        if self.datatype is not None or born is None or self.raw is None or self.value is None:
            return self.value
        return float(_signed(self.raw, born))


@dataclass(frozen=True, slots=True)
class Payload:
    """One message."""

    time_s: float | None
    seq: int | None
    metrics: tuple[Metric, ...]


def decode_payload(content: bytes) -> Payload:
    """A payload of NBIRTH, NDATA, DBIRTH, DDATA.

    Raises:
        DataError: no such payload.
    """
    time_s, seq, metrics = None, None, []
    for field, value in _fields(content):
        if field == 1 and isinstance(value, int):
            time_s = value / 1000
        elif field == 2 and isinstance(value, bytes):
            metrics.append(_metric(value))
            if len(metrics) > _MAX_METRICS:
                raise DataError(f"a Sparkplug message of more than {_MAX_METRICS} metrics")
        elif field == 3 and isinstance(value, int):
            seq = value
    return Payload(time_s, seq, tuple(metrics))


def _metric(content: bytes) -> Metric:
    told = dict(_fields(content))
    datatype = told.get(4)
    known = datatype if isinstance(datatype, int) else None
    value: Value = None
    for field, read in _VALUES.items():
        if field in told:
            value = read(told[field], known or 0)
    raw = told.get(10, told.get(11))
    name, alias, time_ms = told.get(1, b""), told.get(2), told.get(3)
    return Metric(
        _text(name) if isinstance(name, bytes) else "",
        alias if isinstance(alias, int) else None,
        time_ms / 1000 if isinstance(time_ms, int) else None,
        None if told.get(7) else value,
        bool(told.get(5)),
        known,
        raw if isinstance(raw, int) else None,
    )


def _signed(value: int, datatype: int) -> int:
    bits = _SIGNED.get(datatype)
    if bits is None:
        return value
    value &= (1 << bits) - 1
    return value - (1 << bits) if value >> (bits - 1) else value


def _fields(content: bytes) -> Iterator[tuple[int, int | bytes]]:
    """(number, value): varints as numbers, everything else as its bytes."""
    at = 0
    while at < len(content):
        key, at = _varint(content, at)
        field, kind = key >> 3, key & 7
        if kind == _VARINT:
            number, at = _varint(content, at)
            yield field, number
            continue
        size = {_FIXED64: 8, _FIXED32: 4}.get(kind)
        if size is None:
            if kind != _BYTES:
                raise DataError("not a Sparkplug payload: a field of an unknown kind")
            size, at = _varint(content, at)
        if at + size > len(content):
            raise DataError("a Sparkplug payload that ends too early")
        yield field, content[at : at + size]
        at += size


def _varint(content: bytes, at: int) -> tuple[int, int]:
    number = 0
    for shift in range(0, 70, 7):
        if at >= len(content):
            raise DataError("a Sparkplug payload that ends too early")
        byte = content[at]
        at += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number, at
    raise DataError("not a Sparkplug payload: a number that does not end")


def _unpacked(layout: str, content: bytes) -> float:
    if len(content) != struct.calcsize(layout):
        raise DataError("not a Sparkplug payload: a number of another size")
    return float(struct.unpack(layout, content)[0])


def _text(content: bytes) -> str:
    return content.decode("utf-8", "replace")


def _integer(value: int | bytes, datatype: int) -> Value:
    return float(_signed(value, datatype)) if isinstance(value, int) else None


def _content(value: int | bytes) -> bytes:
    return value if isinstance(value, bytes) else b""


_VALUES: dict[int, Callable[[int | bytes, int], Value]] = {
    10: _integer,
    11: _integer,
    12: lambda value, _: _unpacked("<f", _content(value)),
    13: lambda value, _: _unpacked("<d", _content(value)),
    14: lambda value, _: bool(value),
    15: lambda value, _: _text(_content(value)),
    16: lambda value, _: _content(value),
}
"""By field of the metric: how its value is read, with the metric's data type."""

REBIRTH = "Node Control/Rebirth"


def encode_rebirth(time_ms: int) -> bytes:
    """The payload of an NCMD that asks a node to tell all of its metrics again."""
    metric = _bytes_field(1, REBIRTH.encode()) + _varint_field(4, 11) + _varint_field(14, 1)
    return _varint_field(1, time_ms) + _bytes_field(2, metric)


def _varint_field(field: int, number: int) -> bytes:
    return _to_varint(field << 3) + _to_varint(number)


def _bytes_field(field: int, content: bytes) -> bytes:
    return _to_varint(field << 3 | _BYTES) + _to_varint(len(content)) + content


def _to_varint(number: int) -> bytes:
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)
