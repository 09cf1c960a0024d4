"""The outbox: rows that wait for the hub's acknowledgement. The only truth on the device.

What `append` returned survives `kill -9` and power cuts. The file is `database.py`, the figures are
`books.py`, what may be evicted and how that is declared `eviction.py` and `gaps.py`; sending is
`sender.py`. One lock serialises everything; the writer's thread is the only one that appends.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from edge_agent.sync import gaps
from edge_agent.sync.books import BLOBS, Count
from edge_agent.sync.database import DamageError
from edge_agent.sync.entry import Entry, Row, body_text, row_text, utf8_length
from edge_agent.sync.eviction import Budgets, Eviction, Freed, Kept
from edge_agent.sync.spool import Spool
from edge_agent.sync.store import Store
from kits.core.events import EVENT_CLASSES, AlertBody, DecisionBody, Event, EventClass
from kits.core.sample import digest_of

_OVERHEAD = 1.3  # of the file, indices and page headers, on rows of 400 bytes
_ALERT_ROOM = 64 << 20
_HAS = "SELECT 1 FROM rows WHERE seq=? AND body=?"
_NEXT = "SELECT seq, klass, at, body FROM rows WHERE klass=? AND seq>? ORDER BY seq LIMIT ?"
_RANGE = "SELECT seq, klass, at, body FROM rows WHERE klass=? AND seq BETWEEN ? AND ? ORDER BY seq"


class Outbox:
    """Rows and blobs until the hub has them.

    Args:
        folder: holds `outbox.sqlite` and `spool/`.
        budgets: bytes per class that may wait.

    Attributes:
        spool: where the bytes of blobs lie.
        evicted_rows: rows given up since the start of this process.
        damages: files set aside since then.
    """

    def __init__(self, folder: Path, budgets: Budgets) -> None:
        self._budgets = budgets
        self._sent: set[int] = set()
        self._uploading: frozenset[str] = frozenset()
        self.evicted_rows = 0
        self.damages = 0
        self.spool = Spool(folder / "spool")
        self._store = Store(
            folder / "outbox.sqlite",
            int(budgets.total * _OVERHEAD) + _ALERT_ROOM,
            on_load=self._forget_flight,
            on_damage=self._tell_damage,
        )
        self._lock, self._books = self._store.lock, self._store.books
        self._store.load()
        self.spool.sweep({str(row[0]) for row in self._store.read("SELECT digest FROM blobs")})

    def _forget_flight(self) -> None:
        self._sent.clear()

    def _tell_damage(self, text: str) -> None:
        self.damages += 1
        self.append([Entry(AlertBody(name="outbox-damaged", severity="error", text=text), "a")])

    @property
    def epoch(self) -> str:
        """Drawn when the present file was made; a new one after damage."""
        return self._store.epoch

    def close(self) -> None:
        """Everything is on disk already; this only frees the file."""
        self._store.close()

    # -- writing ---------------------------------------------------------------------------------

    def append(self, entries: Sequence[Entry]) -> list[int]:
        """Stores entries in one transaction and returns their sequence numbers.

        Blobs reach the disk before the rows that name them. Evicts when the budget is exceeded.

        Raises:
            sqlite3.OperationalError: the disk or the file is full; nothing was stored.
            OSError: the disk has no room for a blob; nothing was stored.
        """
        texts = [self._prepared(entry) for entry in entries]
        with self._lock:
            epoch, first = self.epoch, self._books.next_seq
            try:
                seqs, freed = self._store.transact(lambda db: self._insert(db, entries, texts))
            except DamageError:
                if self.epoch == epoch and self._store.read(_HAS, (first, texts[0][1])):
                    return list(range(first, first + len(entries)))  # the commit stood after all
                seqs, freed = self._store.transact(lambda db: self._insert(db, entries, texts))
        self._discard(freed)
        return seqs

    def _prepared(self, entry: Entry) -> tuple[str, str]:
        """The digest of an entry's bytes, which are on the disk now, and the text of its body."""
        digest = self.spool.put(entry.content) if entry.content else ""
        return digest, body_text(entry, digest)

    def _insert(
        self, db: sqlite3.Connection, entries: Sequence[Entry], texts: Sequence[tuple[str, str]]
    ) -> tuple[list[int], Freed]:
        rows = []
        for entry, (digest, text) in zip(entries, texts):
            seq, size = self._books.take_seq(), utf8_length(text) + len(entry.at)
            rows.append((seq, entry.klass, entry.worth, size, entry.at, text, digest or None))
            self._books.came(entry.klass, size)
        db.executemany(
            "INSERT INTO rows (seq, klass, worth, bytes, at, body, blob) VALUES (?, ?, ?, ?, ?, ?, ?)",
            rows,
        )
        for row, entry in zip(rows, entries):
            if row[6] is not None:
                self._note_blob(db, str(row[6]), len(entry.content or b""), row[0], entry.worth)
        return [row[0] for row in rows], self._evict(db)

    def _note_blob(
        self, db: sqlite3.Connection, digest: str, size: int, seq: int, worth: float
    ) -> None:
        cursor = db.execute(
            "INSERT OR IGNORE INTO blobs (digest, size, seq, worth) VALUES (?, ?, ?, ?)",
            (digest, size, seq, worth),
        )
        if cursor.rowcount:
            self._books.came(BLOBS, size)

    def _evict(self, db: sqlite3.Connection, spare: int = 0) -> Freed:
        kept = Kept(self._sent, self._uploading)
        freed = Eviction(db, self._books, self._budgets, kept).run(spare=spare)
        if freed.rows or freed.digests:
            self._store.open_gaps = gaps.waiting(db)
        return freed

    def make_room(self, spare: int) -> int:
        """Evicts about `spare` bytes because the disk is full below the budget; returns how many.

        Raises:
            sqlite3.OperationalError: the disk has not even room for that.
        """
        self._store.checkpoint()
        freed = self._store.transact(lambda db: self._evict(db, spare))
        self._discard(freed)
        return freed.bytes

    def _discard(self, freed: Freed) -> None:
        for digest in freed.digests:
            self.spool.delete(digest)
        self.evicted_rows += freed.rows

    def without_content(self, entries: Sequence[Entry]) -> list[Entry]:
        """The same entries without their bytes, which the disk has no room for; none of them stays."""
        return [self._without_content(entry) if entry.content else entry for entry in entries]

    def _without_content(self, entry: Entry) -> Entry:
        digest = digest_of(entry.content or b"")
        if not self._store.read("SELECT 1 FROM blobs WHERE digest=?", (digest,)):
            self.spool.delete(digest)
        body = entry.body
        if isinstance(body, DecisionBody):
            meta = {**body.meta, "bytes_lost": "no room on the disk"}
            body = body.model_copy(update={"kept_for": "", "meta": meta})
        return replace(entry, body=body, content=None)

    def tidy(self) -> int:
        """Gives room that a drained backlog left in the file back to the disk; returns bytes."""
        return self._store.tidy()

    # -- what the hub says -----------------------------------------------------------------------

    def acknowledge(self, ranges: Iterable[tuple[int, int]]) -> int:
        """Deletes rows the hub has committed; their blobs become ready to travel.

        A power cut may undo it: then the rows are sent again and the hub knows them.

        Returns:
            How many rows that were.
        """
        spans = _merged(ranges)
        try:
            deleted = self._store.transact(lambda db: self._delete(db, spans), durable=False)
        except DamageError:
            return 0
        with self._lock:
            for first, last in spans:
                if last - first <= len(self._sent):
                    self._sent.difference_update(range(first, last + 1))
                else:
                    self._sent = {seq for seq in self._sent if not first <= seq <= last}
        return deleted

    def _delete(self, db: sqlite3.Connection, spans: Sequence[tuple[int, int]]) -> int:
        deleted = 0
        for span in spans:
            db.execute(
                "UPDATE blobs SET ready=1 WHERE digest IN"
                " (SELECT blob FROM rows WHERE seq BETWEEN ? AND ? AND blob IS NOT NULL)",
                span,
            )
            tally = db.execute(
                "SELECT klass, COUNT(*), SUM(bytes) FROM rows WHERE seq BETWEEN ? AND ?"
                " GROUP BY klass",
                span,
            ).fetchall()
            db.execute("DELETE FROM rows WHERE seq BETWEEN ? AND ?", span)
            for klass, rows, size in tally:
                self._books.arrived(klass, size, rows)
                deleted += rows
        return deleted

    def blob_done(self, digest: str) -> None:
        """The hub has the blob; frees it unless a row not yet acknowledged names it too."""
        with contextlib.suppress(DamageError):
            if self._store.transact(lambda db: self._forget_blob(db, digest)):
                self.spool.delete(digest)

    def _forget_blob(self, db: sqlite3.Connection, digest: str) -> bool:
        row = db.execute("SELECT size FROM blobs WHERE digest=?", (digest,)).fetchone()
        if row is None:
            return False
        if db.execute("SELECT 1 FROM rows WHERE blob=? LIMIT 1", (digest,)).fetchone():
            db.execute("UPDATE blobs SET ready=0 WHERE digest=?", (digest,))
            return False
        db.execute("DELETE FROM blobs WHERE digest=?", (digest,))
        self._books.arrived(BLOBS, row[0])
        return True

    def give_up_blob(self, digest: str, reason: str) -> None:
        """Bytes that will never arrive (damaged here, refused there): declared as a gap."""
        with contextlib.suppress(DamageError):
            self._store.transact(lambda db: self._drop_blob(db, digest, reason))
        self.spool.delete(digest)

    def _drop_blob(self, db: sqlite3.Connection, digest: str, reason: str) -> None:
        row = db.execute("SELECT seq, size FROM blobs WHERE digest=?", (digest,)).fetchone()
        if row is None:
            return
        db.execute("DELETE FROM blobs WHERE digest=?", (digest,))
        self._books.gave_up(BLOBS, row[1])
        loss = gaps.Loss("s", reason)
        loss.add(row[0], blobs=1, size=row[1])
        gaps.declare(db, self._books, loss, self._sent)
        self._store.open_gaps = gaps.waiting(db)

    # -- reading ---------------------------------------------------------------------------------

    def claim(self, klass: EventClass, after: int, limit: int) -> list[Row]:
        """Up to `limit` rows with `seq > after`, in order, which are on their way from now on.

        They stay here until they are acknowledged, are not evicted, and gap rows among them change
        no more: the hub may have them.
        """
        with self._lock:
            rows = self._rows(_NEXT, (klass, after, limit))
            seqs = {row.seq for row in rows}
            closing = self._store.open_gaps & seqs
            if closing:
                try:
                    self._store.transact(lambda db: gaps.close(db, closing))
                except DamageError:
                    return []
                self._store.open_gaps -= closing
            self._sent |= seqs
            return rows

    def again(self, klass: EventClass, first: int, last: int) -> list[Row]:
        """The rows of a class still waiting in an inclusive range."""
        return self._rows(_RANGE, (klass, first, last))

    def _rows(self, query: str, values: tuple[object, ...]) -> list[Row]:
        return [
            Row(seq, row_text(seq, klass, at, body))
            for seq, klass, at, body in self._store.read(query, values)
        ]

    def take(self, klass: EventClass, after: int, limit: int) -> list[Event]:
        """Up to `limit` rows of a class with `seq > after` as models; only looks."""
        rows = self._rows(_NEXT, (klass, after, limit))
        return [Event.model_validate_json(row.text) for row in rows]

    def uploading(self, digests: Iterable[str]) -> None:
        """Blobs on their way now: the hub may have them, so they are not evicted and declared lost."""
        self._uploading = frozenset(digests)

    def ready_blobs(self, limit: int) -> list[tuple[str, int]]:
        """(digest, size) of blobs whose row the hub has, in the order they were captured."""
        query = "SELECT digest, size FROM blobs WHERE ready=1 ORDER BY seq LIMIT ?"
        return [(str(digest), int(size)) for digest, size in self._store.read(query, (limit,))]

    def counts(self) -> dict[str, Count]:
        """What was committed, acknowledged, lost and waits in this epoch: per class, and `blobs`."""
        with self._lock:
            counts: dict[str, Count] = {k: self._books.count(k) for k in EVENT_CLASSES}
            return {**counts, "blobs": self._books.count(BLOBS)}

    def backlog(self) -> dict[str, tuple[int, int]]:
        """Class → (rows, bytes with blobs) waiting; `blobs` → (number, bytes) waiting."""
        counts = self.counts()
        waiting = {name: (count.rows, count.bytes) for name, count in counts.items()}
        rows, size = waiting["s"]
        waiting["s"] = (rows, size + counts["blobs"].bytes)
        return waiting

    def empty(self) -> bool:
        """Whether the hub has everything."""
        return not any(count.rows for count in self.counts().values())


def _merged(ranges: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """The same numbers in as few ranges as possible: neighbouring frames cost one deletion."""
    merged: list[tuple[int, int]] = []
    for first, last in sorted(ranges):
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(merged[-1][1], last))
        else:
            merged.append((first, last))
    return merged
