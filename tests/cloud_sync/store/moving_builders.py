"""A hub on SQLite and an empty PostgreSQL that it is to be moved to, and values of all kinds for its tables."""

from __future__ import annotations

import math
import random
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Float,
    Integer,
    LargeBinary,
    String,
    insert,
    inspect,
    select,
)

from cloud_sync.config import dump
from cloud_sync.hub import Hub
from cloud_sync.store.db import Database
from cloud_sync.store.models import Alert
from cloud_sync.store.types import Base
from tests.cloud_sync.fleet_builders import make_hub
from tests.cloud_sync.postgres import fresh_database
from tests.cloud_sync.store.test_migrations import value_of
from tests.cloud_sync.test_cli import answer

AT = datetime(2026, 5, 4, 12, tzinfo=timezone.utc)
TEXTS = ("", "plain", "tab\tline\nback\\slash\\N\r\b\f\v\x01", "ä€😀", "\\.", "'\"", "x" * 2000)
DOCUMENTS = ({}, [], None, {"a": [1, 2.5, None, True, "ä\\\n\t😀"]}, {"n": 2**70, "e": 1e-7})


def empty_postgresql(cluster: Path) -> str:
    """An empty database; its URL."""
    return fresh_database(cluster, f"move{random.getrandbits(48):x}")


@contextmanager
def unmoved(folder: Path, url: str) -> Iterator[Hub]:
    """On SQLite, with a `hub.yaml` that names the empty database."""
    with make_hub(folder) as hub:
        say_database(hub, url)
        yield hub


def say_database(hub: Hub, url: str) -> None:
    config = hub.config.model_copy(update={"database_url": url})
    (hub.config.data_dir / "hub.yaml").write_text(dump(config))


def moved(hub: Hub, capsys: pytest.CaptureFixture[str], *more: str) -> Any:
    return answer(capsys, "move-database", *more, "--data", hub.config.data_dir)


def file_of(hub: Hub) -> Path:
    return hub.config.data_dir / "hub.sqlite"


def change(hub: Hub, sql: str, *values: object) -> None:
    """Past all types, as SQLite lets one do."""
    with closing(sqlite3.connect(file_of(hub))) as file, file:
        file.execute(sql, values)


def contents(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of all tables, in the order of their keys."""
    found = {}
    with database.engine.connect() as connection:
        for table in Base.metadata.sorted_tables:
            rows = [tuple(row) for row in connection.execute(select(table))]
            keys = [place for place, column in enumerate(table.columns) if column.primary_key]
            found[table.name] = sorted(rows, key=lambda row: [row[place] for place in keys])
    return found


def is_as_before(url: str) -> bool:
    with closing(Database(url)) as database:
        return not inspect(database.engine).get_table_names()


def fill_variously(database: Database, rng: random.Random, rows: int = 40) -> None:
    """Rows in every table with all kinds of values; keys and references are those of `value_of`."""
    with database.engine.begin() as connection:
        for table in Base.metadata.sorted_tables:
            if table.name in ("setting", "alembic_version"):
                continue
            unique = {one.name for key in table.constraints for one in getattr(key, "columns", ())}
            unique |= {one.name for key in table.indexes if key.unique for one in key.columns}
            made = [
                {
                    column.name: value_of(table.name, column, number)
                    if column.name in unique or column.foreign_keys
                    else drawn(column, rng)
                    for column in table.columns
                }
                for number in range(1, rows + 1)
            ]
            connection.execute(insert(table), made)


def drawn(column: Column[Any], rng: random.Random) -> Any:
    if column.nullable and rng.random() < 0.3:
        return None
    kinds: tuple[tuple[type, Callable[[], Any]], ...] = (
        (DateTime, lambda: AT + timedelta(microseconds=rng.choice((0, 1, 10**6, rng.getrandbits(50))))),
        (JSON, lambda: rng.choice(DOCUMENTS)),
        (LargeBinary, lambda: rng.randbytes(rng.choice((0, 1, 300)))),
        (Boolean, lambda: rng.random() < 0.5),
        (String, lambda: rng.choice(TEXTS)),
        (BigInteger, lambda: rng.choice((0, -1, 2**63 - 1, -(2**63), rng.getrandbits(40)))),
        (Integer, lambda: rng.choice((0, -1, 2**31 - 1, -(2**31)))),
        (Float, lambda: number(rng)),
    )  # fmt: skip
    kind = column.type.impl if hasattr(column.type, "impl") else column.type
    return next(draw for one, draw in kinds if isinstance(kind, one))()


def number(rng: random.Random) -> float:
    signed = rng.choice((1, -1)) * rng.random() * 10.0 ** rng.randint(-320, 307)
    around = rng.choice((1e14, 1e15, 1e16, 123456789012345.5, 1234567890123456.0, 1e-4, 9.9e-5))
    return rng.choice((0.0, -0.0, 1.0, 0.1, math.inf, -math.inf, signed, around, -around))


def add_alert(hub: Hub, **values: object) -> None:
    with hub.database.transaction() as session:
        session.add(Alert(name="a", severity="info", text="t"))
    for column, value in values.items():
        change(hub, f"UPDATE alert SET {column} = ?", value)
