"""Pictures in and out: type by content, size before decoding, decoding, letterbox, tiles.

Used on the device: numpy and cv2 only. Knows nothing of models or datasets.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from kits.core.errors import DataError

Image: TypeAlias = NDArray[np.uint8]
"""A picture as OpenCV has it: height × width × 3, blue-green-red."""

MAX_PIXELS = 100_000_000
MAX_SIDE = 32_000
PADDING = 114
_SMALL_PIXELS = 64 * 64
_FRAME_MARKERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
# libjpeg skips these by their length; another one has none, or it gives up
_LONG_MARKERS = frozenset({0xC4, 0xCC, 0xDB, 0xDC, 0xDD, *range(0xE0, 0xF0), 0xFE})


def media_type_of(content: bytes) -> str:
    """The media type by the first bytes; empty when it is no picture we read."""
    if content[:3] == b"\xff\xd8\xff":
        return "image/jpeg"
    if content[:8] == b"\x89PNG\r\n\x1a\n":
        return "image/png"
    if content[:2] == b"BM":
        return "image/bmp"
    if content[:4] in (b"II*\0", b"MM\0*"):
        return "image/tiff"
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    return ""


def size_of(content: bytes) -> tuple[int, int]:
    """(width, height) as the header states them, without decoding; (0, 0) when it does not.

    The header of an EXIF-rotated JPEG states the size before turning.
    """
    reader = {"image/jpeg": _jpeg_size, "image/png": _png_size, "image/bmp": _bmp_size}
    reader |= {"image/tiff": _tiff_size, "image/webp": _webp_size}
    kind = media_type_of(content)
    if not kind:
        return 0, 0
    try:
        return reader[kind](content)
    except (struct.error, IndexError):
        return 0, 0


def _png_size(content: bytes) -> tuple[int, int]:
    width, height = struct.unpack(">II", content[16:24])
    return int(width), int(height)


def _bmp_size(content: bytes) -> tuple[int, int]:
    width, height = struct.unpack("<ii", content[18:26])
    return abs(int(width)), abs(int(height))


def _jpeg_size(content: bytes) -> tuple[int, int]:
    at = 2
    while at + 9 < len(content):
        if content[at] != 0xFF:
            at += 1
            continue
        marker = content[at + 1]
        if marker in _FRAME_MARKERS:
            height, width = struct.unpack(">HH", content[at + 5 : at + 9])
            return int(width), int(height)
        at += 1 if marker == 0xFF else 2
        if marker in _LONG_MARKERS:
            at += max(2, int(struct.unpack(">H", content[at : at + 2])[0]))
    return 0, 0


def _tiff_size(content: bytes) -> tuple[int, int]:
    order = "<" if content[:2] == b"II" else ">"
    (at,) = struct.unpack(order + "I", content[4:8])
    (count,) = struct.unpack(order + "H", content[at : at + 2])
    found = {}
    for entry in range(min(count, 512)):
        raw = content[at + 2 + 12 * entry : at + 14 + 12 * entry]
        tag, kind = struct.unpack(order + "HH", raw[:4])
        short = kind == 3
        (value,) = struct.unpack(order + ("H" if short else "I"), raw[8:10] if short else raw[8:12])
        found[tag] = int(value)
    return found.get(256, 0), found.get(257, 0)


def has_more_pages(content: bytes) -> bool:
    """Whether a TIFF says that another picture follows its first."""
    if content[:4] not in (b"II*\0", b"MM\0*"):
        return False
    order = "<" if content[:2] == b"II" else ">"
    try:
        (at,) = struct.unpack(order + "I", content[4:8])
        (count,) = struct.unpack(order + "H", content[at : at + 2])
        (following,) = struct.unpack(
            order + "I", content[at + 2 + 12 * count : at + 6 + 12 * count]
        )
    except struct.error:
        return False
    return bool(following)


def _webp_size(content: bytes) -> tuple[int, int]:
    kind = content[12:16]
    if kind == b"VP8X":
        return (
            1 + int.from_bytes(content[24:27], "little"),
            1 + int.from_bytes(content[27:30], "little"),
        )
    if kind == b"VP8L":
        bits = int.from_bytes(content[21:25], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    width, height = struct.unpack("<HH", content[26:30])
    return int(width) & 0x3FFF, int(height) & 0x3FFF


def decode(content: bytes, *, where: str = "") -> Image:
    """The picture, turned as its EXIF data says, 8 bits, blue-green-red.

    Gray becomes three equal channels, transparency is dropped, 16 bits are divided by 256: the
    same as the trainers' own reading, so device and training see the same pixels.

    Raises:
        DataError: not a picture, larger than allowed, damaged or cut short.
    """
    if not content:
        raise DataError("the file is empty", where=where, fix="copy it again")
    kind = media_type_of(content)
    if not kind:
        raise DataError("not a picture we can read", where=where, fix="use JPEG, PNG, BMP, TIFF")
    width, height = size_of(content)
    if width * height > MAX_PIXELS or max(width, height) > MAX_SIDE:
        most = (
            f"{MAX_PIXELS // 1_000_000} million" if width * height > MAX_PIXELS
            else f"{MAX_SIDE} on a side"
        )  # fmt: skip
        raise DataError(
            f"{width}×{height} pixels are more than {most}",
            where=where,
            fix="cut it into pictures of parts of it, or scale it, before import",
        )
    if is_cut_short(content):
        raise DataError("the picture file is cut short", where=where, fix="copy it again")
    if min(width, height) < 1:
        raise DataError("the picture file is damaged", where=where, fix="copy it again")
    try:
        image = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error as error:
        raise DataError("the picture file is damaged", where=where, fix="copy it again") from error
    if image is None or image.size == 0:
        raise DataError("the picture file is damaged", where=where, fix="copy it again")
    return np.asarray(image, dtype=np.uint8)


def is_cut_short(content: bytes) -> bool:
    """Whether the end mark of a JPEG or PNG is missing; decoders would invent gray pixels."""
    kind = media_type_of(content)
    if kind == "image/jpeg":
        return content.rfind(b"\xff\xd9") < 0 or not content.rstrip(b"\0\r\n")
    if kind == "image/png":
        return content.rfind(b"IEND") < 0
    return False


def encode(image: Image) -> tuple[bytes, str]:
    """Bytes worth keeping, with their media type: PNG when tiny, else JPEG at quality 92.

    Args:
        image: (height, width, 3), BGR, uint8.

    Raises:
        DataError: OpenCV cannot encode it.
    """
    small = image.shape[0] * image.shape[1] <= _SMALL_PIXELS
    suffix, options = (".png", []) if small else (".jpg", [cv2.IMWRITE_JPEG_QUALITY, 92])
    done, buffer = cv2.imencode(suffix, image, options)
    if not done:
        raise DataError("the picture could not be encoded")
    return buffer.tobytes(), "image/png" if small else "image/jpeg"


def as_colour(frame: NDArray[np.generic]) -> Image:
    """A camera frame as a colour picture.

    Args:
        frame: height × width, or height × width × 1, 3 or 4; 8 or 16 bits.

    Raises:
        DataError: another shape or type.
    """
    if frame.dtype == np.uint16:
        frame = (frame.astype(np.uint16) >> 8).astype(np.uint8)
    if frame.dtype != np.uint8 or frame.size == 0:
        raise DataError(f"a frame of type {frame.dtype} and shape {frame.shape} is no picture")
    pixels = np.asarray(frame, dtype=np.uint8)
    if pixels.ndim == 3 and pixels.shape[2] == 3:
        return pixels
    if pixels.ndim == 2 or (pixels.ndim == 3 and pixels.shape[2] == 1):
        return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_GRAY2BGR), dtype=np.uint8)
    if pixels.ndim == 3 and pixels.shape[2] == 4:
        return np.ascontiguousarray(pixels[:, :, :3])
    raise DataError(f"a frame of shape {frame.shape} is no picture")


@dataclass(frozen=True, slots=True)
class Letterbox:
    """How a picture of one size fits into a model's square; the trainer's own rounding.

    Attributes:
        width, height: of the picture.
        inner_width, inner_height: of the picture within the square.
        left, top: padding, pixels of the square.
    """

    width: int
    height: int
    inner_width: int
    inner_height: int
    left: int
    top: int
    side_x: int
    side_y: int

    @classmethod
    def of(cls, width: int, height: int, side_x: int, side_y: int) -> Letterbox:
        """The fit of a `width`×`height` picture into `side_x`×`side_y` (ultralytics LetterBox)."""
        ratio = min(side_y / height, side_x / width)
        inner_x, inner_y = max(round(width * ratio), 1), max(round(height * ratio), 1)
        left, top = round((side_x - inner_x) / 2 - 0.1), round((side_y - inner_y) / 2 - 0.1)
        return cls(width, height, inner_x, inner_y, left, top, side_x, side_y)

    def apply(self, image: Image) -> Image:
        """The picture scaled and padded with gray, side_y × side_x × 3."""
        inner = (self.inner_width, self.inner_height)
        if (self.width, self.height) != inner:
            image = np.asarray(cv2.resize(image, inner, interpolation=cv2.INTER_LINEAR), np.uint8)
        if inner == (self.side_x, self.side_y):
            return image
        canvas = np.full((self.side_y, self.side_x, 3), PADDING, np.uint8)
        bottom, right = self.top + self.inner_height, self.left + self.inner_width
        canvas[self.top : bottom, self.left : right] = image
        return canvas

    def to_picture(self, boxes: NDArray[np.float32]) -> NDArray[np.float32]:
        """Boxes (n, 4 of x0 y0 x1 y1) from the square back to the picture, clipped to it."""
        shift = np.array([self.left, self.top] * 2, np.float32)
        gain = np.array(
            [self.inner_width / self.width, self.inner_height / self.height] * 2, np.float32
        )
        limit = np.array([self.width, self.height] * 2, np.float32)
        return np.asarray(np.clip((boxes - shift) / gain, 0, limit), np.float32)


def tiles_of(image: Image, rows: int, columns: int, side: int) -> list[Image]:
    """The picture stretched to rows·side × columns·side and cut, row by row.

    Shrinking averages areas, so that a thin scratch fades but does not vanish by chance.
    """
    size = (columns * side, rows * side)
    shrinks = image.shape[1] >= size[0] and image.shape[0] >= size[1]
    how = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    scaled = image if image.shape[1::-1] == size else cv2.resize(image, size, interpolation=how)
    return [
        np.asarray(scaled[r * side : (r + 1) * side, c * side : (c + 1) * side], np.uint8)
        for r in range(rows)
        for c in range(columns)
    ]


def blob(image: Image, scale: float, mean: float = 0.0) -> NDArray[np.float32]:
    """(pixel − mean)·scale as 1 × 3 × height × width, red-green-blue."""
    made = cv2.dnn.blobFromImage(image, scale, mean=(mean, mean, mean), swapRB=True)
    return np.asarray(made, dtype=np.float32)
