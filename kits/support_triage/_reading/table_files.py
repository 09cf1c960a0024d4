"""Which tables a file or folder holds, and in which order they are read: each file's roles, split and repetitions said.

It opens files; a row is made a mail in `rows.py`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from kits.core.errors import DataError
from kits.core.kit import Finding, RawSample
from kits.core.tables import BadRow, Row
from kits.support_triage._reading.found_tables import (
    Found,
    found_in,
    not_read,
    telling_tables,
    unlabelled,
    urgency_unread,
)
from kits.support_triage._reading.opening import opened, table_paths
from kits.support_triage._reading.roles import Roles
from kits.support_triage._reading.rows import RowReader, as_written
from kits.support_triage._reading.sidecar import Sidecar
from kits.support_triage._reading.spread_rows import good_rows, spread_rows
from kits.support_triage._reading.together import (
    with_file_names,
    with_messages,
    with_names,
    with_shared_roles,
)
from kits.support_triage._reading.writers import writers_in

MAX_FILES = 100_000
"""What each is for is found out before the first one is read."""


def read(path: Path, sidecar: Sidecar) -> Iterator[RawSample | Finding]:
    """Every table's rows as mails; the plain `train`, `val` and `test` files first.

    Raises:
        DataError: no file with a column of texts.
        ConfigError: `mails.yaml` names a column that is not there.
    """
    tables: list[Found] = []
    told: list[Finding] = []
    paths = table_paths(path, sidecar)
    if len(paths) > MAX_FILES:
        raise DataError(
            f"{len(paths)} files of rows, more than {MAX_FILES}",
            where=str(path),
            fix="join them to fewer (files of JSON lines may simply be put one behind the other), or import parts of the folder",
        )
    for file in paths:
        name = file.relative_to(path).as_posix() if path.is_dir() else file.name
        found, said = _open(file, name, sidecar)
        tables.extend(found)
        told.extend(said)
    tables, passed = with_messages(with_shared_roles(tables), sidecar)
    tables, labelled = with_file_names(tables, sidecar)
    told += [
        *passed,
        *labelled,
        *(not_read(table.name, table.doubt) for table in tables if table.doubt),
    ]
    tables, named = with_names([table for table in tables if not table.doubt], path)
    if not tables:
        reasons = "; ".join(f.text for f in told[:3])
        raise DataError(
            f"no table with a column of texts{': ' + reasons if reasons else ''}",
            where=str(path),
            fix="name the columns in mails.yaml: columns: {text: …, label: …}; lines of texts need a tab between label and text, or "
            "a file or folder for each label",
        )
    told += unlabelled(tables)
    # a file that names classes is no table, and needs no word about that
    files = {one.evidence for one in named}
    yield from (*(one for one in told if one.evidence not in files), *named)
    mixed = any(t.main for t in tables) and not all(t.main for t in tables)
    seen: set[bytes] | None = set() if mixed else None
    for table in sorted(tables, key=lambda t: (not t.main, t.name)):
        yield _said(table)
        yield from urgency_unread(table)
        yield from _rows(table, sidecar, seen)


def _open(file: Path, name: str, sidecar: Sidecar) -> tuple[list[Found], list[Finding]]:
    """The tables of a file, and what is to be said of it and of those that are none."""
    try:
        source = opened(file, name, sidecar)
    except (DataError, OSError) as error:
        return [], [not_read(name, getattr(error, "what", str(error)))]
    judged = [found_in(one, sidecar) for one in source.sources]
    tables = [one for one in judged if isinstance(one, Found)]
    told = [*source.findings, *(one for one in judged if isinstance(one, Finding))]
    return tables if sidecar.sheets else telling_tables(tables), told


def _said(found: Found) -> Finding:
    split = f", all of it {found.split}" if found.split and not found.roles.split else ""
    return Finding(
        "columns",
        "pass",
        f"{found.name} ({found.table.form}): {found.roles.said()}{split}",
        (found.name,),
    )


def _rows(found: Found, sidecar: Sidecar, seen: set[bytes] | None) -> Iterator[RawSample | Finding]:
    known = sidecar.model_copy(update={"labels": {**found.names, **sidecar.labels}})
    reader = RowReader(found.name, found.roles, known, found.split, intent=found.intent)
    head = spread_rows(found.table)
    reader, told = as_written(reader, head)
    reader = replace(reader, writers=writers_in(good_rows(found.table), head, found.roles, sidecar))
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
            left_out=len(repeated),
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
