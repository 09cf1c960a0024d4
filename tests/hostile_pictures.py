"""Pictures that say one size to who reads their header carelessly, and another to a decoder."""

from __future__ import annotations

import struct
import zlib

import cv2
import numpy as np

WIDTH, HEIGHT = 300, 200
SAID = 10
LONELY = (b"\xff\x00", b"\xff\x01", b"\xff\xd0", b"\xff\xd7", b"\xff\xff", b"\xff\xff\xff", b"")
"""What decoders pass over without a length, before the real size."""


def lying_jpeg(lonely: bytes) -> bytes:
    """A JPEG of 300 × 200 that seems to have 10 × 10 to who takes `lonely` for a segment."""
    _, packed = cv2.imencode(".jpg", np.full((HEIGHT, WIDTH, 3), 99, np.uint8))
    whole = packed.tobytes()
    at = whole.index(b"\xff\xc0")
    size = whole[at : at + 2 + int.from_bytes(whole[at + 2 : at + 4], "big")]
    tables = whole[2:at] + whole[at + len(size) :]
    head = b"\xff\xd8" + lonely + size
    # the first bytes of the real size, read as a length, lead here
    fake = 2 + len(lonely) + 0xFFC0
    comment = bytearray(0xFFFF + 2)
    comment[:4] = b"\xff\xfe\xff\xff"
    claim = b"\xff\xc0\x00\x11\x08" + SAID.to_bytes(2, "big") * 2
    comment[fake - len(head) : fake - len(head) + len(claim)] = claim
    return head + bytes(comment) + tables


def bomb() -> bytes:
    """A PNG of a few bytes that says it has 60,000 × 60,000 pixels."""
    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    chunk = b"IHDR" + header
    return (
        b"\x89PNG\r\n\x1a\n"
        + struct.pack(">I", len(header))
        + chunk
        + struct.pack(">I", zlib.crc32(chunk))
        + b"\0\0\0\0IEND\xaeB`\x82"
    )
