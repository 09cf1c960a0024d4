"""The outbox's SQLite file: opening, commits, damage. It knows nothing of rows and classes.

WAL mode, `synchronous=FULL`: what a durable `write` returned survives `kill -9` and power cuts. One
lock serialises everything. After an I/O error the file is opened anew at the next call, for as long as
that takes; only a file that is broken itself is set aside for a person (`aside.py`), and a new one, with
a new epoch, takes over.
"""

from __future__ import annotations

import contextlib
import secrets
import sqlite3
import threading
import time
from collections.abc import Callable, Collection
from pathlib import Path
from typing import TypeVar

from edge_agent.log import Seldom, warn
from edge_agent.sync import aside, soundness
from edge_agent.sync.disk import is_low, usage_of
from edge_agent.sync.marker import Marker
from kits.core.files import make_folder

T = TypeVar("T")

WAL_LIMIT_BYTES = 4 << 20
"""The journal is not kept larger than this."""
RESERVE_BYTES = 1 << 20
"""The journal is at least this large and the file has this much unused room from the start on: both are
overwritten in place, so commits go on when the disk has no byte left. On a tiny disk it is less."""
_RESERVED_SHARE = 64
_RETRY_S = 1.0
_UNREADABLE_TRIES = 10

CHECKPOINT = "PRAGMA wal_checkpoint(RESTART)"
"""Brings the journal into the file, so that it is written from its beginning again."""

_META = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE reserve (room BLOB);
"""
FORMAT = 2
"""Of the tables; a file of another format is set aside."""


class UnavailableError(sqlite3.OperationalError):
    """The file cannot be opened now; it is tried again at the next call."""


class DamageError(sqlite3.OperationalError):
    """The file was closed under the call and opened anew or replaced; nothing of the call happened."""


class Database:
    """One file, one epoch at a time.

    Args:
        path: of the SQLite file.
        schema: statements that make the tables; a table `meta` is added.
        max_bytes: the file never grows beyond it, whatever the disk has.
        large: tables that grow with what waits.
        clock: monotonic seconds.

    Attributes:
        epoch: drawn when the present file was made; empty before the first opening.
        generation: counts openings: what was read from the file before is to be read anew.
        damages: epochs that ended since the start.
    """

    def __init__(
        self,
        path: Path,
        schema: str,
        max_bytes: int,
        *,
        large: Collection[str] = (),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.path = path
        self._large = large
        self.lock = threading.RLock()
        self._schema = schema
        self._max_bytes = max_bytes
        self._clock = clock
        make_folder(path.parent, 0o700)
        self.marker = Marker(path.with_suffix(".epoch"))
        self.epoch = ""
        self.generation = 0
        self.damages = 0
        self._tight = False
        self._db: sqlite3.Connection | None = None
        self._keeper: sqlite3.Connection | None = None
        self._broken = ""
        self._closed = False
        self._unreadable = 0
        self._next_try = float("-inf")
        self._why_not = ""
        self._say_not_open = Seldom("outbox_not_open")

    # -- opening ---------------------------------------------------------------------------------

    def open(self) -> sqlite3.Connection:
        """The open file.

        Raises:
            UnavailableError: it cannot be opened now, or was closed for good.
        """
        with self.lock:
            if self._db is not None:
                return self._db
            if self._closed or self._clock() < self._next_try:
                raise UnavailableError(self._why_not or "the outbox is closed")
            try:
                self._open_or_replace()
            except (sqlite3.DatabaseError, OSError) as error:
                self._next_try = self._clock() + _RETRY_S
                self._why_not = f"the outbox cannot be opened: {error}"
                self._say_not_open(error=error)
                raise UnavailableError(self._why_not) from error
            self._say_not_open.tell_rest()
            return self._db  # type: ignore[return-value]  # opened just now

    @property
    def is_open(self) -> bool:
        """Whether the file is in reach."""
        return self._db is not None

    def _open_or_replace(self) -> None:
        why = self._broken or ("the file was emptied or removed" if self._vanished() else "")
        if not why:
            try:
                self._connect()
            except sqlite3.DatabaseError as error:
                if not is_damage(error) and not self._is_unreadable(error):
                    raise
                why = str(error)
        if why:
            self._set_aside(why)
            self._connect()
        self._unreadable, self._why_not = 0, ""
        self._compare_with_marker()
        self.generation += 1

    def _vanished(self) -> bool:
        present = self.path.exists() and self.path.stat().st_size > 0
        return self.marker.present and not present

    def _is_unreadable(self, error: sqlite3.DatabaseError) -> bool:
        """Whether the disk takes writes, and only this file gives I/O errors, again and again."""
        if "I/O" not in str(error):
            return False
        self._unreadable += 1
        return self._unreadable >= _UNREADABLE_TRIES and aside.takes_writes(self.path.parent)

    def _connect(self) -> None:
        db = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False, timeout=30)
        keeper = None
        try:
            db.execute("PRAGMA auto_vacuum=INCREMENTAL")  # counts for new files only
            db.execute("PRAGMA journal_mode=WAL")
            keeper = _reader(self.path)
            self._prepare(db)
        except BaseException:
            db.close()
            if keeper is not None:
                keeper.close()
            raise
        self._db, self._keeper, self._tight = db, keeper, False

    def _prepare(self, db: sqlite3.Connection) -> None:
        db.execute("PRAGMA synchronous=FULL")
        db.execute("PRAGMA secure_delete=OFF")  # some builds overwrite what is deleted
        db.execute(f"PRAGMA journal_size_limit={WAL_LIMIT_BYTES}")
        self._limit(db, self._max_bytes)
        if not self.generation:
            soundness.check(db, self._large)
        found = _pragma(db, "user_version")
        if not found and not db.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone():
            self._create(db)
        elif found != FORMAT:
            raise sqlite3.DatabaseError(f"it is of format {found}, this program's is {FORMAT}")
        epoch = db.execute("SELECT value FROM meta WHERE key='epoch'").fetchone()
        if epoch is None:
            raise sqlite3.DatabaseError("it names no epoch")
        self.epoch = str(epoch[0])
        with contextlib.suppress(sqlite3.OperationalError):  # then it has less room inside
            self._reserve(db)

    def _create(self, db: sqlite3.Connection) -> None:
        """All tables or none: a first start that is cut off begins anew."""
        db.executescript(f"BEGIN IMMEDIATE; {_META} {self._schema}")
        db.execute("INSERT INTO meta VALUES ('epoch', ?)", (secrets.token_hex(8),))
        db.execute(f"PRAGMA user_version={FORMAT}")
        db.execute("COMMIT")

    def _reserve(self, db: sqlite3.Connection) -> None:
        """Room in file and journal, made by writing it once; on a full disk it is left as it is."""
        usage = usage_of(self.path.parent)
        size = min(RESERVE_BYTES, usage.total // _RESERVED_SHARE)
        journal = self.path.with_name(self.path.name + "-wal")
        unused = _pragma(db, "freelist_count") * _pragma(db, "page_size")
        if unused >= size and journal.exists() and journal.stat().st_size >= size:
            return
        if is_low(usage) or usage.free < 4 * size:
            warn("outbox_reserves_nothing", free=usage.free)
            return
        db.execute("PRAGMA synchronous=NORMAL")
        db.execute("INSERT INTO reserve VALUES (zeroblob(?))", (size,))
        db.execute("DELETE FROM reserve")
        db.execute(CHECKPOINT).fetchall()

    def _mind_the_disk(self, db: sqlite3.Connection) -> None:
        """On a full disk the file grows no more: what is committed must fit it when it leaves the journal.

        Else the journal could not be brought into the file, and would never be written anew.
        """
        try:
            tight = is_low(usage_of(self.path.parent))
        except OSError:
            return
        if tight != self._tight:
            self._tight = tight
            self._limit(db, self.path.stat().st_size if tight else self._max_bytes)

    def _limit(self, db: sqlite3.Connection, size: int) -> None:
        db.execute(f"PRAGMA max_page_count={max(size // _pragma(db, 'page_size'), 64)}")

    # -- damage ----------------------------------------------------------------------------------

    def _set_aside(self, why: str) -> None:
        """A broken file is kept for a person."""
        old = self.epoch or self.marker.epoch
        name = aside.put(self.path, old)
        self._broken = ""
        self._note_end(old, f"{why}; {f'kept as {name}' if name else 'nothing is left of it'}")
        warn("outbox_damaged", set_aside=name, epoch=old, error=why)

    def _note_end(self, epoch: str, how: str) -> None:
        self.damages += self.marker.ended(epoch, how)

    def _compare_with_marker(self) -> None:
        known = self.marker.epoch
        if known and known != self.epoch:
            self._note_end(known, "another file is in its place")
        self.marker.runs(self.epoch)

    def _drop(self) -> None:
        """Lets go of the file; journal and index stay, so that opening needs no room on the disk."""
        for part in (self._db, self._keeper):  # in this order: the last one cannot delete them
            if part is not None:
                with contextlib.suppress(sqlite3.Error):
                    part.close()
        self._db = self._keeper = None

    def _failed(self, db: sqlite3.Connection, error: sqlite3.DatabaseError) -> None:
        """Undoes, mends what can be mended.

        Raises:
            DamageError: the file was opened anew or replaced.
            UnavailableError: it cannot be opened again now.
        """
        with contextlib.suppress(sqlite3.DatabaseError):
            _roll_back(db)
        if "decode" in str(error):
            db.text_factory = _lenient
            return
        if is_damage(error):
            self._broken = str(error)
        elif "I/O" not in str(error):
            return
        warn("outbox_reopened", error=error)
        self._drop()
        self.open()
        raise DamageError(str(error)) from error

    # -- using -----------------------------------------------------------------------------------

    def write(self, work: Callable[[sqlite3.Connection], T], *, durable: bool = True) -> T:
        """Runs `work` in one transaction.

        Args:
            durable: false for what may be undone by a power cut without harm (it then costs no fsync).

        Raises:
            DamageError: the file was opened anew or replaced; nothing of `work` is stored.
            UnavailableError: the file cannot be opened now.
            sqlite3.OperationalError: the disk or the file is full; nothing was stored.
        """
        with self.lock:
            db = self.open()
            try:
                self._mind_the_disk(db)
                db.execute(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")
                db.execute("BEGIN IMMEDIATE")
                result = work(db)
                db.execute("COMMIT")
            except sqlite3.DatabaseError as error:
                self._failed(db, error)
                raise
            except BaseException:
                _roll_back(db)
                raise
            return result

    def read(self, query: str, values: tuple[object, ...] = ()) -> list[tuple[object, ...]]:
        """All rows of a query; text that is no UTF-8 comes with marks in place of what is not.

        Raises:
            DamageError, UnavailableError: as `write` does.
        """
        with self.lock:
            for last in (False, True):
                db = self.open()
                try:
                    return db.execute(query, values).fetchall()
                except sqlite3.DatabaseError as error:
                    self._failed(db, error)
                    if last or "decode" not in str(error):
                        raise
            raise AssertionError("unreachable")

    def shrink(self, keep_bytes: int, step_bytes: int) -> int:
        """Gives unused room of the file back to the disk, a step at a time; returns bytes.

        Raises:
            DamageError, UnavailableError: as `write` does.
            sqlite3.OperationalError: the disk has not even room for that in the journal.
        """
        with self.lock:
            db = self.open()
            try:
                page, free = _pragma(db, "page_size"), _pragma(db, "freelist_count")
                pages = min(free * page - keep_bytes, step_bytes) // page
                if pages <= 0:
                    return 0
                # as a script: `execute` takes one step of it, and so gives one page back
                db.executescript(f"PRAGMA incremental_vacuum({pages})")
                return (free - _pragma(db, "freelist_count")) * page
            except sqlite3.DatabaseError as error:
                self._failed(db, error)
                raise

    def close(self) -> None:
        """Everything is on the disk already; this only frees the file, for good.

        The journal is brought into the file while there may be room for that.
        """
        with self.lock:
            if self._db is not None:
                with contextlib.suppress(sqlite3.DatabaseError):
                    self._db.execute(CHECKPOINT).fetchall()
            self._closed, self._why_not = True, "the outbox is closed"
            self._say_not_open.tell_rest()
            self._drop()


def used_bytes(db: sqlite3.Connection) -> int:
    """Bytes of the file that hold something, the transaction under way included."""
    return (_pragma(db, "page_count") - _pragma(db, "freelist_count")) * _pragma(db, "page_size")


def is_damage(error: sqlite3.DatabaseError) -> bool:
    """Whether the file itself is broken. Full disks and busy files are OperationalErrors instead."""
    return type(error) is sqlite3.DatabaseError


def is_full(error: BaseException) -> bool:
    """Whether the disk, or the file at its limit, has no room."""
    return type(error) is sqlite3.OperationalError and "full" in str(error)


def _pragma(db: sqlite3.Connection, name: str) -> int:
    return int(db.execute(f"PRAGMA {name}").fetchone()[0])


def _roll_back(db: sqlite3.Connection) -> None:
    if db.in_transaction:
        db.execute("ROLLBACK")


def _reader(path: Path) -> sqlite3.Connection:
    """A connection that keeps journal and index: whoever closes last deletes them, if it may write."""
    where = f"{path.absolute().as_uri()}?mode=ro"
    reader = sqlite3.connect(where, uri=True, isolation_level=None, check_same_thread=False)
    try:
        reader.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchall()
    except BaseException:
        reader.close()
        raise
    return reader


def _lenient(text: bytes) -> str:
    return text.decode("utf-8", "replace")
