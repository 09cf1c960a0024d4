"""Tables with a row per box, or with a mask as runs of pixels: Roboflow, Open Images, AutoML, RetinaNet, makesense, Severstal, VIA."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from kits.core.dataset import SPLIT_WORDS
from kits.core.prediction import Box
from kits.core.tables import Row
from kits.visual_inspection._reading import via
from kits.visual_inspection._reading.files import SUFFIXES as PICTURES
from kits.visual_inspection._reading.labels_tables import Table, column_by, column_of_pictures
from kits.visual_inspection._reading.runs import boxes_of_runs, runs_of
from kits.visual_inspection._reading.shapes import numbers
from kits.visual_inspection._reading.stated import Places, Stated, shares
from kits.visual_inspection._words import DEFECT, GOOD, is_good

_CLASSES = (
    "class", "label", "labelname", "classname", "category", "categoryname", "defect", "defecttype", "type", "name", "classid", "categoryid",
)  # fmt: skip
_SPLITS = ("split", "set", "subset", "mluse", "usage")
_CORNERS = (
    ("xmin", "ymin", "xmax", "ymax"), ("x1", "y1", "x2", "y2"), ("x0", "y0", "x1", "y1"), ("left", "top", "right", "bottom"),
    ("bboxxmin", "bboxymin", "bboxxmax", "bboxymax"), ("bboxx1", "bboxy1", "bboxx2", "bboxy2"), ("xtl", "ytl", "xbr", "ybr"),
)  # fmt: skip
_SIZED = (
    ("bboxx", "bboxy", "bboxwidth", "bboxheight"), ("x", "y", "width", "height"), ("left", "top", "width", "height"), ("x", "y", "w", "h"),
    ("xmin", "ymin", "width", "height"), ("bboxx", "bboxy", "bboxw", "bboxh"),
)  # fmt: skip
_RUNS = ("encodedpixels", "rle", "rlemask", "pixels")
_NAMELESS = {6: ((1, 2, 3, 4), 5), 8: ((1, 2, 3, 4), 0), 11: ((3, 4, 7, 8), 2)}
"""Columns → where the place and the class stand in files without names: RetinaNet, makesense, AutoML."""
_MAKESENSE = 8
_MOST = 0.9


@dataclass(frozen=True)
class Columns:
    """Where a table has what.

    Attributes:
        place: the columns of a box; empty: `runs` says it.
        corners: whether they are two corners, else one and a size.
    """

    picture: str
    label: str
    split: str
    place: tuple[str, ...]
    corners: bool
    runs: str = ""


def stated(table: Table, is_picture: Callable[[str], bool]) -> list[Stated] | None:
    """What a table states; None where it is none of boxes."""
    found = via.of_table(table)
    if found is not None:
        return found
    columns = _columns(table, lambda cell: _ends_as_picture(cell) and is_picture(cell)) or _columns(
        table, is_picture
    )
    if columns is None:
        return None
    rows: dict[str, list[Row]] = defaultdict(list)
    kinds: dict[str, str] = {}
    for row in table.rows:
        name, kind = _name(row[columns.picture], columns)
        rows[name].append(row)
        kinds[row[columns.picture]] = kind
    as_shares = not columns.runs and _are_shares(table, columns)
    return [
        _picture(name, some, columns, kinds, as_shares, table.file.parent)
        for name, some in rows.items()
    ]


def _columns(table: Table, is_picture: Callable[[str], bool]) -> Columns | None:
    runs = column_by(_RUNS, table.columns)
    picture = column_of_pictures(
        table, lambda cell: is_picture(cell) or (bool(runs) and is_picture(_cut(cell)[0]))
    )
    if not picture:
        return None
    others = [column for column in table.columns if column != picture]
    label, split = column_by(_CLASSES, others), column_by(_SPLITS, others)
    if runs and any(runs_of(row.get(runs, "")) for row in table.rows):
        return Columns(picture, label, split, (), False, runs)
    if not table.named:
        return _nameless(table, picture)
    for known, corners in ((_CORNERS, True), (_SIZED, False)):
        for names in known:
            place = tuple(column_by([name], others) for name in names)
            if all(place) and _hold_numbers(table, place):
                return Columns(picture, label, split, place, corners)
    return None


def _nameless(table: Table, picture: str) -> Columns | None:
    known = _NAMELESS.get(len(table.columns))
    if known is None:
        return None
    place = tuple(table.columns[at] for at in known[0])
    split = table.columns[0] if len(table.columns) == max(_NAMELESS) else ""
    if picture in place or not _hold_numbers(table, place):
        return None
    return Columns(picture, table.columns[known[1]], split, place, len(table.columns) != _MAKESENSE)


def _hold_numbers(table: Table, place: Sequence[str]) -> bool:
    """Whether rows have numbers there, or nothing: nearly all of those that have something."""
    filled = [row for row in table.rows if _filled(row, place)]
    right = sum(_values(row, place) is not None for row in filled)
    return bool(right) and right >= _MOST * len(filled)


def _filled(row: Row, place: Sequence[str]) -> bool:
    return any(row[column].strip() for column in place)


def _values(row: Row, place: Sequence[str]) -> list[float] | None:
    return numbers([row[column] for column in place])


def _are_shares(table: Table, columns: Columns) -> bool:
    values = [value for row in table.rows for value in _values(row, columns.place) or []]
    return max(values) <= 1.0 and any(value % 1 for value in values)


def _cut(cell: str) -> tuple[str, str]:
    """`0001.jpg_2` as the name and the class."""
    name, _, kind = cell.strip().rpartition("_")
    return (name, kind) if name else (cell, "")


def _name(cell: str, columns: Columns) -> tuple[str, str]:
    """The picture's name, and the class that is written behind it."""
    name, kind = _cut(cell)
    return (name, kind) if columns.runs and _ends_as_picture(name) else (cell.strip(), "")


def _ends_as_picture(cell: str) -> bool:
    return Path(cell.strip()).suffix.lower() in PICTURES


def _picture(
    name: str,
    rows: Sequence[Row],
    columns: Columns,
    kinds: dict[str, str],
    as_shares: bool,
    base: Path,
) -> Stated:
    splits = (SPLIT_WORDS.get(row.get(columns.split, "").strip().lower()) for row in rows)
    split = next((one for one in splits if one), None)
    labels = [kinds[row[columns.picture]] or row.get(columns.label, "").strip() for row in rows]
    if columns.runs:
        runs = [(label or DEFECT, runs_of(row[columns.runs])) for label, row in zip(labels, rows)]
        drawn = [(label, one) for label, one in runs if one]
        return Stated(name, boxes_of_runs(drawn) if drawn else (), split=split, base=base)
    boxes = [
        box for label, row in zip(labels, rows) if (box := _box(row, columns, label or DEFECT))
    ]
    bad = any(_filled(row, columns.place) and not _values(row, columns.place) for row in rows)
    place: Sequence[Box] | Places = shares(boxes) if as_shares and boxes else boxes
    plain = "" if boxes or bad else next((label for label in labels if label), GOOD)
    return Stated(name, place, plain, split, base, "a row without a usable place" if bad else "")


def _box(row: Row, columns: Columns, label: str) -> Box | None:
    """None of a row without a place, or of one that says that the part is good."""
    found = _values(row, columns.place)
    if found is None or is_good(label):
        return None
    x0, y0, x1, y1 = found
    return Box(x0, y0, x1, y1, label) if columns.corners else Box(x0, y0, x0 + x1, y0 + y1, label)
