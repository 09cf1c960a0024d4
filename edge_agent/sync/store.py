"""The outbox's tables: transactions that carry their books, and what follows from damage.

Between `database.py`, which knows one file, and `outbox.py`, which knows rows. After damage, everything
that is kept in memory is read anew before anybody goes on.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from edge_agent.sync import books, gaps
from edge_agent.sync.books import Books, Count
from edge_agent.sync.database import CHECKPOINT, DamageError, Database
from kits.core.events import EVENT_CLASSES

T = TypeVar("T")

SCHEMA = (
    """
CREATE TABLE IF NOT EXISTS rows (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, klass TEXT NOT NULL, worth REAL NOT NULL,
    bytes INTEGER NOT NULL, held INTEGER NOT NULL DEFAULT 0,
    at TEXT NOT NULL, body TEXT NOT NULL, blob TEXT);
CREATE INDEX IF NOT EXISTS rows_by_class ON rows (klass, seq);
CREATE INDEX IF NOT EXISTS samples_by_worth ON rows (worth, seq) WHERE klass='s';
CREATE INDEX IF NOT EXISTS labels_by_worth ON rows (worth, seq) WHERE klass='l';
CREATE INDEX IF NOT EXISTS rows_by_blob ON rows (blob) WHERE blob IS NOT NULL;
CREATE TABLE IF NOT EXISTS blobs (
    digest TEXT PRIMARY KEY, size INTEGER NOT NULL, seq INTEGER NOT NULL, worth REAL NOT NULL,
    ready INTEGER NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS blobs_by_worth ON blobs (worth, seq) WHERE ready=1;
CREATE INDEX IF NOT EXISTS blobs_in_order ON blobs (seq) WHERE ready=1;
"""
    + books.SCHEMA
    + gaps.SCHEMA
)
_KEEP_FREE_BYTES = 4 << 20  # free pages let alerts in when the disk is full
_SHRINK_BYTES = 8 << 20


class Store:
    """Tables and books of one outbox.

    Args:
        max_bytes: the file never grows beyond it.
        on_load: called when what is in the file was read, at the start and after damage.
        on_damage: called with a text for each file that was set aside.
    """

    def __init__(
        self,
        path: Path,
        max_bytes: int,
        *,
        on_load: Callable[[], None],
        on_damage: Callable[[str], None],
    ) -> None:
        self._db = Database(path, SCHEMA, max_bytes)
        self._on_load = on_load
        self._on_damage = on_damage
        self.lock = self._db.lock
        self.books = Books()
        self.open_gaps: set[int] = set()

    @property
    def epoch(self) -> str:
        """Of the present file."""
        return self._db.epoch

    def close(self) -> None:
        """Everything is on disk already; this only frees the file."""
        self._db.close()

    def load(self, waited: int = 0) -> None:
        """Reads the figures of the file as it is now, and tells of files set aside."""
        self._db.write(self._read_state, durable=False)
        self._on_load()
        for text in self._db.take_damage():
            known = f"{waited} rows waited in it" if waited else "what waited in it is unknown"
            self._on_damage(f"the outbox was damaged: {text}; {known} and will not be sent")

    def _read_state(self, db: sqlite3.Connection) -> None:
        self.books.load(db)
        self.open_gaps = gaps.waiting(db)

    def transact(self, work: Callable[[sqlite3.Connection], T], *, durable: bool = True) -> T:
        """One transaction with its books.

        Raises:
            DamageError: the file was reopened or replaced, and read anew; nothing was stored.
            sqlite3.OperationalError: the disk or the file is full; nothing was stored.
        """
        with self.lock:
            epoch = self.epoch
            try:
                result = self._db.write(lambda db: self._with_books(db, work), durable=durable)
            except DamageError:
                self.books.undo()
                self._recover(epoch)
                raise
            except BaseException:
                self.books.undo()
                raise
            self.books.settle()
            return result

    def _with_books(self, db: sqlite3.Connection, work: Callable[[sqlite3.Connection], T]) -> T:
        result = work(db)
        self.books.write(db)
        return result

    def read(self, query: str, values: tuple[object, ...] = ()) -> list[tuple[Any, ...]]:
        """Rows of a query; none when the file was found damaged (it is replaced then)."""
        with self.lock:
            epoch = self.epoch
            try:
                return self._db.read(query, values)
            except DamageError:
                self._recover(epoch)
                return []

    def checkpoint(self) -> None:
        """Lets the journal be written from its beginning again. Raises OperationalError."""
        self.read(CHECKPOINT)

    def tidy(self) -> int:
        """Gives room that a drained backlog left in the file back to the disk; returns bytes."""
        with self.lock:
            epoch = self.epoch
            try:
                return self._db.shrink(_KEEP_FREE_BYTES, _SHRINK_BYTES)
            except DamageError:
                self._recover(epoch)
                return 0

    def _recover(self, old_epoch: str) -> None:
        """The file was reopened or replaced: reads it; what a shortened journal took is declared."""
        before, next_before = dict(self.books.all()), self.books.next_seq
        self.load(sum(before[k].rows for k in EVENT_CLASSES if k in before))
        if old_epoch == self.epoch:
            self.transact(lambda db: self._declare_vanished(db, before, next_before))

    def _declare_vanished(
        self, db: sqlite3.Connection, before: Mapping[str, Count], next_before: int
    ) -> None:
        first = self.books.next_seq
        self.books.skip_to(next_before)
        for klass in EVENT_CLASSES:
            lost = before.get(klass, Count()).committed - self.books.count(klass).committed
            if lost > 0:
                self.books.vanished(klass, lost)
                loss = gaps.Loss(klass, "journal lost", first, next_before - 1, lost)
                gaps.declare(db, self.books, loss)
        self.open_gaps = gaps.waiting(db)
