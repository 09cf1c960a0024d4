"""Small versions of pictures for lists. Treats its input as hostile: sizes are read before decoding."""

from __future__ import annotations

import struct

import numpy as np

from kits.core.errors import DataError

MAX_PIXELS = 64_000_000
_SOF_MARKERS = frozenset({*range(0xC0, 0xC4), *range(0xC5, 0xC8), *range(0xC9, 0xCC), *range(0xCD, 0xD0)})  # fmt: skip


def picture_size(content: bytes) -> tuple[int, int]:
    """Width and height of a PNG or JPEG, from its header.

    Raises:
        DataError: neither of the two, or cut off.
    """
    if content.startswith(b"\x89PNG\r\n\x1a\n") and len(content) >= 24:
        width, height = struct.unpack(">II", content[16:24])
        return width, height
    if content.startswith(b"\xff\xd8"):
        return _jpeg_size(content)
    raise DataError("neither PNG nor JPEG")


def thumbnail(content: bytes, size: int) -> bytes:
    """The picture as a JPEG whose longer side has at most `size` pixels.

    Raises:
        DataError: it cannot be read or has more than `MAX_PIXELS` pixels.
    """
    import cv2

    width, height = picture_size(content)
    if not 0 < width * height <= MAX_PIXELS:
        raise DataError(f"a picture of {width} × {height} pixels is not shown")
    coded = np.frombuffer(content, np.uint8)
    try:
        picture = cv2.imdecode(coded, cv2.IMREAD_COLOR)
    except cv2.error as error:
        raise DataError("this picture cannot be read") from error
    if picture is None:
        raise DataError("this picture cannot be read")
    scale = min(1.0, size / max(picture.shape[:2]))
    if scale < 1.0:
        target = (max(1, round(picture.shape[1] * scale)), max(1, round(picture.shape[0] * scale)))
        picture = cv2.resize(picture, target, interpolation=cv2.INTER_AREA)
    done, packed = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 80])
    if not done:
        raise DataError("this picture cannot be made smaller")
    return bytes(packed.tobytes())


def _jpeg_size(content: bytes) -> tuple[int, int]:
    place = 2
    while place + 9 <= len(content):
        if content[place] != 0xFF:
            break
        marker = content[place + 1]
        if marker == 0xFF:
            place += 1
            continue
        if marker in _SOF_MARKERS:
            height, width = struct.unpack(">HH", content[place + 5 : place + 9])
            return width, height
        place += 2 + struct.unpack(">H", content[place + 2 : place + 4])[0]
    raise DataError("a JPEG without size")
