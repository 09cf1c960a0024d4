"""Which statements a block makes, and how SQLite goes about them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event

from cloud_sync.hub import Hub


@contextmanager
def asked(hub: Hub, *tables: str) -> Iterator[list[tuple[str, Any]]]:
    """The statements of the block that name one of the tables, with their values."""
    found: list[tuple[str, Any]] = []

    def note(_c: object, _cursor: object, said: str, values: Any, *_: object) -> None:
        if any(table in said for table in tables or ("crm_lead", "crm_event")):
            found.append((said, values))

    event.listen(hub.database.engine, "before_cursor_execute", note)
    yield found
    event.remove(hub.database.engine, "before_cursor_execute", note)


def plan(hub: Hub, said: list[tuple[str, Any]]) -> str:
    """How SQLite goes about them, a step a line."""
    with hub.database.engine.connect() as connection:
        return "\n".join(
            row[3]
            for statement, values in said
            for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
        )
