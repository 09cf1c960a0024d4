"""The outbox's SQLite file: opening, commits, damage. It knows nothing of rows and classes.

WAL mode, `synchronous=FULL`: what a durable `write` returned survives `kill -9` and power cuts. One
lock serialises everything. A damaged file is set aside for a person and a new one, with a new epoch,
takes over, whenever the damage is found: at opening, at reading, at an acknowledgement. A file beside
it (`outbox.epoch`) tells a file that vanished or was emptied from one that never was.
"""

from __future__ import annotations

import contextlib
import secrets
import shutil
import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from edge_agent.log import warn
from kits.core.blobs import write_atomically

T = TypeVar("T")

WAL_LIMIT_BYTES = 4 << 20
"""The journal is not kept larger than this."""
RESERVE_BYTES = 1 << 20
"""The journal is at least this large and the file has this much unused room from the start on: both are
overwritten in place, so commits go on when the disk has no byte left. On a tiny disk it is less."""
_RESERVED_SHARE = 64

CHECKPOINT = "PRAGMA wal_checkpoint(RESTART)"
"""Brings the journal into the file, so that it is written from its beginning again."""

_SIDE_FILES = ("", "-wal", "-shm")


class DamageError(sqlite3.OperationalError):
    """The file was damaged and has been reopened or replaced; nothing of the call happened."""


class Database:
    """One file, one epoch at a time.

    Args:
        path: of the SQLite file.
        schema: statements that make the tables, all `IF NOT EXISTS`; a table `meta` is added.
        max_bytes: the file never grows beyond it, whatever the disk has.

    Attributes:
        epoch: drawn when the present file was made.
        damage: what happened to earlier files since the last `take_damage`.
    """

    def __init__(self, path: Path, schema: str, max_bytes: int) -> None:
        self.path = path
        self.lock = threading.RLock()
        self._schema = schema
        self._max_bytes = max_bytes
        self._marker = path.with_suffix(".epoch")
        self.epoch = ""
        self._damage: list[str] = []
        path.parent.mkdir(parents=True, exist_ok=True)
        if self._vanished():
            self._replace("the file was emptied or removed")
            return
        try:
            self._open()
        except sqlite3.DatabaseError as error:
            if not is_damage(error):
                raise
            self._replace(str(error))

    def _vanished(self) -> bool:
        present = self.path.exists() and self.path.stat().st_size > 0
        return self._marker.exists() and not present

    def _open(self) -> None:
        db = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False, timeout=30)
        try:
            db.execute("PRAGMA auto_vacuum=INCREMENTAL")  # counts for new files only
            db.execute("PRAGMA journal_mode=WAL")
            db.execute("PRAGMA synchronous=FULL")
            db.execute("PRAGMA secure_delete=OFF")  # some builds overwrite what is deleted
            db.execute(f"PRAGMA journal_size_limit={WAL_LIMIT_BYTES}")
            page = int(db.execute("PRAGMA page_size").fetchone()[0])
            db.execute(f"PRAGMA max_page_count={max(self._max_bytes // page, 64)}")
            if db.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
                raise sqlite3.DatabaseError("quick_check found damage")
            db.execute(
                "CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL)"
            )
            db.executescript(self._schema)
            db.execute("INSERT OR IGNORE INTO meta VALUES ('epoch', ?)", (secrets.token_hex(8),))
            self.epoch = str(db.execute("SELECT value FROM meta WHERE key='epoch'").fetchone()[0])
            _reserve(db, min(RESERVE_BYTES, _total(self.path) // _RESERVED_SHARE))
        except BaseException:
            db.close()
            raise
        self._db = db
        if not self._marker.exists():
            self._mark()

    def _mark(self) -> None:
        try:
            write_atomically(self._marker, self.epoch.encode())
        except OSError as error:
            warn(
                "epoch_marker_not_written", error=error
            )  # a full disk: tried again at the next start

    def _replace(self, why: str) -> None:
        """A damaged file is kept for a person; a new one, with a new epoch, takes over."""
        old_epoch = self._marker.read_text() if self._marker.exists() else self.epoch
        name = f"{self.path.name}.damaged-{time.time_ns()}"
        for suffix in _SIDE_FILES:
            old = self.path.with_name(self.path.name + suffix)
            with contextlib.suppress(FileNotFoundError):
                old.rename(self.path.with_name(name + suffix))
        self._marker.unlink(missing_ok=True)
        warn("outbox_damaged", set_aside=name, epoch=old_epoch, error=why)
        self._open()
        self._damage.append(f"{why}; epoch {old_epoch or 'unknown'} ended, kept as {name}")

    def take_damage(self) -> list[str]:
        """What happened since the last call: one text for each file that was set aside."""
        with self.lock:
            taken, self._damage = self._damage, []
        return taken

    def write(self, work: Callable[[sqlite3.Connection], T], *, durable: bool = True) -> T:
        """Runs `work` in one transaction.

        Args:
            durable: false for what may be undone by a power cut without harm (it then costs no fsync).

        Raises:
            DamageError: the file was replaced, its rows are gone; nothing of `work` is stored.
            sqlite3.OperationalError: the disk or the file is full; nothing was stored.
        """
        with self.lock:
            try:
                self._db.execute(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")
                self._db.execute("BEGIN IMMEDIATE")
                result = work(self._db)
                self._db.execute("COMMIT")
            except sqlite3.DatabaseError as error:
                self._failed(error)
                raise
            except BaseException:
                self._rollback()
                raise
            return result

    def read(self, query: str, values: tuple[object, ...] = ()) -> list[tuple[object, ...]]:
        """All rows of a query. Raises DamageError as `write` does."""
        with self.lock:
            try:
                return self._db.execute(query, values).fetchall()
            except sqlite3.DatabaseError as error:
                self._failed(error)
                raise

    def shrink(self, keep_bytes: int, step_bytes: int) -> int:
        """Gives unused room of the file back to the disk, a step at a time; returns bytes."""
        page, free = (
            int(str(self.read(f"PRAGMA {p}")[0][0])) for p in ("page_size", "freelist_count")
        )
        pages = min(free * page - keep_bytes, step_bytes) // page
        if pages <= 0:
            return 0
        self.read(f"PRAGMA incremental_vacuum({pages})")
        return pages * page

    def _failed(self, error: sqlite3.DatabaseError) -> None:
        """Undoes, mends what can be mended. Raises DamageError when the file had to be replaced."""
        with contextlib.suppress(sqlite3.DatabaseError):
            self._rollback()
        if is_damage(error):
            self._db.close()
            self._replace(str(error))
            raise DamageError(str(error)) from error
        if "I/O" in str(error):
            self._reopen(error)

    def _reopen(self, error: sqlite3.DatabaseError) -> None:
        """A journal cut short or a disk that stumbled: SQLite recovers what is whole when it opens."""
        warn("outbox_reopened", error=error)
        self._db.close()
        try:
            if self._vanished():
                raise sqlite3.DatabaseError("the file was emptied or removed")
            self._open()
        except sqlite3.DatabaseError as second:
            self._replace(f"{error}; {second}")
        raise DamageError(str(error)) from error

    def _rollback(self) -> None:
        if self._db.in_transaction:
            self._db.execute("ROLLBACK")

    def close(self) -> None:
        """Everything is on the disk already; this only frees the file."""
        with self.lock:
            self._db.close()


def _total(path: Path) -> int:
    return shutil.disk_usage(path.parent).total


def _reserve(db: sqlite3.Connection, size: int) -> None:
    """Writes `size` bytes and deletes it again; on a full disk it is left as it is."""
    try:
        db.execute("PRAGMA synchronous=NORMAL")
        db.execute("CREATE TABLE IF NOT EXISTS reserve (room BLOB)")
        db.execute("INSERT INTO reserve VALUES (zeroblob(?))", (size,))
        db.execute("DELETE FROM reserve")
        db.execute(CHECKPOINT).fetchall()
    except sqlite3.OperationalError as error:
        warn("outbox_reserves_nothing", error=error)


def is_damage(error: sqlite3.DatabaseError) -> bool:
    """Whether the file itself is broken. Full disks and busy files are OperationalErrors instead."""
    return type(error) is sqlite3.DatabaseError
