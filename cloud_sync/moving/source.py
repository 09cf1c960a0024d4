"""The SQLite file that is moved: its rows as they stand there, in one moment, and as lines for PostgreSQL."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql

from cloud_sync.moving.findings import Finding, Findings
from cloud_sync.moving.values import Conversion, Raw, Unfit, conversion, read_text
from cloud_sync.store.types import Base

_OWN = ("alembic_version", "sqlite_")
_ODD = (ValueError, TypeError, AttributeError)


@dataclass(frozen=True, slots=True)
class Source:
    """An open file; all that is read of it is of one moment.

    Attributes:
        findings: what its values met.
    """

    file: sqlite3.Connection
    findings: Findings

    def rows(self, table: Table) -> int:
        """How many a table has."""
        [(rows,)] = self.file.execute(f"SELECT count(*) FROM {quoted(table.name)}")  # noqa: S608  (names from the models)
        return int(rows)

    def lines(self, table: Table) -> Iterator[bytes]:
        """Each row as a line of COPY; a row with a value that is unfit is noted and left out."""
        conversions = conversions_of(table)
        names = ", ".join(quoted(one.name) for one in conversions)
        query = f"SELECT {names} FROM {quoted(table.name)}"  # noqa: S608  (names from the models)
        quick = [one.quick for one in conversions]
        with closing(self.file.execute(query)) as rows:
            for row in rows:
                try:
                    line = "\t".join([write(value) for write, value in zip(quick, row)])
                except _ODD:
                    careful = self._carefully(table, conversions, row)
                    if careful is None:
                        continue
                    line = careful
                yield f"{line}\n".encode()

    def _carefully(
        self, table: Table, conversions: Sequence[Conversion], row: Sequence[Raw]
    ) -> str | None:
        texts = []
        for one, value in zip(conversions, row):
            try:
                text, why = one.careful(value)
            except Unfit as unfit:
                found = Finding(table.name, key_of(table, row), one.name, str(unfit))
                self.findings.note(found, unfit=True)
                continue
            texts.append(text)
            if why:
                found = Finding(table.name, key_of(table, row), one.name, why)
                self.findings.note(found, unfit=False)
        return "\t".join(texts) if len(texts) == len(row) else None

    def key_at(self, table: Table, place: int) -> str:
        """The key of the row that is the so-manieth in `lines`, counted from 1."""
        query = f"SELECT * FROM {quoted(table.name)} LIMIT 1 OFFSET ?"  # noqa: S608  (names from the models)
        names = ", ".join(quoted(one.name) for one in table.columns)
        for row in self.file.execute(query.replace("*", names, 1), (place - 1,)):
            return key_of(table, row)
        return ""

    def look_beside(self) -> None:
        """Notes references that lead nowhere, and what is in the file and none of the hub's."""
        for name, number, parent, _ in self.file.execute("PRAGMA foreign_key_check"):
            table = Base.metadata.tables.get(name)
            key = f"rowid={number}" if table is None else self._key_of_number(table, number)
            why = f"refers to nothing in {parent}"
            self.findings.note(Finding(name, key, "", why), unfit=True)
        found = self.file.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        for (name,) in found:
            if name in Base.metadata.tables:
                self._note_columns(name)
            elif not name.startswith(_OWN):
                [(rows,)] = self.file.execute(f"SELECT count(*) FROM {quoted(name)}")  # noqa: S608  (quoted)
                self.findings.left.append(f"table {name} ({rows} rows)")

    def _note_columns(self, name: str) -> None:
        known = {column.name for column in Base.metadata.tables[name].columns}
        for (column,) in self.file.execute("SELECT name FROM pragma_table_info(?)", (name,)):
            if column not in known:
                self.findings.left.append(f"column {name}.{column}")

    def _key_of_number(self, table: Table, number: int) -> str:
        names = ", ".join(quoted(one.name) for one in table.columns)
        query = f"SELECT {names} FROM {quoted(table.name)} WHERE rowid = ?"  # noqa: S608  (names from the models)
        return next((key_of(table, row) for row in self.file.execute(query, (number,))), "")


@contextmanager
def reading(path: Path) -> Iterator[Source]:
    """Opened for reading; others may write meanwhile, which is not seen."""
    uri = f"{path.absolute().as_uri()}?mode=rw"  # for reading only it would leave a journal behind
    with closing(sqlite3.connect(uri, uri=True, isolation_level=None)) as file:
        file.execute("PRAGMA query_only=ON")
        file.text_factory = read_text
        file.execute("BEGIN")
        yield Source(file, Findings())


def conversions_of(table: Table) -> list[Conversion]:
    """One for each column, in the order of `table`."""
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy
    return [conversion(column, dialect) for column in table.columns]


def key_of(table: Table, row: Sequence[Raw]) -> str:
    """`name=value` of what makes the row unique; `row` has all columns."""
    cells = {column.name: value for column, value in zip(table.columns, row)}
    return ", ".join(f"{one.name}={cells[one.name]!s:.80}" for one in table.primary_key)


def quoted(name: str) -> str:
    """As both databases take a name, whatever it is."""
    return '"' + name.replace('"', '""') + '"'
