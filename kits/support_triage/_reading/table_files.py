"""Which tables a file or folder holds, and in which order they are read: each file's roles, split and repetitions said.

It opens files; a row is made a mail in `rows.py`.
"""

from __future__ import annotations

import fnmatch
import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from kits.core.dataset import Split
from kits.core.errors import DataError
from kits.core.kit import Finding, RawSample
from kits.core.tables import SUFFIXES, BadRow, Row, TableFile, open_table
from kits.support_triage._reading.roles import SPLIT_WORDS, Roles, find_roles
from kits.support_triage._reading.rows import RowReader, with_tones
from kits.support_triage._reading.sidecar import NAMES, Sidecar

HEAD_ROWS = 1_000
MAX_FILES = 10_000
MAX_DEPTH = 6
_DOUBTFUL = frozenset({".txt", ".json"})
"""Suffixes that notes and settings have as well; without texts and labels in them they are passed over."""
_SPLITS: dict[str, Split] = {"train": "train", "val": "val", "test": "test"}


@dataclass(frozen=True)
class Found:
    """One table with what its columns are for."""

    name: str
    table: TableFile
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
        if len(parts) > MAX_DEPTH or any(part.startswith(".") for part in parts):
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
    """The split that a file's name or folder tells, and whether it is all that it tells (`train.csv`)."""
    for stated, split in sidecar.splits.items():
        if name == stated or stated in name.split("/"):
            return split, True
    parts = name.lower().split("/")
    stem = parts[-1].rsplit(".", 1)[0]
    for whole in (stem, *reversed(parts[:-1])):
        if whole in SPLIT_WORDS:
            return _SPLITS[SPLIT_WORDS[whole]], True
    words = [word for word in re.split(r"[^a-z]+", stem) if word in SPLIT_WORDS]
    return (_SPLITS[SPLIT_WORDS[words[-1]]] if words else None), False


def read(path: Path, sidecar: Sidecar) -> Iterator[RawSample | Finding]:
    """Every table's rows as mails; the plain `train`, `val` and `test` files first.

    Raises:
        DataError: no file with a column of texts.
        ConfigError: `mails.yaml` names a column that is not there.
    """
    tables: list[Found] = []
    passed_over: list[Finding] = []
    for file in table_paths(path, sidecar):
        name = file.relative_to(path).as_posix() if path.is_dir() else file.name
        opened = _open(file, name, sidecar)
        if isinstance(opened, Finding):
            passed_over.append(opened)
        else:
            tables.append(opened)
    if not tables:
        reasons = "; ".join(f.text for f in passed_over[:3])
        raise DataError(
            f"no table with a column of texts{': ' + reasons if reasons else ''}",
            where=str(path),
            fix="name the columns in mails.yaml: columns: {text: …, label: …}",
        )
    yield from passed_over
    mixed = any(t.main for t in tables) and not all(t.main for t in tables)
    seen: set[bytes] | None = set() if mixed else None
    for found in sorted(tables, key=lambda t: (not t.main, t.name)):
        yield _said(found)
        yield from _rows(found, sidecar, seen)


def _without_texts(columns: Sequence[str], head: Sequence[Row]) -> str:
    told = f"no column of texts among {', '.join(columns[:8])}"
    empty = [name for name in columns if not any(row.get(name, "").strip() for row in head)]
    if not empty:
        return told
    return f"{told}; there is nothing in {', '.join(empty[:8])}"


def _open(file: Path, name: str, sidecar: Sidecar) -> Found | Finding:
    try:
        table = open_table(file)
        head = table.head(HEAD_ROWS)
    except (DataError, OSError) as error:
        return _passed_over(name, getattr(error, "what", str(error)))
    roles = find_roles(table.columns, head, sidecar)
    if not roles.usable:
        return _passed_over(name, _without_texts(table.columns, head))
    if file.suffix.lower() in _DOUBTFUL and not (roles.label or roles.urgency or roles.sentiment):
        return _passed_over(name, "it looks like notes or settings, not like rows of mails")
    split, main = split_of(name, sidecar)
    return Found(name, table, roles, split, main)


def _passed_over(name: str, why: str) -> Finding:
    return Finding(
        "file-passed-over",
        "warn",
        f"{name} was passed over: {why}",
        (name,),
        "nothing to do if it holds no mails; else name its columns in mails.yaml",
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
    reader = with_tones(reader, found.table.head(HEAD_ROWS))
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
