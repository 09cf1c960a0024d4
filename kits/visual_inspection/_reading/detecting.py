"""How a folder of pictures is kept: what lies beside them decides, then their folders, then their names."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from kits.core.errors import DataError
from kits.visual_inspection._reading.beside import find_beside
from kits.visual_inspection._reading.coco import find_coco
from kits.visual_inspection._reading.files import not_read, pictures_under
from kits.visual_inspection._reading.folders import has_masks
from kits.visual_inspection._reading.layout import Layout, layout_of
from kits.visual_inspection._reading.lists import find_list
from kits.visual_inspection._reading.names import classes_in_names, kinds_at_start, named_bad
from kits.visual_inspection._reading.tables import find_tables
from kits.visual_inspection._reading.unread import unread_labels
from kits.visual_inspection._reading.voc import find_voc
from kits.visual_inspection._reading.yolo import find_yolo

_SHOWN = 8


def detect_format(path: Path) -> str:
    """The format of the user's folder or file.

    Raises:
        DataError: nothing there, no picture in it, or no layout we know.
    """
    if not path.exists():
        raise DataError("no such file or folder", where=str(path), fix="check the path")
    if path.is_file():
        return _format_of_file(path)
    if find_yolo(path):
        return "yolo"
    if find_coco(path):
        return "coco"
    if not pictures_under(path):
        raise _without_pictures(path)
    if find_voc(path):
        return "voc"
    return find_list(path) or find_beside(path) or find_tables(path) or _format_of_pictures(path)


def _without_pictures(path: Path) -> DataError:
    """Pictures that are there but not read are named: someone who sees them would not believe that there are none."""
    for found in not_read(path):
        return DataError(found.text, where=str(path), fix=found.fix)
    return DataError(
        "a folder without pictures",
        where=str(path),
        fix="looked for .jpg .jpeg .png .bmp .tif .tiff .webp, also in sub-folders; pictures inside of Parquet, npz, HDF5 or films must "
        "be saved as files first",
    )


def _format_of_file(path: Path) -> str:
    if path.suffix in (".yaml", ".yml"):
        return "yolo"
    if path.suffix == ".json" and find_coco(path):
        return "coco"
    raise DataError(
        "not a layout we know",
        where=str(path),
        fix="give the folder with the pictures and the labels, a YOLO data.yaml or a COCO .json",
    )


def _format_of_pictures(path: Path) -> str:
    """By their folders, masks and names.

    Raises:
        DataError: something that may be labels, in a form we do not know: good parts are not assumed then.
    """
    layout = layout_of(path)
    if layout.masks and has_masks(path):
        return "masks"
    if layout.has_good and layout.has_classes:
        return "folders"
    stems = [one.file.stem for one in layout.placed]
    if classes_in_names(stems) is not None or layout.verdicts is not None:
        return "names"
    silent = layout.silent_folders
    if layout.has_classes and not silent:
        return "folders"
    _refuse_labels(path, layout, stems)
    if silent:
        raise _unsaid(path, silent)
    return "golden"


def _unsaid(path: Path, folders: Sequence[str]) -> DataError:
    named = ", ".join(folders[:_SHOWN])
    what = (
        f"all pictures lie in one folder, {named}" if len(folders) == 1
        else f"the pictures lie in {len(folders)} folders such as days or lots ({named})"
    )  # fmt: skip
    return DataError(
        f"{what}: nothing says whether these are good parts",
        where=str(path),
        fix="if all of them are: --format golden; if the folders are kinds of defects: --format folders; else sort them into a folder "
        "`good` and one per kind of defect, or give a table with a line per picture (file, label)",
    )


def _refuse_labels(path: Path, layout: Layout, stems: list[str]) -> None:
    """Before all are taken for good parts.

    Raises:
        DataError: names that say otherwise, or files that may be labels.
    """
    bad = named_bad(stems)
    if bad and not layout.has_good:
        raise DataError(
            f"{len(bad)} of {len(stems)} pictures are called as defective parts are ({bad[0]}), and none as a good one",
            where=str(path),
            fix="put the good ones in a folder `good` and the others in one per defect; if all parts are good: --format golden",
        )
    kinds = kinds_at_start(stems)
    if kinds:
        raise DataError(
            f"the names of the pictures begin with {len(kinds)} words ({', '.join(kinds)}), which may be kinds of defects",
            where=str(path),
            fix="put each kind in a folder of its own, the good parts in one called `good`; if all parts are good: --format golden",
        )
    labels = unread_labels(path, [one.file for one in layout.placed])
    if labels:
        raise DataError(
            f"{labels}, in no layout we know",
            where=str(path),
            fix="for YOLO add a data.yaml with the class names, or use images/ and labels/; else a table with a line per picture (file, "
            "label), or a folder per class; if they are no labels and all parts are good: --format golden",
        )
