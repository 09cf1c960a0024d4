"""A file's sheets in memory, by python-calamine, with what it does not tell; XML of Excel 2003 is read by ourselves.

The only place that knows the library. Whatever is wrong with a file, and whatever the library does about it, is one error
of ours.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kits.core.errors import DataError, MachineError
from kits.core.spreadsheets import excel_97, excel_2003, office_xml, open_document
from kits.core.spreadsheets.grid import Grid
from kits.core.spreadsheets.marks import Marks
from kits.core.spreadsheets.package import Form, damaged, protected
from kits.core.spreadsheets.trial import try_out

if TYPE_CHECKING:
    from python_calamine import CalamineWorkbook

MAX_SHEETS = 500
_MARKS = {"xlsx": office_xml.marks_of, "ods": open_document.marks_of}
_PANIC = "PanicException"
"""What a fault in a library of Rust is raised as. It is no `Exception`, and no module holds it."""


@dataclass(frozen=True)
class LoadedSheet:
    """A worksheet.

    Attributes:
        marks: None: the file's form does not tell them.
    """

    name: str
    visible: bool
    grid: Grid
    marks: Marks | None


@dataclass(frozen=True)
class LoadedBook:
    """A file's worksheets; charts and dialogs are none.

    Attributes:
        unwanted: titles of those that nobody wants.
    """

    sheets: tuple[LoadedSheet, ...]
    unwanted: tuple[str, ...]


def load_book(path: Path, form: Form, wanted: Callable[[str], bool]) -> LoadedBook:
    """Reads a file's worksheets.

    Args:
        form: as `form_of` finds it.
        wanted: whether a sheet is to be read, by its title.

    Raises:
        DataError: damaged, protected by a password, or larger than is read.
        MachineError: python-calamine is not installed.
    """
    if form == "xml 2003":
        return _of_xml(path, wanted)
    with _opened(path, lambda: _marks(path, form, wanted)) as (book, marks):
        import python_calamine as calamine

        listed = [s for s in book.sheets_metadata if s.typ == calamine.SheetTypeEnum.WorkSheet]
        _refuse_many(path, len(listed))
        sheets = []
        for one in listed:
            if wanted(one.name):
                loaded = book.get_sheet_by_name(one.name)
                left = loaded.start[1] if loaded.start is not None else 0
                visible = one.visible == calamine.SheetVisibleEnum.Visible
                sheets.append(
                    LoadedSheet(one.name, visible, Grid(loaded, left), marks.get(one.name))
                )
        return LoadedBook(tuple(sheets), tuple(one.name for one in listed if not wanted(one.name)))


def _of_xml(path: Path, wanted: Callable[[str], bool]) -> LoadedBook:
    """The library does not know this form."""
    sheets = excel_2003.load_sheets(path)
    _refuse_many(path, len(sheets))
    return LoadedBook(
        tuple(
            LoadedSheet(
                one.name, one.visible, Grid(one, one.start[1] if one.start else 0), one.marks
            )
            for one in sheets
            if wanted(one.name)
        ),
        tuple(one.name for one in sheets if not wanted(one.name)),
    )


def _refuse_many(path: Path, sheets: int) -> None:
    if sheets > MAX_SHEETS:
        raise DataError(f"{sheets} sheets, at most {MAX_SHEETS}", where=path.name)


def _marks(path: Path, form: Form, wanted: Callable[[str], bool]) -> dict[str, Marks]:
    """What stands beside the values; the file is bounded once this has come to its end."""
    if form in _MARKS:
        return _MARKS[form](path, wanted)
    try_out(path)
    return excel_97.marks_of(path, wanted)


@contextmanager
def _opened(
    path: Path, check: Callable[[], dict[str, Marks]]
) -> Iterator[tuple[CalamineWorkbook, dict[str, Marks]]]:
    """The file as the library opens it, after it was checked."""
    try:
        import python_calamine as calamine
    except ImportError:
        raise MachineError(
            "spreadsheets need python-calamine",
            where=path.name,
            fix="pip install 'kitwright[train]'",
        ) from None
    marks = check()
    try:
        with calamine.CalamineWorkbook.from_path(path) as book:
            yield book, marks
    except calamine.PasswordError:
        raise protected(path) from None
    except (calamine.CalamineError, OSError, ValueError) as error:
        raise damaged(path, error) from error
    except BaseException as error:
        if type(error).__name__ != _PANIC:
            raise
        raise damaged(path, "it contradicts itself") from error
