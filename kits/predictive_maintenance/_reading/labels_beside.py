"""Labels in a file of their own, a row for each row of the table beside it (`secom.data`, `secom_labels.data`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from kits.core.errors import DataError
from kits.predictive_maintenance._reading.columns.labels import is_label
from kits.predictive_maintenance._reading.columns.names import plain
from kits.predictive_maintenance._reading.formats.table import Table
from kits.predictive_maintenance._reading.formats.tables import read_table

_HEAD = 200
_WORDS = frozenset({"label", "labels", "target", "targets", "y", "class", "classes"})


def labels_file(files: Sequence[Path]) -> Path | None:
    """The file of labels, where there are a table and such a file and nothing else."""
    found = [file for file in files if _WORDS & set(plain(file.stem).split("_"))]
    return found[0] if len(found) == 1 and len(files) == 2 else None


def labels_of(files: Sequence[Path], root: Path) -> dict[Path, Path]:
    """Table → the file with a label for each of its rows, which is called as it with such a word (`test.csv`, `test_label.csv`).

    A file of labels that are of no table stands for itself.
    """
    tables: dict[tuple[str, ...], list[Path]] = {}
    labelled: dict[tuple[str, ...], list[Path]] = {}
    for file in files:
        parts = (file.relative_to(root) if file.is_relative_to(root) else Path(file.name)).parts
        words = [plain(part).split("_") for part in (*parts[:-1], Path(parts[-1]).stem)]
        key = tuple("_".join(w for w in own if w not in _WORDS) for own in words)
        said = any(_WORDS & set(own) for own in words) and _holds_labels(file)
        (labelled if said else tables).setdefault(key, []).append(file)
    pairs = {
        found[0]: labelled[key][0]
        for key, found in tables.items()
        if len(found) == 1 and len(labelled.get(key, ())) == 1
    }
    others = {file: file for found in labelled.values() for file in found} if pairs else {}
    return {**{f: f for f in others if f not in pairs.values()}, **pairs}


def _holds_labels(file: Path) -> bool:
    """Whether a file's first rows have a column of a few values; one of readings is no file of labels, however it is called."""
    try:
        return any(is_label(column) for column in read_table(file, _HEAD).columns)
    except DataError:
        return True  # who reads it will say what is wrong with it


def with_labels(table: Table, file: Path) -> Table:
    """The table and its labels.

    Raises:
        DataError: the file cannot be read, holds no labels, or has another number of rows.
    """
    beside = read_table(file)
    if beside.rows != table.rows:
        raise DataError(
            f"{beside.rows} labels for {table.rows} rows",
            where=file.name,
            fix="a label for each row, in the same order; or move the file away",
        )
    label = next((c for c in beside.columns if is_label(c)), None)
    if label is None:
        raise DataError(
            "no column of labels in it", where=file.name, fix="a column of a few values"
        )
    taken = {c.name for c in table.columns}
    name = "label" if "label" not in taken else f"label of {file.stem}"
    return replace(table, columns=(*table.columns, replace(label, name=name)))
