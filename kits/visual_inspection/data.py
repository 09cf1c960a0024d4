"""The user's pictures and labels → samples and findings; checks of a dataset; export.

The readers of each format lie in `_reading/`, look-alikes in `_duplicates.py`, the kit's dataset checks in `_checks.py`. Nothing here
trains or predicts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from pydantic import BaseModel

from kits.core.dataset import Dataset
from kits.core.errors import DataError, chosen
from kits.core.kit import Finding, RawSample
from kits.visual_inspection import _checks, _images, _writers
from kits.visual_inspection._duplicates import near_duplicates
from kits.visual_inspection._reading import beside, coco, folders, lists, tables, voc, yolo
from kits.visual_inspection._reading.detecting import detect_format
from kits.visual_inspection._reading.files import not_read

__all__ = ["check", "damage", "detect_format", "near_duplicates", "read", "write"]

Reader = Callable[[Path], Iterator[RawSample | Finding]]
_READERS: dict[str, Reader] = {
    "yolo": yolo.read_yolo,
    "coco": coco.read_coco,
    "voc": voc.read_voc,
    **{tool: lists.reader_of(tool) for tool in lists.TOOLS},
    **{tool: beside.reader_of(tool) for tool in beside.TOOLS},
    "table": tables.read_tables,
    "boxes": tables.read_tables,
    "folders": folders.read_folders,
    "masks": folders.read_masks,
    "names": folders.read_named,
    "golden": folders.read_golden,
}
_WRITERS = {"yolo": _writers.write_yolo, "folders": _writers.write_folders}


def read(path: Path, format: str) -> Iterator[RawSample | Finding]:
    """Samples and complaints, in a stable order; a bad file is a Finding, never a crash.

    Raises:
        UsageError: an unknown format.
        DataError: the layout as a whole cannot be read (no class names, no pictures).
    """
    name = detect_format(path) if format == "auto" else format
    return _whole(chosen(name, _READERS, "unknown format"), path)


def _whole(reader: Reader, path: Path) -> Iterator[RawSample | Finding]:
    """What a reader finds, and what lies there that none reads."""
    yield from reader(path)
    yield from not_read(path if path.is_dir() else path.parent)


def check(dataset: Dataset, config: BaseModel) -> Iterable[Finding]:
    """The kit's own checks of a dataset version."""
    return _checks.check(dataset, config)


def damage(content: bytes) -> str:
    """Why a picture cannot be decoded; empty: it can."""
    try:
        _images.decode(content)
    except DataError as error:
        return error.what
    return ""


def write(dataset: Dataset, folder: Path, format: str) -> int:
    """Writes a version as `yolo` or `folders`; how many of its samples that format can hold.

    Raises:
        UsageError: another format.
        DataError: a sample's bytes are absent or damaged.
    """
    return chosen(format, _WRITERS, "cannot export")(dataset, folder)
