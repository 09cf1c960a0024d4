"""Many rows at once, past the ORM: one prepared statement, values as the database takes them.

What a device sends is inserted here; everything else uses `db.insert_once`. A row costs a few
microseconds this way, an order of magnitude less than through the ORM's bulk insert.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timezone
from functools import lru_cache
from typing import Any, TypeAlias, cast

from sqlalchemy import Table
from sqlalchemy.orm import Session

from cloud_sync.store.types import Base

Value: TypeAlias = str | int | float | bytes | datetime | None
Values: TypeAlias = tuple[Value, ...]

_NAIVE_LENGTH = len("2026-01-02 03:04:05.678901")


def insert_fresh(
    session: Session, table: type[Base], names: tuple[str, ...], rows: Sequence[Values]
) -> list[bool]:
    """Inserts rows and says of each whether it was new; a key that is there already stays.

    Args:
        names: attribute names, in the order of the values.
        rows: JSON as text, times as `sql_time` makes them.
    """
    if not rows:
        return []
    connection = session.connection()
    statement = _statement(table, names, connection.dialect.name)
    # not a `with`: after a full disk SQLite has ended the transaction itself, and leaving the
    # savepoint would hide why; the caller's rollback ends it too
    all_or_none = connection.begin_nested()
    # nearly always everything is new: then the number of inserted rows says so
    if connection.exec_driver_sql(statement, list(rows)).rowcount == len(rows):
        all_or_none.commit()
        return [True] * len(rows)
    all_or_none.rollback()
    cursor = connection.connection.cursor()
    try:
        return [cast(int, cursor.execute(statement, row).rowcount) == 1 for row in rows]
    finally:
        cursor.close()


def sql_time(session: Session) -> Callable[[datetime], Value]:
    """How this database takes a time; one without a zone is read as UTC."""
    if session.get_bind().dialect.name == "sqlite":
        return _text_time
    return aware


def aware(time: datetime) -> datetime:
    """Times on the wire are UTC; a sender that left the zone out means that."""
    return time if time.tzinfo else time.replace(tzinfo=timezone.utc)


def _text_time(time: datetime) -> str:
    """As SQLAlchemy stores times in SQLite."""
    text = time.isoformat(" ", "microseconds")
    if len(text) == _NAIVE_LENGTH or text.endswith("+00:00"):
        return text[:_NAIVE_LENGTH]
    return time.astimezone(timezone.utc).isoformat(" ", "microseconds")[:_NAIVE_LENGTH]


@lru_cache(maxsize=64)
def _statement(table: type[Base], names: tuple[str, ...], dialect: str) -> str:
    """Only names from the models enter the text."""
    mapped: Any = table.__mapper__
    columns = [mapped.columns[name].name for name in names]
    mark = "?" if dialect == "sqlite" else "%s"
    made: Table = mapped.local_table
    quoted = ", ".join(f'"{column}"' for column in columns)
    marks = ", ".join([mark] * len(columns))
    return f'INSERT INTO "{made.name}" ({quoted}) VALUES ({marks}) ON CONFLICT DO NOTHING'  # noqa: S608
