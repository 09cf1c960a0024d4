"""Frames, acknowledgements and chunks: the bytes on the MQTT topics.

A frame is up to 200 events of one class as JSON, compressed with zstd (small and readable with
`zstd -d`). Everything here treats its input as hostile: sizes are bounded before allocation.
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import zstandard
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from kits.core.errors import DataError
from kits.core.events import Event

MAX_ROWS = 200
MAX_FRAME_BYTES = 256 * 1024
MAX_UNPACKED_BYTES = 8 * 1024 * 1024
CHUNK_BYTES = 256 * 1024
MIN_CHUNK_BYTES = 16 * 1024

_CHUNK_HEAD = struct.Struct(">IQI")  # chunk size, blob size, CRC-32 of the body
CHUNK_HEAD_BYTES = _CHUNK_HEAD.size


class Frame(BaseModel):
    """Many events of one class from one outbox."""

    model_config = ConfigDict(extra="ignore", frozen=True, defer_build=True)

    v: int = 1
    epoch: str = Field(min_length=1, max_length=32, description="drawn when the outbox was made")
    rows: tuple[Event, ...] = Field(max_length=MAX_ROWS)


class BlobAck(BaseModel):
    """How far a blob has arrived: `have` lists inclusive ranges of chunk numbers."""

    model_config = ConfigDict(extra="ignore", frozen=True, defer_build=True)

    done: bool = False
    chunk_bytes: int = CHUNK_BYTES
    have: tuple[tuple[int, int], ...] = ()
    refused: str = Field(
        "", description="why the hub will never take this blob: the device gives it up"
    )


class Ack(BaseModel):
    """What the hub has committed: inclusive ranges of sequence numbers, and blobs by digest."""

    model_config = ConfigDict(extra="ignore", frozen=True, defer_build=True)

    epoch: str
    ranges: tuple[tuple[int, int], ...] = ()
    blobs: dict[str, BlobAck] = Field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Chunk:
    """One piece of a blob; its number is in the topic."""

    chunk_bytes: int
    blob_bytes: int
    body: bytes

    @property
    def count(self) -> int:
        """Number of chunks of the whole blob."""
        return -(-self.blob_bytes // self.chunk_bytes)


class FrameEncoder:
    """Frames from rows that are JSON already; keeps its compressor, so it is for one thread."""

    def __init__(self) -> None:
        self._compressor = zstandard.ZstdCompressor(level=3)

    def encode(self, epoch: str, rows: Sequence[str]) -> bytes:
        """The same bytes as `encode_frame` of the same rows.

        Args:
            rows: each the JSON text of an `Event`.
        """
        text = f'{{"v":1,"epoch":{json.dumps(epoch)},"rows":[{",".join(rows)}]}}'
        return self._compressor.compress(text.encode())


def encode_frame(frame: Frame) -> bytes:
    """The frame as compressed bytes."""
    return zstandard.ZstdCompressor(level=3).compress(frame.model_dump_json().encode())


def decode_frame(payload: bytes) -> Frame:
    """The opposite of `encode_frame`.

    Raises:
        DataError: not a frame, or larger than allowed when unpacked.
    """
    return parse_frame(unpack_frame(payload))


def parse_frame(content: bytes) -> Frame:
    """A frame from its JSON.

    Raises:
        DataError: it is none.
    """
    try:
        frame = Frame.model_validate_json(content)
    except ValidationError as error:
        first = error.errors()[0]
        raise DataError(f"not a frame: {first['msg']}", where=str(first["loc"])) from error
    if frame.v != 1:
        raise DataError(f"frame version {frame.v} is not understood", fix="update this hub")
    return frame


def unpack_frame(payload: bytes) -> bytes:
    """The JSON inside a frame, bounded.

    Raises:
        DataError: not compressed, or larger than allowed when unpacked.
    """
    try:
        size = zstandard.get_frame_parameters(payload).content_size
        if size <= MAX_UNPACKED_BYTES:
            return zstandard.ZstdDecompressor().decompress(payload)
        if size != zstandard.CONTENTSIZE_UNKNOWN:
            raise DataError(f"a frame unpacks to more than {MAX_UNPACKED_BYTES} bytes")
        with zstandard.ZstdDecompressor().stream_reader(payload) as reader:
            content: bytes = reader.read(MAX_UNPACKED_BYTES + 1)
    except zstandard.ZstdError as error:
        raise DataError(f"not a zstd frame: {error}") from error
    if len(content) > MAX_UNPACKED_BYTES:
        raise DataError(f"a frame unpacks to more than {MAX_UNPACKED_BYTES} bytes")
    return content


def encode_ack(ack: Ack) -> bytes:
    """An acknowledgement as JSON bytes."""
    return ack.model_dump_json().encode()


def decode_ack(payload: bytes) -> Ack:
    """Raises DataError when it is none."""
    try:
        return Ack.model_validate_json(payload)
    except ValidationError as error:
        raise DataError("not an acknowledgement") from error


def encode_chunk(content: bytes, number: int, chunk_bytes: int = CHUNK_BYTES) -> bytes:
    """Chunk `number` of `content` with its header (16 bytes)."""
    body = content[number * chunk_bytes : (number + 1) * chunk_bytes]
    return _CHUNK_HEAD.pack(chunk_bytes, len(content), zlib.crc32(body)) + body


def decode_chunk(payload: bytes) -> Chunk:
    """Raises DataError when it is malformed or its checksum differs."""
    if len(payload) < _CHUNK_HEAD.size:
        raise DataError("a chunk shorter than its header")
    chunk_bytes, blob_bytes, crc = _CHUNK_HEAD.unpack_from(payload)
    body = payload[_CHUNK_HEAD.size :]
    if not MIN_CHUNK_BYTES <= chunk_bytes <= CHUNK_BYTES or len(body) > chunk_bytes:
        raise DataError(f"a chunk of {chunk_bytes} bytes is out of bounds")
    if zlib.crc32(body) != crc:
        raise DataError("a chunk was damaged on the way")
    return Chunk(chunk_bytes, blob_bytes, body)


def to_ranges(numbers: list[int]) -> tuple[tuple[int, int], ...]:
    """Sorted inclusive ranges: [1, 2, 3, 7] → ((1, 3), (7, 7))."""
    ranges: list[tuple[int, int]] = []
    for number in sorted(set(numbers)):
        if ranges and number == ranges[-1][1] + 1:
            ranges[-1] = (ranges[-1][0], number)
        else:
            ranges.append((number, number))
    return tuple(ranges)
