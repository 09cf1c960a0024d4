"""A full disk under the hub's database, which SQLite calls an I/O error where the journal's index finds no room.

It is told as what it is: nothing is damaged then, and who restored a backup for it would lose what came since.
"""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from kits.core.errors import MachineError

DISK_FULL = "53100"
"""PostgreSQL's word for it."""
_NEEDED_BYTES = 1 << 20
"""What a SQLite file takes to be opened and written to a little: its journal, and the index of that."""
_PERHAPS = frozenset({sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN})


def no_room(engine: Engine, error: DBAPIError) -> MachineError | None:
    """What a person is told when the database fails for want of room; None: it fails for another reason."""
    if isinstance(error.orig, sqlite3.Error):
        return no_room_in(Path(engine.url.database or ""), error.orig)
    if getattr(error.orig, "sqlstate", "") != DISK_FULL:
        return None
    return _told(engine.url.render_as_string())


def no_room_in(file: Path, error: sqlite3.Error) -> MachineError | None:
    """The same for SQLite's file."""
    # the lowest byte is the kind; further ones tell more of it
    kind = (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF
    full = kind == sqlite3.SQLITE_FULL or (kind in _PERHAPS and _is_full(file.parent))
    return _told(str(file)) if full else None


def _told(where: str) -> MachineError:
    return MachineError(
        "no room on the disk of the hub's database, which waits for it; nothing in it is damaged",
        where=where,
        fix="make room there: a hub that runs goes on by itself",
    )


def _is_full(folder: Path) -> bool:
    """No room for a small file, or for the name of one."""
    try:
        disk = os.statvfs(folder)
    except OSError:
        return False
    return disk.f_bavail * disk.f_frsize < _NEEDED_BYTES or bool(disk.f_files and not disk.f_favail)
