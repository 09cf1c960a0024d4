"""Whether an outbox's file is sound, as far as a start can wait for that.

Reading all of a backlog of days takes half a minute from a slow disk, and nothing is decided meanwhile. So of a large file
those tables that grow with the backlog are not read at the start: damage in them is found when their rows are read, and
most of them have arrived by then.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection

WHOLE_BYTES = 64 << 20
"""A file of up to so many bytes is read as a whole: a second or two from a slow disk."""
_TABLES = "SELECT name FROM sqlite_master WHERE type='table' ORDER BY rootpage"


def check(db: sqlite3.Connection, large: Collection[str]) -> None:
    """Looks for damage.

    Args:
        large: tables that may be large.

    Raises:
        sqlite3.DatabaseError: it is damaged.
    """
    pages, page = (db.execute(f"PRAGMA {of}").fetchone()[0] for of in ("page_count", "page_size"))
    parts = ["1"]
    if pages * page > WHOLE_BYTES:
        parts = [f"'{name}'" for (name,) in db.execute(_TABLES).fetchall() if name not in large]
    for part in parts:
        if db.execute(f"PRAGMA quick_check({part})").fetchone() != ("ok",):
            raise sqlite3.DatabaseError("quick_check found damage")
