"""Where SQLite's journal ends: the file is longer, because its room is kept."""

from __future__ import annotations

import struct
from pathlib import Path

_HEAD = 32
_FRAME_HEAD = 24


def end_of(wal: Path) -> int:
    """Bytes of a journal up to its last frame of the present round (their salt is the header's)."""
    content = wal.read_bytes()
    if len(content) < _HEAD:
        return len(content)
    page = struct.unpack_from(">I", content, 8)[0]
    salt, at = content[16:24], _HEAD
    while content[at + 8 : at + 16] == salt and at + _FRAME_HEAD + page <= len(content):
        at += _FRAME_HEAD + page
    return at
