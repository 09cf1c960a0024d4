"""The part of CBOR (RFC 8949) that sensor windows need: maps, arrays, text, bytes, numbers, null, bools.

Own code instead of a library, because all of it is bounded: no tags, no indefinite lengths, a depth of
eight, and no item larger than what is left of the input. Any CBOR reader reads what this writes.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from functools import lru_cache

from kits.core.errors import DataError

CborValue = (
    None | bool | int | float | str | bytes | Sequence["CborValue"] | Mapping[str, "CborValue"]
)

MAX_DEPTH = 8
MAX_ITEMS = 100_000
"""Values of all kinds in one document; a byte string of any size is one."""
_UINT, _NEGATIVE, _BYTES, _TEXT, _ARRAY, _MAP, _TAG, _SIMPLE = range(8)
_SIZES = {
    24: struct.Struct(">B"),
    25: struct.Struct(">H"),
    26: struct.Struct(">I"),
    27: struct.Struct(">Q"),
}
_CONSTANTS: dict[int, bool | None] = {20: False, 21: True, 22: None}
_DOUBLE = struct.Struct(">Bd")
_SHORT = 64
_FLOATS = {25: struct.Struct(">e"), 26: struct.Struct(">f"), 27: struct.Struct(">d")}


def encode(value: CborValue) -> bytes:
    """A value as CBOR, numbers in their shortest form and floats as doubles.

    Raises:
        DataError: a value of another type, or an integer beyond 64 bits.
    """
    parts: list[bytes] = []
    _write(value, parts)
    return b"".join(parts)


def _write(value: CborValue, parts: list[bytes]) -> None:
    # what windows have most of comes first: a table of wide rows holds millions of short texts
    if isinstance(value, str):
        parts.append(_short_text(value) if len(value) <= _SHORT else _text(value))
    elif isinstance(value, float):
        parts.append(_DOUBLE.pack(_SIMPLE << 5 | 27, value))
    elif isinstance(value, bytes):
        parts += [_head(_BYTES, len(value)), value]
    elif isinstance(value, dict | Mapping):
        parts.append(_head(_MAP, len(value)))
        for key, item in value.items():
            _write(key, parts)
            _write(item, parts)
    elif value is None or isinstance(value, bool):
        parts.append(bytes([_SIMPLE << 5 | {False: 20, True: 21, None: 22}[value]]))
    elif isinstance(value, int):
        parts.append(_head(_NEGATIVE, -1 - value) if value < 0 else _head(_UINT, value))
    elif isinstance(value, list | Sequence):
        parts.append(_head(_ARRAY, len(value)))
        for item in value:
            _write(item, parts)
    else:
        raise DataError(f"a {type(value).__name__} cannot be written as CBOR")


def _text(value: str) -> bytes:
    content = value.encode()
    return _head(_TEXT, len(content)) + content


_short_text = lru_cache(maxsize=8_192)(_text)
"""Keys and names of channels come again in each window."""


def _head(major: int, number: int) -> bytes:
    if number < 24:
        return bytes([major << 5 | number])
    for info, layout in _SIZES.items():
        if number < 1 << (8 * layout.size):
            return bytes([major << 5 | info]) + layout.pack(number)
    raise DataError("an integer beyond 64 bits cannot be written as CBOR")


def decode(content: bytes) -> CborValue:
    """The one value that `content` holds. Nothing is allocated beyond the size of the input.

    Raises:
        DataError: not CBOR, a part of it that is not understood here, or bytes left over.
    """
    reader = _Reader(content)
    try:
        value = reader.value(MAX_DEPTH)
    except (struct.error, UnicodeDecodeError) as error:
        raise DataError(f"not CBOR: {error}") from error
    if reader.at != len(content):
        raise DataError("bytes are left after the CBOR value")
    return value


class _Reader:
    def __init__(self, content: bytes) -> None:
        self._content = content
        self.at = 0
        self._items_left = MAX_ITEMS

    def value(self, depth: int) -> CborValue:
        self._items_left -= 1
        if self._items_left < 0:
            raise DataError(f"CBOR with more than {MAX_ITEMS} items")
        head = self._take(1)[0]
        major, info = head >> 5, head & 31
        if major == _SIMPLE:
            return self._simple(info)
        number = info if info < 24 else self._number(info)
        if major in (_TEXT, _BYTES):
            content = self._take(number)
            return content.decode() if major == _TEXT else content
        if major in (_UINT, _NEGATIVE):
            return number if major == _UINT else -1 - number
        return self._items(major, number, depth)

    def _items(self, major: int, count: int, depth: int) -> CborValue:
        if major == _TAG or depth == 0:
            raise DataError("CBOR with tags or nested too deeply is not understood")
        # each item takes a byte at least, so a count beyond what is left is a lie
        if count > len(self._content) - self.at:
            raise DataError("CBOR that claims more items than it has bytes")
        if major == _MAP:
            return self._map(count, depth - 1)
        return [self.value(depth - 1) for _ in range(count)]

    def _map(self, count: int, depth: int) -> dict[str, CborValue]:
        found: dict[str, CborValue] = {}
        for _ in range(count):
            key = self.value(depth)
            if not isinstance(key, str) or key in found:
                raise DataError("a CBOR map whose keys are not different texts")
            found[key] = self.value(depth)
        return found

    def _simple(self, info: int) -> CborValue:
        if info in _CONSTANTS:
            return _CONSTANTS[info]
        layout = _FLOATS.get(info)
        if layout is None:
            raise DataError(f"CBOR's simple value {info} is not understood")
        number: float = layout.unpack(self._take(layout.size))[0]
        return number

    def _number(self, info: int) -> int:
        layout = _SIZES.get(info)
        if layout is None:
            raise DataError("CBOR of indefinite length is not understood")
        number: int = layout.unpack(self._take(layout.size))[0]
        return number

    def _take(self, size: int) -> bytes:
        end = self.at + size
        if end > len(self._content):
            raise DataError("CBOR that ends too early")
        part = self._content[self.at : end]
        self.at = end
        return part
