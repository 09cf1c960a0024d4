"""The empty PostgreSQL database that a hub's tables move into, within one transaction.

Until it commits nobody sees a table, and whatever breaks it off leaves the database as empty as it was.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import Any

from sqlalchemy import Connection, Table, inspect, text

from cloud_sync.errors import ConflictError
from cloud_sync.moving.source import quoted
from cloud_sync.store.db import alembic_config
from cloud_sync.store.types import Base
from kits.core.errors import DataError, MachineError

CHUNK_ROWS = 100_000
"""In one statement: PostgreSQL remembers each row of it until its references are checked."""
BLOCK_BYTES = 1 << 20
TOLD_ROWS = 2_000
OLDEST = 12
"""The first PostgreSQL that writes numbers with a point as short as can be."""
_SETTINGS = (
    "TIME ZONE 'UTC'",
    "datestyle = 'ISO'",
    "bytea_output = 'hex'",
    "extra_float_digits = 1",
    "statement_timeout = 0",
    "idle_in_transaction_session_timeout = 0",
)
_SUM = (1 << 64) - 1
_LINE = re.compile(r"^COPY [^,]+, line (\d+)", re.MULTILINE)
MEND = "change or delete it in hub.sqlite (with sqlite3), after a backup; nothing was moved"


@dataclass(slots=True)
class Tally:
    """How many lines, and a sum over them that does not depend on their order; good within this process only."""

    rows: int = 0
    total: int = 0

    def add(self, line: bytes) -> None:
        """One more."""
        self.rows += 1
        self.total = (self.total + hash(line)) & _SUM


@dataclass(slots=True)
class Target:
    """The database, in the transaction of `connection`; `where` names it."""

    connection: Connection
    where: str
    _indexes: list[str] = field(default_factory=list)

    def prepare(self) -> None:
        """Makes the tables, empty and without what is made faster afterwards."""
        for setting in _SETTINGS:
            self.connection.exec_driver_sql(f"SET LOCAL {setting}")
        config = alembic_config()
        config.attributes["connection"] = self.connection
        _upgrade(config)
        # the hub's name was drawn with the tables: it has one already
        names = ", ".join(quoted(table.name) for table in Base.metadata.sorted_tables)
        self.connection.exec_driver_sql(f"TRUNCATE {names}")
        found = self.connection.execute(text(_INDEXES)).all()
        self._indexes = [made for _, made in found]
        for name, _ in found:
            self.connection.exec_driver_sql(f"DROP INDEX {quoted(name)}")

    def refuse_unfit(self) -> None:
        """Looks whether a hub's tables can be made here.

        Raises:
            ConflictError: there are tables already.
            MachineError: it is too old, or its texts are no UTF-8.
        """
        version = int(self.connection.scalar(text("SHOW server_version_num")) or 0) // 10_000
        if version < OLDEST:
            raise MachineError(
                f"this PostgreSQL is version {version}", where=self.where, fix=f"{OLDEST} or newer"
            )
        encoding = self.connection.scalar(text("SHOW server_encoding"))
        if encoding != "UTF8":
            raise MachineError(
                f"the database's encoding is {encoding}", where=self.where,
                fix="make it anew: CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0",
            )  # fmt: skip
        names = sorted(inspect(self.connection).get_table_names())
        if names:
            raise ConflictError(
                f"the database is not empty: it has {len(names)} tables, {', '.join(names[:3])} …",
                where=self.where,
                fix="make an empty one (CREATE DATABASE …) and name it in database_url; if it has this hub already, moved"
                " before, start the hub",
            )

    def take(
        self,
        table: Table,
        lines: Iterable[bytes],
        key_at: Callable[[int], str],
        told: Callable[[int], None],
    ) -> Tally:
        """Copies lines into a table.

        Args:
            key_at: names the row of a line, counted from 1.
            told: called with so many more rows now and then.

        Raises:
            DataError: a row is not taken.
        """
        tally, rest = Tally(), iter(lines)
        names = ", ".join(quoted(column.name) for column in table.columns)
        copy = f"COPY {quoted(table.name)} ({names}) FROM STDIN (FREEZE)"
        while (first := next(rest, None)) is not None:
            begun, chunk = tally.rows, chain([first], islice(rest, CHUNK_ROWS - 1))
            try:
                with self._driver.cursor() as cursor, cursor.copy(copy) as copying:
                    for block in _blocks(chunk, tally, told):
                        copying.write(block)
            except self.errors as error:
                line = _LINE.search(error.diag.context or "")
                if line is None:
                    raise
                raise DataError(
                    f"PostgreSQL does not take a row: {error.diag.message_primary}",
                    where=f"{table.name} ({key_at(begun + int(line[1]))})",
                    fix=MEND,
                ) from error
        return tally

    def tally(self, table: Table, told: Callable[[int], None]) -> Tally:
        """Of the lines that a table has now."""
        tally = Tally()
        names = ", ".join(quoted(column.name) for column in table.columns)
        copy = f"COPY {quoted(table.name)} ({names}) TO STDOUT"
        with self._driver.cursor() as cursor, cursor.copy(copy) as copying:
            for line in copying:
                tally.add(bytes(line))
                if not tally.rows % TOLD_ROWS:
                    told(TOLD_ROWS)
        told(tally.rows % TOLD_ROWS)
        return tally

    def finish(self) -> None:
        """Makes the indexes, lets numbers go on where they were, and has the tables looked at for its plans."""
        for made in self._indexes:
            self.connection.exec_driver_sql(made)
        for table in Base.metadata.sorted_tables:
            number = table.autoincrement_column
            if number is None:
                continue
            name, column = quoted(table.name), number.name
            self.connection.exec_driver_sql(
                f"SELECT setval(pg_get_serial_sequence('{name}', '{column}'), max({quoted(column)}))"  # noqa: S608  (names from the models)
                f" FROM {name} HAVING max({quoted(column)}) IS NOT NULL"
            )
        self.connection.exec_driver_sql("ANALYZE")

    @property
    def errors(self) -> Any:
        """The class of what the driver raises."""
        return self.connection.dialect.loaded_dbapi.Error

    @property
    def _driver(self) -> Any:
        return self.connection.connection.driver_connection


_INDEXES = """
SELECT indexname, indexdef FROM pg_indexes
WHERE schemaname = current_schema() AND indexname NOT IN (SELECT conname FROM pg_constraint)
ORDER BY indexname
"""


def _upgrade(config: Any) -> None:
    from alembic import command

    command.upgrade(config, "head")


def _blocks(lines: Iterable[bytes], tally: Tally, told: Callable[[int], None]) -> Iterator[bytes]:
    """Lines put together, and counted."""
    block: list[bytes] = []
    size = 0
    for line in lines:
        tally.add(line)
        block.append(line)
        size += len(line)
        if size >= BLOCK_BYTES or len(block) >= TOLD_ROWS:
            yield b"".join(block)
            told(len(block))
            block, size = [], 0
    yield b"".join(block)
    told(len(block))
