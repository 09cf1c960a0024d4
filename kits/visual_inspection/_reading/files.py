"""Picture files on disk → samples or findings, the same for every format.

One place decides what is a usable picture. It reads files; it knows nothing of labels.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from kits.core.annotation import Annotation
from kits.core.dataset import Split
from kits.core.errors import DataError
from kits.core.kit import Finding, RawSample
from kits.core.sample import DAY
from kits.visual_inspection import _images
from kits.visual_inspection._reading.days import day_taken
from kits.visual_inspection._reading.decoder_words import decode_heard

SUFFIXES = frozenset({".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".bmp", ".tif", ".tiff", ".webp"})
MAX_FILE_BYTES = 256 << 20
_OTHERS = frozenset(
    [
        ".gif",
        ".heic",
        ".heif",
        ".avif",
        ".jp2",
        ".j2k",
        ".jxl",
        ".pgm",
        ".ppm",
        ".pbm",
        ".pnm",
        ".raw",
        ".dng",
        ".cr2",
        ".nef",
        ".arw",
        ".tga",
        ".svg",
        ".exr",
        ".hdr",
        ".dcm",
        ".mp4",
        ".avi",
        ".mov",
        ".mkv",
        ".wmv",
        ".webm",
    ]
)
"""Endings of pictures and films that we do not read."""
_BLACK, _PAGES = "16-bit with 12-bit values: will look black", "of several pages, the first is read"
_LEFT_OVER = "with more data than pixels: damaged, or written by a camera that adds a byte"
_OPAQUE = frozenset({0, 2, 3})
"""Kinds of colours of a PNG: grey, red-green-blue, a palette; 4 and 6 have transparency."""
_ADVICE = {
    _BLACK: "scale the values to the full 16 bits before import",
    _LEFT_OVER: "look at them: where a part is gray or shifted, copy the file again, or leave it out",
    _PAGES: "save each page as a picture if they are parts of their own",
}


def pictures_under(folder: Path) -> list[Path]:
    """Picture files by name, in sub-folders too, sorted; hidden files and links out are skipped."""
    root = folder.resolve()
    return sorted(
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in SUFFIXES
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
        and path.is_file()
        and path.resolve().is_relative_to(root)
    )


def not_read(folder: Path) -> Iterator[Finding]:
    """What of pictures and films below a folder is in a form that we do not read."""
    found = sorted(
        str(path.relative_to(folder))
        for path in folder.rglob("*")
        if path.suffix.lower() in _OTHERS and not path.name.startswith(".") and path.is_file()
    )
    if found:
        ends = ", ".join(sorted({Path(name).suffix.lower() for name in found}))
        yield Finding(
            "file-passed-over", "warn", f"{len(found)} pictures or films are in a form that is not read ({ends})", tuple(found[:20]),
            "save them as PNG or JPEG; of a film save single pictures",
        )  # fmt: skip


@dataclass(frozen=True)
class Picture:
    """A usable picture file.

    Attributes:
        width, height: after turning as its EXIF data says, which is what labels refer to.
        remark: something odd about it ("16-bit"), or empty.
    """

    path: Path
    name: str
    content: bytes
    media_type: str
    width: int
    height: int
    remark: str = ""

    def sample(
        self, annotation: Annotation | None, *, split: Split | None = None, group: str = ""
    ) -> RawSample:
        """The picture as a sample with its size, and the day it was taken on where it tells it, in `meta`."""
        day = day_taken(self.name, self.content)
        return RawSample(
            content=self.content,
            media_type=self.media_type,
            source=self.name,
            annotation=annotation,
            group=group,
            split=split,
            meta={"width": self.width, "height": self.height, **({DAY: day} if day else {})},
        )


def open_picture(path: Path, root: Path) -> Picture | Finding:
    """Reads and decodes one file."""
    name = str(path.relative_to(root)) if path.is_relative_to(root) else path.name
    try:
        size = path.stat().st_size
        if size > MAX_FILE_BYTES:
            return _bad(
                name,
                f"{size} bytes are more than {MAX_FILE_BYTES}",
                "save it as PNG, or cut it into pictures of parts of it",
            )
        content = path.read_bytes()
        image, heard = decode_heard(content, name)
    except OSError as error:
        why = f"{name}: refused, {error.strerror or 'cannot be read'}"
        fix = "make it readable for this account, and import again"
        return Finding("unreadable-image", "fail", why, (name,), fix)
    except DataError as error:
        return _bad(name, error.what, error.fix)
    if heard.filled_in:
        return _bad(name, "the picture file is damaged, a part of it is made up", "copy it again")
    remark = _LEFT_OVER if heard.left_over else _remark(content, image)
    media_type = _images.media_type_of(content)
    return Picture(path, name, content, media_type, image.shape[1], image.shape[0], remark)


def _bad(name: str, why: str, fix: str = "") -> Finding:
    return Finding(
        "corrupt-image",
        "fail",
        f"{name}: refused, {why}",
        (name,),
        fix or "replace or delete the file",
    )


def _remark(content: bytes, image: _images.Image) -> str:
    if _images.media_type_of(content) == "image/jpeg":
        turned = _images.size_of(content) != (image.shape[1], image.shape[0])
        return "turned as its EXIF data says" if turned else ""
    if _images.has_more_pages(content):
        return _PAGES
    if _is_plain(content):
        return ""
    raw = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
    if raw is None:
        return ""
    if raw.dtype == np.uint16:
        dark = int(raw.max()) < 1 << 12
        return _BLACK if dark else "16-bit, read as 8-bit"
    return "transparency dropped" if raw.ndim == 3 and raw.shape[2] == 4 else ""


def _is_plain(content: bytes) -> bool:
    """Whether the header says that a picture has no more than 8 bits for each colour, and no transparency."""
    kind = _images.media_type_of(content)
    if kind == "image/bmp":
        return int.from_bytes(content[28:30], "little") <= 24
    if kind != "image/png":
        return False
    depth, colours = content[24], content[25]
    return depth <= 8 and colours in _OPAQUE and b"tRNS" not in content[: content.find(b"IDAT")]


class Reading:
    """Opens the pictures of one import; what is odd about them is said once per kind, at its end."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._remarks: dict[str, list[str]] = {}

    def open(self, path: Path) -> Picture | Finding:
        """A usable picture, or why it is refused."""
        picture = open_picture(path, self._root)
        if isinstance(picture, Picture) and picture.remark:
            self._remarks.setdefault(picture.remark, []).append(picture.name)
        return picture

    def findings(self) -> list[Finding]:
        """One finding per kind of oddity, with the files as evidence."""
        return [
            Finding(
                "unusual-image",
                "warn" if remark in _ADVICE else "pass",
                f"{len(names)} picture(s): {remark}",
                tuple(names[:20]),
                _ADVICE.get(remark, ""),
            )
            for remark, names in sorted(self._remarks.items())
        ]
