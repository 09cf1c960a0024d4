"""On which day a picture was taken, by its name, its folders or its EXIF data; empty where none of them tells it.

Only whether two pictures are of one day matters. A file's own time is no witness: it changes with every copy.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from datetime import date
from pathlib import PurePosixPath

_YEAR, _MONTH, _DAY = r"(?P<year>(?:19|20)\d\d)", r"(?P<month>\d\d)", r"(?P<day>\d\d)"
_TIME = r"(?:[01]\d|2[0-3])[0-5]\d(?:[0-5]\d)?"
_FORMS = tuple(
    re.compile(form)
    for form in (
        rf"(?<!\d){_YEAR}(?P<apart>[-_. ]){_MONTH}(?P=apart){_DAY}(?!\d)",
        rf"(?<!\d){_DAY}(?P<apart>[-_. ]){_MONTH}(?P=apart){_YEAR}(?!\d)",
        rf"(?<!\d){_YEAR}{_MONTH}{_DAY}(?:{_TIME}\d{{0,6}})?(?!\d)",
        # two figures of a year are a number like others, unless the time of day follows
        rf"(?<!\d)(?P<short>\d\d){_MONTH}{_DAY}[-_T]?{_TIME}(?!\d)",
    )
)
"""Ways to write a day, the plainest first. Where day and month may be the other way round, either tells days apart."""
_CENTURY = 2000
_FIGURES = 8
"""Of a day without its signs: `20250314`."""
_EXIF = b"Exif\0\0"
_NEAR = 1 << 17
"""Bytes in which a JPEG's EXIF data begins."""
_SUB_DIRECTORY, _TAKEN, _SAVED = 0x8769, 0x9003, 0x0132
_MOST_ENTRIES = 256


def day_taken(name: str, content: bytes) -> str:
    """The day as `2025-03-14`: by the file's name, else its folders, the nearest first, else by EXIF."""
    path = PurePosixPath(name)
    for part in (path.name, *reversed(path.parent.parts)):
        if day := _written(part):
            return day
    return _exif_day(content)


def names_a_day(folder: str) -> bool:
    """Whether a folder's name is a day and nothing else: with a time, or a number, it may be a part's."""
    return len(re.sub(r"[-_. ]", "", folder)) == _FIGURES and bool(_written(folder))


def _written(text: str) -> str:
    for form in _FORMS:
        for match in form.finditer(text):
            found = match.groupdict()
            year = int(found["year"]) if "year" in found else _CENTURY + int(found["short"])
            if day := _valid(year, int(found["month"]), int(found["day"])):
                return day
    return ""


def _valid(year: int, month: int, day: int) -> str:
    for one, two in ((month, day), (day, month)):
        try:
            return date(year, one, two).isoformat()
        except ValueError:
            continue
    return ""


def _exif_day(content: bytes) -> str:
    """When a camera says that it took a JPEG, else when a program saved it."""
    if content[:3] != b"\xff\xd8\xff":
        return ""
    at = content.find(_EXIF, 0, _NEAR)
    if at < 0:
        return ""
    data = content[at + len(_EXIF) : at + len(_EXIF) + 0xFFFF]
    try:
        entries = dict(_entries(data))
    except struct.error:
        return ""
    for tag in (_TAKEN, _SAVED):
        if day := _written(entries.get(tag, "").replace(":", "-")[:10]):
            return day
    return ""


def _entries(data: bytes) -> Iterator[tuple[int, str]]:
    """Tag and text of the times in a TIFF directory and the one of the camera below it."""
    order = "<" if data[:2] == b"II" else ">"
    (at,) = struct.unpack_from(order + "I", data, 4)
    for start in (at, *_below(data, order, at)):
        for tag, value, size in _directory(data, order, start):
            if tag in (_TAKEN, _SAVED):
                yield tag, data[value : value + size].decode("ascii", errors="replace")


def _below(data: bytes, order: str, at: int) -> list[int]:
    return [value for tag, value, _ in _directory(data, order, at) if tag == _SUB_DIRECTORY]


def _directory(data: bytes, order: str, at: int) -> Iterator[tuple[int, int, int]]:
    (count,) = struct.unpack_from(order + "H", data, at)
    for number in range(min(count, _MOST_ENTRIES)):
        tag, _, size, value = struct.unpack_from(order + "HHII", data, at + 2 + 12 * number)
        yield tag, value, size
