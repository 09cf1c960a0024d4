"""Statements are compiled once for all databases of a server: a hub has one for life, a test one of its own, and compiling
was a quarter of what tests of the hub computed.

SQLAlchemy keeps what it compiled with the engine and finds it by the dialect, which knows what its server can.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from cloud_sync.store import db


@pytest.fixture(scope="session", autouse=True)
def shared_statements(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Imported by the `conftest.py` of a folder; counts for its tests."""
    make, first = db._make_engine, dict[object, Any]()
    file = str(tmp_path_factory.mktemp("first") / "first.sqlite")

    def sharing(url: str) -> Engine:
        engine: Any = make(url)
        at = engine.url
        server = (engine.dialect.name, at.host, at.port, at.query.get("host"))
        if server not in first:
            known = file if engine.dialect.name == "sqlite" else "postgres"
            other = make(at.set(database=known).render_as_string(hide_password=False))
            with suppress(DBAPIError):  # nobody is there
                first[server] = _met(other)
        if server in first:
            engine.dialect = first[server].dialect
            engine._compiled_cache = first[server]._compiled_cache
        return engine

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(db, "_make_engine", sharing)
        yield


def _met(engine: Any) -> Engine:
    """An engine whose dialect has asked the server what it can, and which forgets no statement of the hub's."""
    with engine.connect():
        pass
    engine.dispose()
    engine._compiled_cache.capacity = 5000
    return engine
