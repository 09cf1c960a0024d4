"""Numbers that stand in the outbox from the commit of the row they came with.

Who hands in numbered rows learns after a crash which of them are committed, also when the hub has them
already and they are gone. What is numbered is its business.
"""

from __future__ import annotations

import sqlite3

from edge_agent.sync.store import Store

Mark = tuple[str, int]
"""A name, and a number that rises."""

_SET = "INSERT OR REPLACE INTO meta VALUES (?, ?)"
_GET = "SELECT value FROM meta WHERE key=?"


def put(db: sqlite3.Connection, mark: Mark | None) -> None:
    """Writes a mark, in the transaction of its row."""
    if mark is not None:
        db.execute(_SET, (f"mark-{mark[0]}", str(mark[1])))


def read(store: Store, name: str) -> int | None:
    """The newest number of this name; 0: none yet in this file; None: the file is out of reach."""
    with store.lock:
        found = store.read(_GET, (f"mark-{name}",))
        return (int(found[0][0]) if found else 0) if store.is_open else None
