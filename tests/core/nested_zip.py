"""An archive whose stored entries lie within each other: each holds all that follow it."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence

_LOCAL, _CENTRAL, _END = 0x04034B50, 0x02014B50, 0x06054B50


def nested(names: Sequence[str], inmost: bytes, *, comment: int = 0) -> bytes:
    """Of so many names and bytes; read one by one they are about `len(names)` times as much.

    Args:
        comment: so many bytes are to follow.
    """
    body, entries = inmost, []
    for name in reversed(names):
        raw, crc = name.encode(), zlib.crc32(body)
        entries.append((raw, crc, len(body)))
        head = struct.pack(
            "<IHHHHHIIIHH", _LOCAL, 20, 0, 0, 0, 33, crc, len(body), len(body), len(raw), 0
        )
        body = head + raw + body
    directory, at = b"", 0
    for raw, crc, size in reversed(entries):
        directory += struct.pack(
            "<IHHHHHHIIIHHHHHII", _CENTRAL, 20, 20, 0, 0, 0, 33, crc, size, size, len(raw), 0, 0, 0, 0, 0, at
        ) + raw  # fmt: skip
        at += 30 + len(raw)
    end = struct.pack(
        "<IHHHHIIH", _END, 0, 0, len(names), len(names), len(directory), len(body), comment
    )
    return body + directory + end
