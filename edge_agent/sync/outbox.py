"""The outbox: rows that wait for the hub's acknowledgement. The only truth on the device.

What `append` returned survives `kill -9` and power cuts. The file is `database.py`, the rows in it are
`tables.py`, the figures `books.py`, what may be evicted and how that is declared `eviction.py` and
`gaps.py`; sending is `sender.py`. One lock serialises everything; the writer's thread is the only one
that appends. While the file cannot be opened nothing is in it to be seen, and appending says why.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path

from edge_agent.log import warn
from edge_agent.sync import blob_table, gaps, marks, tables
from edge_agent.sync.books import BLOBS, Count
from edge_agent.sync.database import DamageError, UnavailableError
from edge_agent.sync.doubt import Doubt
from edge_agent.sync.entry import (
    Batch,
    Entry,
    Prepared,
    Row,
    alert,
    finite,
    prepared,
    row_text,
    utf8_length,
    without_content,
)
from edge_agent.sync.eviction import Budgets, Eviction, Freed, Kept
from edge_agent.sync.spool import Spool
from edge_agent.sync.store import Store
from edge_agent.sync.tables import NewRow, per_class
from kits.core.events import EVENT_CLASSES, EventClass

FILE_SHARE = 1.3
"""The file may take so much more than the rows in it: page headers, indices, holes."""
_FILE_BASE = 1 << 20
ALERT_ROOM = 64 << 20
"""The file may grow so much beyond that for alerts, which never give way to room."""
_NO_ROOM = "no room on the disk"

_PROBE = "INSERT OR REPLACE INTO meta VALUES ('probe', '')"
_NEXT = per_class("SELECT seq, at, body FROM ROWS WHERE seq>? ORDER BY seq LIMIT ?")
_RANGE = per_class("SELECT seq, at, body FROM ROWS WHERE seq BETWEEN ? AND ? ORDER BY seq")


class Outbox:
    """Rows and blobs until the hub has them.

    Args:
        folder: holds `outbox.sqlite` and `spool/`.
        budgets: bytes per class that may wait.

    Attributes:
        spool: where the bytes of blobs lie.
        evicted_rows: rows given up since the start of this process.
        unstorable: entries of which no row could be made, each replaced by an alert.
    """

    def __init__(self, folder: Path, budgets: Budgets) -> None:
        self._budgets = budgets
        self._file_bytes = int(budgets.total * FILE_SHARE) + _FILE_BASE
        self._sent: set[int] = set()
        self._uploading: frozenset[str] = frozenset()
        self._doubt = Doubt()
        self.evicted_rows = 0
        self.unstorable = 0
        self.spool = Spool(folder / "spool")
        self._store = Store(
            folder / "outbox.sqlite", self._file_bytes + ALERT_ROOM, on_load=self._loaded
        )
        self._lock = self._store.lock
        with contextlib.suppress(OSError):
            self.spool.clear_torn()
        with contextlib.suppress(sqlite3.OperationalError):
            self._store.open()  # else at the first row: the line goes on meanwhile

    def _loaded(self, blobs: set[str]) -> None:
        """The file was opened: another one perhaps, or an older state of it."""
        self._sent.clear()
        with contextlib.suppress(OSError):
            self.spool.sweep(blobs)
        try:
            self.append([])  # tells what happened to the file before
        except (sqlite3.OperationalError, OSError) as error:
            warn("damage_not_told_yet", error=error)

    @property
    def epoch(self) -> str:
        """Drawn when the present file was made; a new one after damage; empty while none was open."""
        return self._store.epoch

    @property
    def openings(self) -> int:
        """How often the file was opened; what was claimed before the last time is to be claimed anew."""
        return self._store.generation

    @property
    def damages(self) -> int:
        """Epochs that ended by damage since the start of this process."""
        return self._store.damages

    def close(self) -> None:
        """Everything is on disk already; this only frees the file, for good."""
        self._store.close()

    # -- writing ---------------------------------------------------------------------------------

    def append(self, entries: Sequence[Entry]) -> list[int]:
        """Stores entries in one transaction and returns their sequence numbers.

        Blobs reach the disk before the rows that name them. Evicts when the budget is exceeded. An
        entry of which no row can be made becomes an alert that says so.

        Raises:
            sqlite3.OperationalError: the disk or the file is full or out of reach; nothing was stored,
                or what was is known when the same entries are handed in again.
            OSError: the disk has no room for a blob; nothing was stored.
        """
        given = [self._prepared(entry) for entry in entries]
        with self._lock:
            with contextlib.suppress(DamageError):
                return self._append(given)
            return self._append(given)

    def _append(self, given: Sequence[Prepared]) -> list[int]:
        untold = self._store.untold()
        news = [self._prepared(alert("outbox-damaged", text)) for text in untold.values()]
        if not news and not given and not self._doubt.open:
            return []
        try:
            seqs, freed = self._store.transact(lambda db: self._insert(db, [*news, *given]))
        except (DamageError, UnavailableError):
            raise  # it may stand
        except BaseException:
            self._doubt.rolled_back(self.epoch, self._store.books.next_seq)
            raise
        self._doubt.stood(item.key for item in given)
        self._discard(freed)
        if untold:
            self._store.told(untold)
        return seqs[len(news) :]

    def _prepared(self, entry: Entry) -> Prepared:
        digest = self.spool.put(entry.content) if entry.content else ""
        try:
            return prepared(entry, digest)
        except ValueError as error:
            self.unstorable += 1
            text = f"a row of class {entry.klass} ({entry.body.kind}) could not be stored: {error}"
            warn("row_not_stored", klass=entry.klass, kind=entry.body.kind, error=error)
            instead = alert("row-not-stored", text[:1000])
            return prepared(instead)

    def _insert(self, db: sqlite3.Connection, given: Sequence[Prepared]) -> tuple[list[int], Freed]:
        books = self._store.books
        self._doubt.begin(db, self.epoch, books.next_seq)
        rows: dict[EventClass, list[NewRow]] = {klass: [] for klass in EVENT_CLASSES}
        seqs, loss = [], gaps.Loss("s", _NO_ROOM)
        for item in given:
            stands = self._doubt.seq_of(item.key)
            if stands is not None:
                seqs.append(stands)
                continue
            entry, size = item.entry, utf8_length(item.text) + len(item.entry.at)
            row = NewRow(
                books.take_seq(), finite(entry.worth), size, 0, entry.at, item.text,
                item.digest or None,
            )  # fmt: skip
            rows[entry.klass].append(row)
            seqs.append(row.seq)
            books.came(entry.klass, size)
            marks.put(db, entry.mark)
            if item.digest:
                self._note_blob(db, row, entry.content or b"")
            if entry.lost_bytes:
                books.came(BLOBS, entry.lost_bytes)
                books.gave_up(BLOBS, entry.lost_bytes)
                loss.add(row.seq, blobs=1, size=entry.lost_bytes)
        for klass, of_class in rows.items():
            tables.insert(db, klass, of_class)
        if loss.blobs:
            gaps.declare(db, books, loss, self._sent)
        return seqs, self._eviction(db).run()

    def _note_blob(self, db: sqlite3.Connection, row: NewRow, content: bytes) -> None:
        if not self.spool.has(str(row.blob)):
            self.spool.put(content)  # freed meanwhile, because an older row named the same bytes
        blob_table.note(db, self._store.books, row, len(content))

    def _eviction(self, db: sqlite3.Connection) -> Eviction:
        kept = Kept(self._sent, self._uploading)
        return Eviction(db, self._store.books, self._budgets, kept, self._file_bytes)

    def probe(self) -> bool:
        """Whether something can be stored now; it says nothing."""
        with self._lock, contextlib.suppress(sqlite3.OperationalError):
            self._store.transact(lambda db: db.execute(_PROBE), durable=False)
            return True
        return False

    def unused_bytes(self) -> int:
        """Room inside the file that the next rows fill before it grows."""
        return self._store.unused_bytes()

    def make_room(self, spare: int) -> int:
        """Evicts about `spare` bytes because the disk is full below the budget; returns how many.

        Raises:
            sqlite3.OperationalError: the disk has not even room for that.
        """
        with self._lock:
            freed = self._store.transact(lambda db: self._eviction(db).run(spare=spare))
            self._discard(freed)
        return freed.bytes

    def _discard(self, freed: Freed) -> None:
        """Under the lock: the same bytes may be on their way in again."""
        for digest in freed.digests:
            self.spool.delete(digest)
        self.evicted_rows += freed.rows

    def without_what_has_no_room(self, entries: Sequence[Entry]) -> list[Entry]:
        """The same entries, those without their bytes for which the disk has no room.

        The loss of each picture is declared when its row is stored.
        """
        return [
            entry if self._has_room(entry) else without_content(entry, _NO_ROOM)
            for entry in entries
        ]

    def _has_room(self, entry: Entry) -> bool:
        try:
            return not entry.content or bool(self.spool.put(entry.content))
        except OSError as error:
            warn("picture_given_up", bytes=len(entry.content or b""), error=error)
            return False

    def tidy(self) -> int:
        """Gives room that a drained backlog left in the file back to the disk; returns bytes."""
        return self._store.tidy()

    # -- what the hub says -----------------------------------------------------------------------

    def acknowledge(self, epoch: str, ranges: Iterable[tuple[int, int]]) -> int:
        """Deletes rows the hub has committed; their blobs become ready to travel.

        A power cut may undo it: then the rows are sent again and the hub knows them.

        Args:
            epoch: to which the numbers belong; of another one nothing is deleted.

        Returns:
            How many rows that were.
        """
        spans = tables.merged(ranges)
        with self._lock:
            try:
                deleted = self._store.transact(
                    lambda db: self._delete(db, spans) if self.epoch == epoch else 0, durable=False
                )
            except DamageError:
                return 0
            if self.epoch == epoch:
                self._arrived(spans)
        return deleted

    def _delete(self, db: sqlite3.Connection, spans: Sequence[tuple[int, int]]) -> int:
        deleted = 0
        for first, last in spans:
            blob_table.set_ready(db, first, last)
            for klass, rows, size in tables.delete(db, first, last):
                self._store.books.arrived(klass, size, rows)
                deleted += rows
        return deleted

    def _arrived(self, spans: Sequence[tuple[int, int]]) -> None:
        for first, last in spans:
            if last - first <= len(self._sent):
                self._sent.difference_update(range(first, last + 1))
            else:
                self._sent = {seq for seq in self._sent if not first <= seq <= last}

    def blobs_done(self, digests: Sequence[str]) -> int:
        """The hub has these blobs; frees those that no row not yet acknowledged names too.

        Returns:
            How many were still here.
        """
        with self._lock, contextlib.suppress(DamageError):
            books = self._store.books
            gone = self._store.transact(
                lambda db: [d for d in digests if blob_table.arrived(db, books, d)]
            )
            for digest in gone:
                self.spool.delete(digest)
            return len(gone)
        return 0

    # -- what will never arrive ------------------------------------------------------------------

    def give_up_blob(self, digest: str, reason: str) -> bool:
        """Bytes that will never arrive (damaged here, refused there): declared as a gap.

        Returns:
            Whether they were still here.
        """
        with self._lock, contextlib.suppress(DamageError):
            known = self._store.transact(lambda db: self._drop_blob(db, digest, reason))
            self.spool.delete(digest)
            return known
        return False

    def _drop_blob(self, db: sqlite3.Connection, digest: str, reason: str) -> bool:
        loss = gaps.Loss("s", reason)
        if not blob_table.give_up(db, self._store.books, digest, loss):
            return False
        gaps.declare(db, self._store.books, loss, self._sent)
        return True

    def give_up_rows(self, epoch: str, klass: EventClass, seqs: Iterable[int], reason: str) -> int:
        """Rows that can never be sent, with their blobs: declared as a gap; returns how many."""
        with self._lock, contextlib.suppress(DamageError):
            freed = self._store.transact(
                lambda db: (
                    self._eviction(db).drop(klass, seqs, reason) if self.epoch == epoch else Freed()
                )
            )
            self._discard(freed)
            return freed.rows
        return 0

    # -- reading ---------------------------------------------------------------------------------

    def mark(self, name: str) -> int | None:
        """As `marks.read`: the number of the newest committed row of this name."""
        return marks.read(self._store, name)

    def claim(self, klass: EventClass, after: int, limit: int) -> Batch:
        """Up to `limit` rows with `seq > after`, in order, which are on their way from now on.

        They stay here until they are acknowledged, are not evicted, and gap rows among them change
        no more: the hub may have them.
        """
        with self._lock:
            batch = self._batch(klass, _NEXT[klass], (after, limit))
            seqs = {row.seq for row in batch.rows}
            closing = self._store.open_gaps & seqs
            if closing:
                try:
                    self._store.transact(lambda db: gaps.close(db, closing))
                except DamageError:
                    return Batch(self.epoch)
            self._sent |= seqs
            return batch

    def again(self, klass: EventClass, first: int, last: int) -> Batch:
        """The rows of a class still waiting in an inclusive range."""
        with self._lock:
            return self._batch(klass, _RANGE[klass], (first, last))

    def _batch(self, klass: EventClass, query: str, values: tuple[object, ...]) -> Batch:
        found = self._store.read(query, values)
        rows = (Row(seq, row_text(seq, klass, at, body)) for seq, at, body in found)
        return Batch(self.epoch, tuple(rows))

    def uploading(self, digests: Iterable[str]) -> None:
        """Blobs on their way now: the hub may have them, so they are not evicted and declared lost."""
        self._uploading = frozenset(digests)

    def ready_blobs(self, limit: int) -> list[tuple[str, int]]:
        """(digest, size) of blobs whose row the hub has, in the order they were captured."""
        return [(str(d), int(size)) for d, size in self._store.read(blob_table.READY, (limit,))]

    def counts(self) -> dict[str, Count]:
        """What was committed, acknowledged, lost and waits in this epoch: per class, and `blobs`."""
        with self._lock:
            books = self._store.books
            counts: dict[str, Count] = {k: books.count(k) for k in EVENT_CLASSES}
            return {**counts, "blobs": books.count(BLOBS)}

    def backlog(self) -> dict[str, tuple[int, int]]:
        """Class → (rows, bytes with blobs) waiting; `blobs` → (number, bytes) waiting."""
        counts = self.counts()
        waiting = {name: (count.rows, count.bytes) for name, count in counts.items()}
        rows, size = waiting["s"]
        waiting["s"] = (rows, size + counts["blobs"].bytes)
        return waiting

    def empty(self) -> bool:
        """Whether the hub has everything."""
        return self._store.is_open and not any(count.rows for count in self.counts().values())
