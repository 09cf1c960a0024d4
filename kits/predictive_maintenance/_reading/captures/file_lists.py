"""The list of captures, whatever it is called: a table beside them of which a column names their files."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath

from kits.core.errors import DataError
from kits.predictive_maintenance._reading.columns.names import role_of
from kits.predictive_maintenance._reading.files import WAVES, find_meta
from kits.predictive_maintenance._reading.formats.table import Column, Table
from kits.predictive_maintenance._reading.formats.tables import SUFFIXES, read_table

_MOST_TABLES = 20
_HEAD = 400
_MOST = 0.8
"""Of the cells of such a column, those that name a file."""


def list_of(files: Sequence[Path], root: Path) -> Path | None:
    """The list of captures: called so, else one of the few tables beside others whose column names these; None where there is none."""
    if not root.is_dir():
        return None
    if (called := find_meta(root)) is not None:
        return called
    waves = [file for file in files if file.suffix.lower() in WAVES]
    tables = [file for file in files if file.suffix.lower() not in WAVES]
    if len(waves) < 2 or not 0 < len(tables) <= _MOST_TABLES:
        return None
    names = {key_of(file.name) for file in waves}
    found = [file for file in tables if _names_files(file, names)]
    return found[0] if len(found) == 1 else None


def _names_files(file: Path, names: set[str]) -> bool:
    try:
        head = read_table(file, _HEAD)
    except DataError:
        return False  # whoever reads it says why
    if {"start", "end"} <= {role_of(column.name) for column in head.columns}:
        return False  # stretches of them
    column = file_column(head, names, _MOST)
    # where a file comes again they are readings, or what happened in it
    return column is not None and len({key_of(str(cell)) for cell in column.values}) == head.rows


def file_column(table: Table, names: Iterable[str], share: float = 0.0) -> Column | None:
    """The column of a table that names files.

    Args:
        names: keys of these.
        share: of its cells that must.
    """
    known = set(names)
    for column in table.columns:
        if column.kind != "text":
            continue
        said = [
            last_key(str(cell)) in known or key_of(str(cell)) in known for cell in column.values
        ]
        if any(said) and sum(said) >= share * len(said):
            return column
    return None


def key_of(name: str) -> str:
    """What a file is known by in a list: its name in lower case, without what its kind is called."""
    key = name.strip().lower().replace("\\", "/")
    stem, dot, end = key.rpartition(".")
    return stem if f"{dot}{end}" in SUFFIXES | WAVES else key


def last_key(name: str) -> str:
    """The same of a path's last part: a list may name files by a longer path than the imported folder has."""
    return PurePosixPath(key_of(name)).name
