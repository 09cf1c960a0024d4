"""Small versions of pictures from devices: the one place where the hub decodes what they sent.

Treats its input as hostile. Sizes are read before decoding, as libjpeg and libpng read them, and
few pictures are decoded at once.
"""

from __future__ import annotations

import os
import struct
import sys
import threading
from collections.abc import Callable
from types import ModuleType
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from kits.core.errors import DataError

MAX_PIXELS = 64_000_000
AS_THEY_ARE = frozenset({"image/jpeg", "image/png"})
"""Kinds of pictures that browsers are given as they came."""
PICTURES = AS_THEY_ARE | {"image/bmp", "image/tiff", "image/webp"}
"""Kinds that are shown at all; cameras save the others too, and not every browser reads those."""
_PNG, _JPEG = b"\x89PNG\r\n\x1a\n", b"\xff\xd8"
_SOF_MARKERS = frozenset({*range(0xC0, 0xC4), *range(0xC5, 0xC8), *range(0xC9, 0xCC), *range(0xCD, 0xD0)})  # fmt: skip
# of no other marker before the size do libjpeg and this file agree on where the next one begins
_SKIPPED_MARKERS = frozenset({0xC4, 0xCC, 0xDB, 0xDC, 0xDD, *range(0xE0, 0xF0), 0xFE})
_OPENCV_LIMIT = "OPENCV_IO_MAX_IMAGE_PIXELS"
_at_once = threading.BoundedSemaphore(2)
"""A large picture takes hundreds of megabytes for a moment, and the web server has 40 threads."""

held_at_once = threading.BoundedSemaphore(4)
"""For who makes small versions of large pictures: so many are in memory as they came, each as large as a sample may be."""

_Made = TypeVar("_Made")
Target = Callable[[int, int], tuple[int, int]]
"""(width, height) of what was decoded → that of the small version."""


def opencv() -> ModuleType:
    """OpenCV, told at its first import to refuse larger pictures: of formats not looked into here, too."""
    first = "cv2" not in sys.modules and _OPENCV_LIMIT not in os.environ
    if first:
        os.environ[_OPENCV_LIMIT] = str(MAX_PIXELS)
    try:
        import cv2
    finally:
        if first:
            # it has been read; a kit that trains in a process of its own has its own limit
            os.environ.pop(_OPENCV_LIMIT, None)
    loaded: ModuleType = cv2
    return loaded


def picture_size(content: bytes) -> tuple[int, int]:
    """Width and height of a PNG or JPEG, from its header.

    Raises:
        DataError: neither of the two, or cut off, or a header that decoders may read differently.
    """
    if content.startswith(_PNG) and content[12:16] == b"IHDR" and len(content) >= 24:
        width, height = struct.unpack(">II", content[16:24])
        return width, height
    if content.startswith(_JPEG):
        return _jpeg_size(content)
    raise DataError("neither PNG nor JPEG")


def as_png(content: bytes) -> bytes:
    """A picture in full, for browsers that do not read its kind; 8 bits a channel.

    Raises:
        DataError: it cannot be read or has more than `MAX_PIXELS` pixels.
    """
    cv2 = opencv()

    def packed(picture: NDArray[np.uint8]) -> bytes:
        done, coded = cv2.imencode(".png", picture)
        if not done:
            raise DataError("this picture cannot be shown")
        return bytes(coded.tobytes())

    return _of_decoded(content, cv2.IMREAD_COLOR, packed)


def thumbnail(content: bytes, size: int) -> bytes:
    """The picture as a JPEG whose longer side has at most `size` pixels.

    Raises:
        DataError: it cannot be read or has more than `MAX_PIXELS` pixels.
    """
    cv2 = opencv()
    # of other kinds nothing is known before they are decoded
    longer = max(picture_size(content)) if content.startswith((_PNG, _JPEG)) else 0

    def target(width: int, height: int) -> tuple[int, int]:
        scale = min(1.0, size / max(width, height))
        return max(1, round(width * scale)), max(1, round(height * scale))

    # a JPEG is decoded to a fraction at once, which takes a fraction of the memory
    modes = ((8, cv2.IMREAD_REDUCED_COLOR_8), (4, cv2.IMREAD_REDUCED_COLOR_4), (2, cv2.IMREAD_REDUCED_COLOR_2))  # fmt: skip
    mode = next((mode for part, mode in modes if longer // part >= size), cv2.IMREAD_COLOR)
    small = shrunk(content, mode, target)
    done, packed = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, 80])
    if not done:
        raise DataError("this picture cannot be made smaller")
    return bytes(packed.tobytes())


def shrunk(content: bytes, mode: int, target: Target) -> NDArray[np.uint8]:
    """A picture in any format OpenCV knows, decoded in one of its modes and scaled.

    Raises:
        DataError: it cannot be read or has more than `MAX_PIXELS` pixels.
    """
    cv2 = opencv()

    def scaled(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
        size = target(picture.shape[1], picture.shape[0])
        return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)

    return _of_decoded(content, mode, scaled)


def _of_decoded(content: bytes, mode: int, make: Callable[[NDArray[np.uint8]], _Made]) -> _Made:
    """What is made of a picture, before the next one is decoded: two at a time are in memory."""
    cv2 = opencv()
    if content.startswith((_PNG, _JPEG)):
        width, height = picture_size(content)
        if not 0 < width * height <= MAX_PIXELS:
            raise DataError(f"a picture of {width} × {height} pixels is not shown")
    coded = np.frombuffer(content, np.uint8)
    with _at_once:
        try:
            picture = cv2.imdecode(coded, mode)
        except cv2.error as error:
            raise DataError("this picture cannot be read") from error
        if picture is None:
            raise DataError("this picture cannot be read")
        return make(np.asarray(picture, np.uint8))


def _jpeg_size(content: bytes) -> tuple[int, int]:
    place = 2
    while place + 9 <= len(content) and content[place] == 0xFF:
        marker = content[place + 1]
        if marker == 0xFF:
            place += 1
            continue
        if marker in _SOF_MARKERS:
            height, width = struct.unpack(">HH", content[place + 5 : place + 9])
            return width, height
        if marker not in _SKIPPED_MARKERS:
            break
        place += 2 + struct.unpack(">H", content[place + 2 : place + 4])[0]
    raise DataError("a JPEG without size")
