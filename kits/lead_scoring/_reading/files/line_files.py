"""Files of one value a line, without a name above: a column of the table beside them that has as many rows.

Data sets for learning keep what became of the leads so (`train.data` with `train.labels`, `X_train.csv` with `y_train.txt`). Which
row is whose is told by the place alone, so that it is said what was done.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from kits.core.kit import Finding
from kits.lead_scoring._reading.tables.names import without_split
from kits.lead_scoring._reading.tables.sheets import Sheet

SUFFIXES = frozenset({".labels", ".label", ".targets", ".target", ".solution", ".classes", ".y"})
"""What such files are called where they are no tables by their names."""
_LARGEST = 32 << 20
_FEW_VALUES, _LONGEST = 12, 40
_LEAST = 20


def with_lines(
    sheets: Sequence[Sheet], files: Mapping[str, Path]
) -> tuple[list[Sheet], list[Finding], set[str]]:
    """The tables with the values of such files as columns, what is told of it, and the names of files that were taken.

    Args:
        files: by name, those that are no tables.
    """
    left, told, taken = list(sheets), list[Finding](), set[str]()
    for name, path in files.items():
        lines = _lines(path)
        fits = [n for n, one in enumerate(left) if len(one.columns) > 1 and len(one) == len(lines)]
        if len(fits) != 1:
            continue
        sheet, column = left[fits[0]], without_split(path.stem)
        if column in sheet.cells:
            continue
        left[fits[0]] = replace(sheet, cells={**sheet.cells, column: lines})
        taken.add(name)
        told.append(_said(name, sheet, column))
    return left, told, taken


def _lines(path: Path) -> list[str]:
    """The values, of which there are few different ones; empty where the file is something else."""
    try:
        if path.stat().st_size > _LARGEST:
            return []
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError):
        return []
    values = [line.strip() for line in lines[: -1 if lines[-1] == "" else None]]
    different = set(values)
    if values.count(values[0] if values else "") == 1:
        return []  # it names the column, whose other lines are not as many as these
    few = 1 < len(different) <= _FEW_VALUES and len(values) >= _LEAST
    return values if few and all(0 < len(one) <= _LONGEST for one in different) else []


def _said(name: str, sheet: Sheet, column: str) -> Finding:
    return Finding(
        "lines-as-column", "warn",
        f"{name} has one value a line, as many as {sheet.name} has rows: its lines were taken for the column {column}, row by row",
        (name, sheet.name),
        f"nothing to do if the rows are in the same order; else leave {name} out of the folder, or write the values into {sheet.name}",
    )  # fmt: skip
