"""The user's pictures and labels → samples and findings; checks of a dataset; export.

The readers of each format are in `_yolo.py`, `_folders.py` and `_markup.py`, look-alikes in `_checking/duplicates.py`,
the kit's dataset checks in `_checking/checks.py`. Nothing here trains or predicts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from pydantic import BaseModel

from kits.core.dataset import Dataset
from kits.core.errors import DataError, chosen
from kits.core.kit import Finding, RawSample
from kits.visual_inspection import (
    _checks,
    _folders,
    _labelme,
    _markup,
    _tables,
    _writers,
    _yolo,
)
from kits.visual_inspection._duplicates import near_duplicates
from kits.visual_inspection._files import pictures_under
from kits.visual_inspection._layout import layout_of

__all__ = ["check", "detect_format", "near_duplicates", "read", "write"]

Reader = Callable[[Path], Iterator[RawSample | Finding]]
_READERS: dict[str, Reader] = {
    "yolo": _yolo.read_yolo,
    "coco": _markup.read_coco,
    "voc": _markup.read_voc,
    "labelme": _labelme.read_labelme,
    "table": _tables.read_table,
    "folders": _folders.read_folders,
    "golden": _folders.read_golden,
}
_WRITERS = {"yolo": _writers.write_yolo, "folders": _writers.write_folders}


def detect_format(path: Path) -> str:
    """The format of the user's folder or file.

    Raises:
        DataError: nothing there, no picture in it, or no layout we know.
    """
    if not path.exists():
        raise DataError("no such file or folder", where=str(path), fix="check the path")
    if path.is_file():
        return _format_of_file(path)
    if _yolo.find_yolo(path):
        return "yolo"
    if _markup.find_coco(path):
        return "coco"
    if not pictures_under(path):
        raise DataError(
            "a folder without pictures",
            where=str(path),
            fix="looked for .jpg .jpeg .png .bmp .tif .tiff .webp, also in sub-folders",
        )
    if _markup.find_voc(path):
        return "voc"
    return _format_of_pictures(path)


def _format_of_pictures(path: Path) -> str:
    """By what lies beside the pictures, else by their folders.

    Raises:
        DataError: something that may be labels, in a form we do not know: good parts are not assumed then.
    """
    if _labelme.find_labelme(path):
        return "labelme"
    if _tables.find_table(path) is not None:
        return "table"
    if layout_of(path).has_classes:
        return "folders"
    labels = _folders.labels_beside(path)
    if labels:
        raise DataError(
            f"{len(labels)} files beside the pictures may be labels ({labels[0]}), in no layout we know",
            where=str(path),
            fix="for YOLO add a data.yaml with the class names, or use images/ and labels/; if they are no labels and all parts are good: "
            "--format golden",
        )
    return "golden"


def _format_of_file(path: Path) -> str:
    if path.suffix in (".yaml", ".yml"):
        return "yolo"
    if path.suffix == ".json":
        return "coco"
    raise DataError(
        "not a layout we know",
        where=str(path),
        fix="give a folder, a YOLO data.yaml or a COCO .json; looked for data.yaml, images/ + "
        "labels/, *.json with 'images' and 'annotations', *.xml with <annotation>, a folder per "
        "class, or a folder of pictures of good parts",
    )


def read(path: Path, format: str) -> Iterator[RawSample | Finding]:
    """Samples and complaints, in a stable order; a bad file is a Finding, never a crash.

    Raises:
        UsageError: an unknown format.
        DataError: the layout as a whole cannot be read (no class names, no pictures).
    """
    name = detect_format(path) if format == "auto" else format
    return chosen(name, _READERS, "unknown format")(path)


def check(dataset: Dataset, config: BaseModel) -> Iterable[Finding]:
    """The kit's own checks of a dataset version."""
    return _checks.check(dataset, config)


def write(dataset: Dataset, folder: Path, format: str) -> None:
    """Writes a version as `yolo` or `folders`.

    Raises:
        UsageError: another format.
        DataError: a sample's bytes are absent or damaged.
    """
    chosen(format, _WRITERS, "cannot export")(dataset, folder)
