"""WAV files → channels in parts of full scale.

Reads PCM of 8, 16, 24 and 32 bits and floats, mono or more; the standard library's reader knows no
floats. Sources: the RIFF and WAVE_FORMAT_EXTENSIBLE layouts as published by Microsoft.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kits.core.errors import DataError

MAX_FILE_BYTES = 1 << 30
_PCM, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE
_MAX_CHANNELS = 64
_UNKNOWN = 0x7FFF_F000
"""From here on the stated length was written before it was known, by a program that recorded into a pipe."""


@dataclass(frozen=True)
class Sound:
    """A WAV file.

    Attributes:
        samples: (channels, readings) between -1 and 1.
        share: of the readings that its header says; below 1 the file is cut short.
    """

    samples: NDArray[np.float64]
    rate_hz: float
    share: float


def read_wav(path: Path) -> Sound:
    """The readings that are there, also where the file is cut short.

    Raises:
        DataError: not a WAV file, without readings, or of a kind that is not read.
    """
    try:
        size = path.stat().st_size
        if size > MAX_FILE_BYTES:
            raise DataError(f"{size >> 20} MiB are too many", where=path.name, fix="cut the file")
        content = path.read_bytes()
    except OSError as error:
        fix = "give whoever imports the right to read it"
        raise DataError(f"cannot be read: {error.strerror}", where=path.name, fix=fix) from error
    if len(content) < 12 or content[:4] != b"RIFF" or content[8:12] != b"WAVE":
        raise DataError(
            "not a WAV file", where=path.name, fix="record it as PCM or float WAV, or leave it out"
        )
    layout, data, stated = _chunks(content, path.name)
    kind, channels, rate, _, block, bits = struct.unpack("<HHIIHH", layout[:16])
    if kind == _EXTENSIBLE and len(layout) >= 26:
        kind = struct.unpack("<H", layout[24:26])[0]
    if not 0 < channels <= _MAX_CHANNELS or rate <= 0 or block != channels * bits // 8:
        raise DataError(
            "a WAV file whose header contradicts itself",
            where=path.name,
            fix="write it again with the program that recorded it, or leave it out",
        )
    usable = len(data) // block * block
    flat = _decoded(data[:usable], kind, bits, path.name)
    if not flat.size:
        raise DataError(
            "a WAV file without samples", where=path.name, fix="record it again, or leave it out"
        )
    share = 1.0 if stated >= _UNKNOWN else len(data) / stated
    return Sound(np.ascontiguousarray(flat.reshape(-1, channels).T), float(rate), share)


def _chunks(content: bytes, where: str) -> tuple[bytes, bytes, int]:
    """Layout and data, and how many bytes of data there should be."""
    layout, at = b"", 12
    while at + 8 <= len(content):
        name, size = content[at : at + 4], struct.unpack("<I", content[at + 4 : at + 8])[0]
        body = content[at + 8 : at + 8 + size]
        if name == b"fmt " and len(body) >= 16:
            layout = body
        if name == b"data" and layout:
            return layout, body, size
        at += 8 + size + size % 2
    raise DataError(
        "a WAV file without samples", where=where, fix="record it again, or leave it out"
    )


def _decoded(data: bytes, kind: int, bits: int, where: str) -> NDArray[np.float64]:
    if kind == _FLOAT and bits in (32, 64):
        return np.frombuffer(data, f"<f{bits // 8}").astype(np.float64)
    if kind == _PCM and bits == 8:
        return (np.frombuffer(data, np.uint8).astype(np.float64) - 128) / 128
    if kind == _PCM and bits == 24:
        wide = np.zeros((len(data) // 3, 4), np.uint8)
        wide[:, 1:] = np.frombuffer(data, np.uint8).reshape(-1, 3)
        return wide.view("<i4").ravel().astype(np.float64) / 2**31
    if kind == _PCM and bits in (16, 32):
        return np.frombuffer(data, f"<i{bits // 8}").astype(np.float64) / 2.0 ** (bits - 1)
    raise DataError(
        f"a WAV file of kind {kind} with {bits} bits is not read",
        where=where,
        fix="save it as PCM of 16, 24 or 32 bits, or as float",
    )
