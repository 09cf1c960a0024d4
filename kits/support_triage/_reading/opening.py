"""Which files of a folder may hold rows of mails, and each one's tables, whichever form it has.

Forms are told apart by what stands in the files where names do not tell; what columns mean is decided in `roles.py`.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Callable
from pathlib import Path

from kits.core import row_sources
from kits.core.row_sources import Opened, Source, is_spreadsheet, open_rows
from kits.support_triage._reading import labelled_lines, parquet_rows
from kits.support_triage._reading.documents import is_document, open_document
from kits.support_triage._reading.sidecar import NAMES, Sidecar

MAX_DEPTH = 6
_SUFFIXES = row_sources.SUFFIXES | {parquet_rows.SUFFIX}


def table_paths(path: Path, sidecar: Sidecar) -> list[Path]:
    """The files that may be tables, in a stable order."""
    if path.is_file():
        return [path]
    found = []
    for file in sorted(path.rglob("*")):
        parts = file.relative_to(path).parts
        if len(parts) > MAX_DEPTH or any(part.startswith((".", "~$")) for part in parts):
            continue
        if file.name in NAMES or not file.is_file() or not is_table(file):
            continue
        if any(fnmatch.fnmatch("/".join(parts), glob) for glob in sidecar.ignore):
            continue
        found.append(file)
    return found


def is_table(file: Path) -> bool:
    """Whether a file may hold rows, by its suffix, or by what stands in it where the suffix is that of other files as well."""
    suffix = file.suffix.lower()
    if suffix in _SUFFIXES or is_spreadsheet(file):
        return True
    if suffix in labelled_lines.SUFFIXES or not suffix:
        return labelled_lines.is_fast_text(file)
    return labelled_lines.is_rasa(file)


def opened(file: Path, name: str, sidecar: Sidecar) -> Opened:
    """The tables of a file.

    Args:
        name: how the file is called, relative to what is imported.

    Raises:
        DataError: no rows in it, damaged, or larger than is read.
        MachineError: what reads such files is not installed.
    """
    if file.suffix.lower() == parquet_rows.SUFFIX:
        return Opened((Source(name, "", parquet_rows.open_parquet(file)),))
    if labelled_lines.is_fast_text(file):
        return Opened((Source(name, "", labelled_lines.open_fast_text(file)),))
    if labelled_lines.is_rasa(file):
        return Opened((Source(name, "", labelled_lines.open_rasa(file)),))
    if is_document(file):
        return Opened(tuple(open_document(file, name)))
    return open_rows(file, name, wanted=_wanted(sidecar), fix="name it in mails.yaml: sheets")


def _wanted(sidecar: Sidecar) -> Callable[[str], bool | None]:
    """Which sheets of a spreadsheet are stated."""

    def wanted(sheet: str) -> bool | None:
        stated = sidecar.sheets
        return any(sheet == s or fnmatch.fnmatchcase(sheet, s) for s in stated) if stated else None

    return wanted
