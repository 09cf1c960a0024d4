"""Which tables a file or folder holds, and in which order they are read: each file's roles, split and repetitions said.

It opens files; a row is made a mail in `rows.py`.
"""

from __future__ import annotations

import fnmatch
import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from kits.core.dataset import Split
from kits.core.errors import DataError
from kits.core.kit import Finding, RawSample
from kits.core.row_sources import SUFFIXES, RowSource, Source, open_rows, passed_over
from kits.core.spreadsheets.workbook import file_and_sheet
from kits.core.tables import BadRow, Row
from kits.support_triage._reading.fits import SPLITS_SAID
from kits.support_triage._reading.roles import Roles, find_roles
from kits.support_triage._reading.rows import RowReader, as_written
from kits.support_triage._reading.sidecar import NAMES, Sidecar
from kits.support_triage._reading.unfolding import unfold

HEAD_ROWS = 1_000
MAX_FILES = 10_000
MAX_DEPTH = 6
_FEWEST = 2
"""Rows whose nested values are looked into: one alone may be settings."""
_DOUBTFUL = frozenset({".txt", ".json"})
"""Suffixes that notes and settings have as well; without texts and labels in them they are passed over."""


@dataclass(frozen=True)
class Found:
    """One table with what its columns are for.

    Attributes:
        name: of the file, or of the file and the sheet.
    """

    name: str
    table: RowSource
    roles: Roles
    split: Split | None
    main: bool


def table_paths(path: Path, sidecar: Sidecar) -> list[Path]:
    """The files that may be tables, in a stable order."""
    if path.is_file():
        return [path]
    found = []
    for file in sorted(path.rglob("*")):
        parts = file.relative_to(path).parts
        if len(parts) > MAX_DEPTH or any(part.startswith((".", "~$")) for part in parts):
            continue
        if file.name in NAMES or file.suffix.lower() not in SUFFIXES or not file.is_file():
            continue
        if any(fnmatch.fnmatch("/".join(parts), glob) for glob in sidecar.ignore):
            continue
        found.append(file)
        if len(found) >= MAX_FILES:
            break
    return found


def split_of(name: str, sidecar: Sidecar) -> tuple[Split | None, bool]:
    """The split that the name of a file, a sheet or a folder tells, and whether it is all that it tells (`train.csv`)."""
    file, sheet = file_and_sheet(name)
    for stated, split in sidecar.splits.items():
        if stated in (name, file, sheet) or stated in file.split("/"):
            return split, True
    parts = file.lower().split("/")
    stem = parts[-1].rsplit(".", 1)[0]
    for whole in (sheet.lower(), stem, *reversed(parts[:-1])):
        if whole in SPLITS_SAID:
            return SPLITS_SAID[whole], True
    told = re.split(r"[^a-z]+", f"{stem} {sheet.lower()}")
    words = [word for word in told if word in SPLITS_SAID]
    return (SPLITS_SAID[words[-1]] if words else None), False


def read(path: Path, sidecar: Sidecar) -> Iterator[RawSample | Finding]:
    """Every table's rows as mails; the plain `train`, `val` and `test` files first.

    Raises:
        DataError: no file with a column of texts.
        ConfigError: `mails.yaml` names a column that is not there.
    """
    tables: list[Found] = []
    told: list[Finding] = []
    for file in table_paths(path, sidecar):
        name = file.relative_to(path).as_posix() if path.is_dir() else file.name
        found, said = _open(file, name, sidecar)
        tables.extend(found)
        told.extend(said)
    if not tables:
        reasons = "; ".join(f.text for f in told[:3])
        raise DataError(
            f"no table with a column of texts{': ' + reasons if reasons else ''}",
            where=str(path),
            fix="name the columns in mails.yaml: columns: {text: …, label: …}",
        )
    yield from told
    mixed = any(t.main for t in tables) and not all(t.main for t in tables)
    seen: set[bytes] | None = set() if mixed else None
    for table in sorted(tables, key=lambda t: (not t.main, t.name)):
        yield _said(table)
        yield from _rows(table, sidecar, seen)


def _without_texts(columns: Sequence[str], head: Sequence[Row]) -> str:
    told = f"no column of texts among {', '.join(columns[:8])}"
    empty = [name for name in columns if not any(row.get(name, "").strip() for row in head)]
    if not empty:
        return told
    return f"{told}; there is nothing in {', '.join(empty[:8])}"


def _open(file: Path, name: str, sidecar: Sidecar) -> tuple[list[Found], list[Finding]]:
    """The tables of a file, and what is to be said of it and of those that are none."""
    try:
        opened = open_rows(file, name, wanted=_wanted(sidecar), fix="name it in mails.yaml: sheets")
    except (DataError, OSError) as error:
        return [], [_passed_over(name, getattr(error, "what", str(error)))]
    tables: list[Found] = []
    told = list(opened.findings)
    for source in opened.sources:
        found = _found(source, sidecar)
        if isinstance(found, Finding):
            told.append(found)
        else:
            tables.append(found)
    labelled = [found for found in tables if _is_labelled(found.roles)]
    if len(tables) > len(labelled) > 0 and not sidecar.sheets:
        # beside tickets a workbook holds legends and lists
        others = [found.name for found in tables if found not in labelled]
        told.extend(
            _passed_over(other, "it has no labels, as other sheets have") for other in others
        )
        return labelled, told
    return tables, told


def _wanted(sidecar: Sidecar) -> Callable[[str], bool | None]:
    """Which sheets of a spreadsheet are stated."""

    def wanted(sheet: str) -> bool | None:
        stated = sidecar.sheets
        return any(sheet == s or fnmatch.fnmatchcase(sheet, s) for s in stated) if stated else None

    return wanted


def _is_labelled(roles: Roles) -> bool:
    return bool(roles.label or roles.urgency or roles.sentiment)


def _found(source: Source, sidecar: Sidecar) -> Found | Finding:
    name, table = source.name, source.rows
    head = table.head(HEAD_ROWS)
    nested: frozenset[str] = frozenset()
    if table.form.startswith("JSON") and len(head) >= _FEWEST:
        table, head = unfold(table, head)
        nested = table.nested
    roles = find_roles(table.columns, head, sidecar, nested)
    if not roles.usable:
        return _passed_over(name, _without_texts(table.columns, head))
    if Path(name).suffix.lower() in _DOUBTFUL and not _is_labelled(roles):
        return _passed_over(name, "it looks like notes or settings, not like rows of mails")
    split, main = split_of(name, sidecar)
    return Found(name, table, roles, split, main)


def _passed_over(name: str, why: str) -> Finding:
    return passed_over(
        name, why, "nothing to do if it holds no mails; else name its columns in mails.yaml"
    )


def _said(found: Found) -> Finding:
    split = f", all of it {found.split}" if found.split and not found.roles.split else ""
    return Finding(
        "columns",
        "pass",
        f"{found.name} ({found.table.form}): {found.roles.said()}{split}",
        (found.name,),
    )


def _rows(found: Found, sidecar: Sidecar, seen: set[bytes] | None) -> Iterator[RawSample | Finding]:
    reader = RowReader(found.name, found.roles, sidecar, found.split)
    reader, told = as_written(reader, found.table.head(HEAD_ROWS))
    yield from told
    if seen is None:
        yield from reader.samples(found.table.rows())
        return
    repeated: list[int] = []
    yield from reader.samples(_new_rows(found, seen, repeated))
    if repeated:
        yield Finding(
            "repeated-rows",
            "warn",
            f"{len(repeated)} rows of {found.name} stand in another file of this folder already and were left out",
            (found.name,),
            "nothing to do; to read this file for itself, import it alone",
        )


def _new_rows(
    found: Found, seen: set[bytes], repeated: list[int]
) -> Iterator[tuple[int, Row] | BadRow]:
    """All rows of a plain split; of any other file those whose text no file before had.

    Folders of published data hold subsets and re-cut splits beside the whole; both must not be learned from.
    """
    fresh: set[bytes] = set()
    for row in found.table.rows():
        if isinstance(row, BadRow):
            yield row
            continue
        key = _key(row[1], found.roles)
        if not found.main and key in seen:
            repeated.append(row[0])
            continue
        fresh.add(key)
        yield row
    seen |= fresh


def _key(row: Row, roles: Roles) -> bytes:
    text = f"{row.get(roles.subject, '')} {row.get(roles.text, '')}".casefold()
    return hashlib.blake2b("".join(c for c in text if c.isalnum()).encode(), digest_size=8).digest()
