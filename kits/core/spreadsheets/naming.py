"""How a sheet of a spreadsheet is called in what people read, in the names of its rows, and in complaints."""

from __future__ import annotations

from collections.abc import Callable

from kits.core.errors import DataError


def where_of(file: str, sheet: str) -> str:
    """How a sheet is called in what people read, and in the names of its rows: `leads.xlsx, sheet "Export"`."""
    return f'{file}, sheet "{sheet}"'


def file_and_sheet(where: str) -> tuple[str, str]:
    """The opposite of `where_of`; no sheet where it is a file alone."""
    file, said, sheet = where.partition(', sheet "')
    return (file, sheet.removesuffix('"')) if said else (where, "")


def told_of(file: str, sheet: str, mark: Callable[[], None]) -> None:
    """Marks something of a sheet; a complaint names it.

    Raises:
        DataError: as the mark does, with file and sheet as its place.
    """
    try:
        mark()
    except DataError as error:
        raise DataError(error.what, where=where_of(file, sheet), fix=error.fix) from error
