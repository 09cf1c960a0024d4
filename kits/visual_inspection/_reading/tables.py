"""Tables beside the pictures that say what these show, of classes or of boxes; those of the splits' folders belong together."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from kits.core.column_names import plain
from kits.core.errors import DataError
from kits.core.kit import Finding, RawSample
from kits.visual_inspection._reading import box_tables, class_tables
from kits.visual_inspection._reading.finding_pictures import PictureIndex, parts_of
from kits.visual_inspection._reading.labels_tables import Table, column_of_pictures, tables_under
from kits.visual_inspection._reading.layout import layout_of
from kits.visual_inspection._reading.serials import Serials
from kits.visual_inspection._reading.stated import Stated, samples_of

_SHOWN, _FOLDERS = 20, 5
_EXAMPLES = frozenset({"submission", "submissions"})
"""A table called so shows how answers are handed in; what it says of its pictures is made up."""
_LEAST, _SURE = 0.1, 0.5
"""A table names so many of the pictures, perhaps of the rejected ones alone; half, where numbers name them or folders tell the class."""


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
    tables = [table for table in tables_under(path) if not _is_example(table)]
    if not tables:
        return []
    layout = layout_of(path, one_product=False)
    files = [one.file for one in layout.placed]
    search = _Search(tables, PictureIndex(path, files), len(files))
    least = _SURE if layout.has_classes and layout.has_good else _LEAST
    names, stems = (
        _in({file.name.lower() for file in files}),
        _in({file.stem.lower() for file in files}),
    )
    found = search.read(lambda table: box_tables.stated(table, search.knows), _LEAST, boxes=True)
    found = found or search.read(lambda table: class_tables.stated(table, names), least)
    found = found or search.read(lambda table: class_tables.stated(table, stems), _SURE)
    if not found and not (layout.has_classes and layout.has_good):
        serials = Serials(files)
        found = search.read(lambda table: _of_parts(table, serials, path), _SURE)
    if not found:
        search.refuse(names)
    return found


def _of_parts(table: Table, serials: Serials, path: Path) -> list[Stated] | None:
    """What a table with a row per part states of its pictures, which have the serial number in their names."""
    parts = class_tables.stated(table, serials.knows)
    return parts and [
        replace(one, name=str(file.relative_to(path)), base=None, group=one.name)
        for one in parts
        for file in _below(table.file.parent, serials.of(one.name))
    ]


def _below(folder: Path, files: Sequence[Path]) -> Sequence[Path]:
    """Those below a folder, where there are some: days have a table each, and may number their parts alike."""
    return [file for file in files if file.is_relative_to(folder)] or files


def _is_example(table: Table) -> bool:
    return not _EXAMPLES.isdisjoint(plain(table.file.stem).split("_"))


def _in(names: set[str]) -> Callable[[str], bool]:
    return lambda cell: parts_of(cell)[-1:] != () and parts_of(cell)[-1] in names


@dataclass(frozen=True)
class _Search:
    """Tables, and the pictures that they may name."""

    tables: Sequence[Table]
    index: PictureIndex
    pictures: int

    def knows(self, cell: str) -> bool:
        """Whether a cell means a picture."""
        return bool(cell.strip()) and self.index.find(cell) is not None

    def read(
        self,
        stated: Callable[[Table], Sequence[Stated] | None],
        least: float,
        *,
        boxes: bool = False,
    ) -> list[_Read]:
        """What tables of the same columns state, if they name the share `least` of the pictures; of several such the most pictures."""
        alike: dict[tuple[str, ...], list[_Read]] = {}
        for table in self.tables:
            try:
                some = stated(table)
            except DataError:
                if not alike or table.columns in alike:
                    raise
                continue
            if some:
                alike.setdefault(table.columns, []).append(_Read(table, some, boxes))
        found = max(alike.values(), key=self._named, default=[])
        return found if found and self._named(found) >= self.pictures * least else []

    def _named(self, found: Sequence[_Read]) -> int:
        """How many pictures some tables name."""
        named = {self.index.find(one.name, one.base) for read in found for one in read.stated}
        return len(named - {None})

    def refuse(self, is_picture: Callable[[str], bool]) -> None:
        """Asks which column tells the class, where a table names half of the pictures.

        Raises:
            DataError: one does.
        """
        for table in self.tables:
            column = column_of_pictures(table, is_picture)
            others = [one for one in table.columns if one != column]
            named = {parts_of(row[column])[-1:] for row in table.rows} if column else set()
            if others and len(named) >= max(1, self.pictures * _SURE):
                raise class_tables.unlabelled(table, others)


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
            told = class_tables.told(one.table, one.stated)
            yield Finding("columns", "pass", f"{one.table.name}: {told}")
    yield from _of_several_folders(path, found)
    yield from _passed_over(path, found)


def _of_several_folders(path: Path, found: Sequence[_Read]) -> Iterator[Finding]:
    """A table in each of several folders: days and cameras have such, and products, which are several projects."""
    folders = sorted({str(one.table.file.parent.relative_to(path)) for one in found})
    if path.is_dir() and len(folders) > 1:
        yield Finding(
            "several-tables", "warn", f"tables in {len(folders)} folders are read as one data set: {', '.join(folders[:_FOLDERS])}",
            tuple(folders),
            "nothing to do where they are days or cameras; are they products? import one of them: what a good part looks like is "
            "learned for one product",
        )  # fmt: skip


def _passed_over(path: Path, found: Sequence[_Read]) -> Iterator[Finding]:
    """Tables that are not read though they name pictures."""
    read = {one.table.name for one in found}
    names = _in({one.file.name.lower() for one in layout_of(path, one_product=False).placed})
    others = [table for table in tables_under(path) if table.name not in read]
    for table in others:
        if not column_of_pictures(table, names):
            continue
        why = (
            "it is an example of answers, by its name" if _is_example(table)
            else f"it has other columns than {found[0].table.name}, which names more of the pictures"
        )  # fmt: skip
        yield Finding(
            "file-passed-over", "warn", f"{table.name} was passed over: {why}", (table.name,),
            "nothing to do if it says nothing of what the parts are; else write all labels as one table",
        )  # fmt: skip
