"""Tables beside the pictures that say what these show, of classes or of boxes; those of the splits' folders belong together."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from kits.core.errors import DataError
from kits.core.kit import Finding, RawSample
from kits.visual_inspection._reading import box_tables, class_tables
from kits.visual_inspection._reading.finding_pictures import PictureIndex, parts_of
from kits.visual_inspection._reading.labels_tables import Table, column_of_pictures, tables_under
from kits.visual_inspection._reading.layout import layout_of
from kits.visual_inspection._reading.stated import Stated, samples_of

_SHOWN = 20
_LEAST = 0.1
_SURE = 0.5
"""A table names so many of the pictures, of the rejected ones alone perhaps; by numbers, which may be anything, it must be half."""


@dataclass(frozen=True)
class _Read:
    """What one table states."""

    table: Table
    stated: Sequence[Stated]
    boxes: bool


def find_tables(path: Path) -> str:
    """`boxes` or `table`, as tables say where defects are or which parts have some; empty where none names pictures.

    Raises:
        DataError: one names the pictures, but no column tells a class.
    """
    found = _found(path)
    return "" if not found else "boxes" if found[0].boxes else "table"


def _found(path: Path) -> list[_Read]:
    """The tables of boxes, else those of classes; of these the ones with the columns of the first."""
    tables = tables_under(path)
    if not tables:
        return []
    files = [one.file for one in layout_of(path, one_product=False).placed]
    index = PictureIndex(path, files)
    whole, stems = (
        {name.lower() for name in names}
        for names in ((f.name for f in files), (f.stem for f in files))
    )
    return (
        _read(
            tables,
            len(files),
            index,
            lambda one: box_tables.stated(one, _known(index)),
            _LEAST,
            boxes=True,
        )
        or _read(
            tables, len(files), index, lambda one: class_tables.stated(one, _in(whole)), _LEAST
        )
        or _read(tables, len(files), index, lambda one: class_tables.stated(one, _in(stems)), _SURE)
        or _refused(tables, whole)
    )


def _refused(tables: Sequence[Table], whole: set[str]) -> list[_Read]:
    """Nothing, unless a table names half of the pictures: then it is asked which column tells the class.

    Raises:
        DataError: as `class_tables.unlabelled`.
    """
    for table in tables:
        column = column_of_pictures(table, _in(whole))
        others = [one for one in table.columns if one != column]
        named = {parts_of(row.get(column, ""))[-1:] for row in table.rows}
        if column and others and len(named) >= len(whole) * _SURE:
            raise class_tables.unlabelled(table, others)
    return []


def _known(index: PictureIndex) -> Callable[[str], bool]:
    return lambda cell: bool(cell.strip()) and index.find(cell) is not None


def _in(names: set[str]) -> Callable[[str], bool]:
    return lambda cell: parts_of(cell)[-1:] != () and parts_of(cell)[-1] in names


def _read(
    tables: Sequence[Table],
    pictures: int,
    index: PictureIndex,
    read: Callable[[Table], Sequence[Stated] | None],
    least: float,
    *,
    boxes: bool = False,
) -> list[_Read]:
    found: list[_Read] = []
    for table in tables:
        if found and table.columns != found[0].table.columns:
            continue
        stated = read(table)
        if stated:
            found.append(_Read(table, stated, boxes))
    named = {index.find(one.name, one.base) for read_ in found for one in read_.stated} - {None}
    return found if len(named) >= pictures * least else []


def read_tables(path: Path) -> Iterator[RawSample | Finding]:
    """Pictures with the class or the boxes that tables state; one that none names is not annotated.

    Raises:
        DataError: no table names the pictures, or none of its columns tells a class.
    """
    found = _found(path)
    if not found:
        raise DataError(
            "no table that names the pictures",
            where=str(path),
            fix="a CSV or a spreadsheet with a line per picture: its file name, and its class under `label`",
        )
    names = ", ".join(one.table.name for one in found)
    yield from samples_of(path, names, [stated for one in found for stated in one.stated])
    for one in found:
        if one.table.bad:
            yield Finding(
                "malformed-label", "warn", f"{len(one.table.bad)} rows of {one.table.name} cannot be read: left out", one.table.bad[:_SHOWN],
                "mend them, and import again",
            )  # fmt: skip
        if not one.boxes:
            told = class_tables.told(one.stated)
            yield Finding("columns", "pass", f"{one.table.name}: classes {told}")
