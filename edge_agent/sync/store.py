"""The outbox's tables: transactions that carry their books, and what follows from damage.

Between `database.py`, which knows one file, and `outbox.py`, which knows rows. Whenever the file was opened
anew or replaced, everything that is kept in memory is read again before anybody goes on.
"""

from __future__ import annotations

import contextlib
import math
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from edge_agent.sync import blob_table, books, gaps, tables
from edge_agent.sync.books import BLOBS, Books, Count
from edge_agent.sync.database import (
    CHECKPOINT,
    RESERVE_BYTES,
    DamageError,
    Database,
    UnavailableError,
    is_full,
)
from kits.core.events import EVENT_CLASSES

T = TypeVar("T")

SCHEMA = tables.SCHEMA + blob_table.SCHEMA + books.SCHEMA + gaps.SCHEMA
_KEEP_FREE_BYTES = 4 << 20  # free pages let alerts in when the disk is full
_SHRINK_BYTES = RESERVE_BYTES
"""At once: the journal has room for so much, and whoever stores a row waits for it."""


@dataclass(frozen=True, slots=True)
class _Cut:
    """What a journal cut short under a running agent took: numbers, and the books as they stood."""

    before: Mapping[str, Count]
    first: int
    last: int


class Store:
    """Tables and books of one outbox.

    Args:
        max_bytes: the file never grows beyond it.
        on_load: called when what is in the file was read anew, with the digests of the blobs in it.

    Attributes:
        generation: counts how often that was.
    """

    def __init__(self, path: Path, max_bytes: int, *, on_load: Callable[[set[str]], None]) -> None:
        self._db = Database(path, SCHEMA, max_bytes, large=tables.LARGE)
        self._on_load = on_load
        self.generation = 0
        self._epoch = ""
        self._waited: dict[str, int] = {}
        self._cut: _Cut | None = None
        self.lock = self._db.lock
        self.books = Books()
        self.open_gaps: set[int] = set()

    @property
    def epoch(self) -> str:
        """Of the present file; empty before it could be opened."""
        return self._db.epoch

    @property
    def is_open(self) -> bool:
        """Whether the file is in reach."""
        return self._db.is_open

    @property
    def damages(self) -> int:
        """Epochs that ended since the start of this process."""
        return self._db.damages

    def close(self) -> None:
        """Everything is on disk already; this only frees the file, for good."""
        self._db.close()

    # -- opening ---------------------------------------------------------------------------------

    def open(self) -> None:
        """Opens the file unless it is open, and reads what is to be kept in memory.

        Raises:
            UnavailableError: it cannot be opened now.
        """
        self._db.open()
        if self.generation == self._db.generation:
            return
        now = Books()
        self.open_gaps, blobs = self._db.write(lambda db: _load(db, now), durable=False)
        before, old = self.books, self._epoch
        self.generation, self._epoch, self.books = self._db.generation, self._db.epoch, now
        if old == self._epoch:
            self._compare(before, now)
        elif old:
            waited = self._cut.before if self._cut is not None else before.all()
            self._waited[old] = sum(c.rows for k, c in waited.items() if k in EVENT_CLASSES)
            self._cut = None
        self._on_load(blobs)

    def _compare(self, before: Books, now: Books) -> None:
        """Finds what a journal that was cut short took, together with what is not declared yet."""
        if before.next_seq <= now.next_seq:
            return
        cut = self._cut or _Cut(before.all(), now.next_seq, 0)
        first = min(cut.first, now.next_seq)
        self._cut = _Cut(cut.before, first, before.next_seq - 1)
        now.skip_to(before.next_seq)

    def untold(self) -> dict[str, str]:
        """Epoch that ended → what a person should know of it, until `told`."""
        return {epoch: self._words(epoch, how) for epoch, how in self._db.marker.untold.items()}

    def _words(self, epoch: str, how: str) -> str:
        waited = self._waited.get(epoch)
        known = "what waited in it is unknown" if waited is None else f"{waited} rows waited in it"
        return f"the outbox was damaged: {how}; epoch {epoch} ended, {known} and will not be sent"

    def told(self, epochs: Iterable[str]) -> None:
        """An alert about these is committed."""
        self._db.marker.told(epochs)

    # -- using -----------------------------------------------------------------------------------

    def transact(self, work: Callable[[sqlite3.Connection], T], *, durable: bool = True) -> T:
        """One transaction with its books. When the disk is full it is tried again on an empty journal.

        Args:
            work: does nothing but change the database and the books: it may be called twice.

        Raises:
            DamageError: the file was opened anew or replaced, and read anew; nothing was stored.
            UnavailableError: it cannot be opened now.
            sqlite3.OperationalError: the disk or the file is full; nothing was stored.
        """
        with self.lock:
            self.open()
            try:
                return self._once(work, durable)
            except sqlite3.OperationalError as error:
                if not is_full(error):
                    raise
                self._db.read(CHECKPOINT)
                return self._once(work, durable)

    def _once(self, work: Callable[[sqlite3.Connection], T], durable: bool) -> T:
        try:
            result, open_gaps = self._db.write(
                lambda db: self._with_books(db, work), durable=durable
            )
        except DamageError:
            self.books.undo()
            self.open()
            raise
        except BaseException:
            self.books.undo()
            raise
        self.books.settle()
        self.open_gaps, self._cut = open_gaps, None
        return result

    def _with_books(
        self, db: sqlite3.Connection, work: Callable[[sqlite3.Connection], T]
    ) -> tuple[T, set[int]]:
        if self._cut is not None:
            self._declare(db, self._cut)
        result = work(db)
        self.books.write(db)
        return result, gaps.waiting(db)

    def _declare(self, db: sqlite3.Connection, cut: _Cut) -> None:
        lost = {k: c.committed - self.books.count(k).committed for k, c in cut.before.items()}
        for klass in EVENT_CLASSES:
            rows = max(0, lost.get(klass, 0))
            blobs = max(0, lost.get(BLOBS, 0)) if klass == "s" else 0
            if not rows and not blobs:
                continue
            self.books.vanished(klass, rows)
            self.books.vanished(BLOBS, blobs)
            loss = gaps.Loss(klass, "journal lost", cut.first, cut.last, rows, blobs)
            gaps.declare(db, self.books, loss)

    def read(self, query: str, values: tuple[object, ...] = ()) -> list[tuple[Any, ...]]:
        """Rows of a query; none while the file cannot be opened, or when it was found damaged."""
        with self.lock:
            try:
                self.open()
                return self._db.read(query, values)
            except UnavailableError:
                return []
            except DamageError:
                with contextlib.suppress(UnavailableError, DamageError):
                    self.open()
                return []

    def unused_bytes(self) -> int:
        """Room inside the file that the next rows fill before it grows."""
        found = [self.read(f"PRAGMA {name}") for name in ("freelist_count", "page_size")]
        return int(math.prod(rows[0][0] if rows else 0 for rows in found))

    def tidy(self) -> int:
        """Gives room that a drained backlog left in the file back to the disk; returns bytes."""
        with self.lock:
            try:
                self.open()
                return self._db.shrink(_KEEP_FREE_BYTES, _SHRINK_BYTES)
            except (UnavailableError, DamageError):
                return 0


def _load(db: sqlite3.Connection, into: Books) -> tuple[set[int], set[str]]:
    """Numbers of the waiting gap rows, digests of the blobs: all of it, or an error."""
    into.load(db)
    return gaps.waiting(db), {str(row[0]) for row in db.execute(blob_table.ALL)}
