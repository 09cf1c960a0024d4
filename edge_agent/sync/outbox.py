"""The outbox: rows that wait for the hub's acknowledgement. The only truth on the device.

SQLite in WAL mode with `synchronous=FULL`: what `append` returned survives `kill -9` and power
cuts. One lock serialises all writes. What may be evicted, and how that is declared, is in
`eviction.py`; sending is `sender.py`. A corrupt file is set aside and a new epoch begins.
"""

from __future__ import annotations

import contextlib
import secrets
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from edge_agent.clock import stamp
from edge_agent.log import warn
from edge_agent.sync import eviction
from edge_agent.sync.spool import Spool
from kits.core.events import (
    EVENT_CLASSES,
    AlertBody,
    BlobRef,
    Body,
    DecisionBody,
    Event,
    EventClass,
)
from kits.core.sample import digest_of

MAX_ROW_BYTES = 120 * 1024
"""A row larger than this loses its prediction's details: it must fit a frame."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS rows (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, klass TEXT NOT NULL, worth REAL NOT NULL,
    bytes INTEGER NOT NULL, at TEXT NOT NULL, body TEXT NOT NULL, blob TEXT);
CREATE INDEX IF NOT EXISTS rows_by_class ON rows (klass, seq);
CREATE INDEX IF NOT EXISTS rows_by_blob ON rows (blob) WHERE blob IS NOT NULL;
CREATE TABLE IF NOT EXISTS blobs (
    digest TEXT PRIMARY KEY, size INTEGER NOT NULL, seq INTEGER NOT NULL, worth REAL NOT NULL,
    ready INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS totals (klass TEXT PRIMARY KEY, rows INTEGER NOT NULL, bytes INTEGER NOT NULL);
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """Something to be sent. `worth` decides what is evicted first within samples."""

    body: Body
    klass: EventClass
    worth: float = 0.0
    content: bytes | None = None
    media_type: str = ""


class Outbox:
    """Rows and blobs until the hub has them.

    Args:
        folder: holds `outbox.sqlite` and `spool/`.
        budgets: bytes per class that may wait.
    """

    def __init__(self, folder: Path, budgets: eviction.Budgets) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / "outbox.sqlite"
        self._budgets = budgets
        self._lock = threading.RLock()
        self._sent: set[int] = set()
        self.spool = Spool(folder / "spool")
        self.evicted_rows = 0
        self.on_append: Callable[[], None] = lambda: None
        try:
            self._db = self._open()
        except sqlite3.DatabaseError as error:
            self._set_aside(error)
        self.epoch = self._epoch()
        self.spool.sweep({row[0] for row in self._db.execute("SELECT digest FROM blobs")})

    # -- opening ---------------------------------------------------------------------------------

    def _open(self) -> sqlite3.Connection:
        db = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False, timeout=30)
        try:
            db.execute("PRAGMA journal_mode=WAL")
            db.execute("PRAGMA synchronous=FULL")
            db.execute("PRAGMA journal_size_limit=16777216")
            if db.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
                raise sqlite3.DatabaseError("quick_check found damage")
            db.executescript(_SCHEMA)
        except sqlite3.DatabaseError:
            db.close()
            raise
        return db

    def _set_aside(self, error: sqlite3.DatabaseError) -> None:
        """A damaged database is kept for a person; a new one, with a new epoch, takes over."""
        name = f"{self._path.name}.damaged-{time.time_ns()}"
        for suffix in ("", "-wal", "-shm"):
            old = self._path.with_name(self._path.name + suffix)
            with contextlib.suppress(FileNotFoundError):
                old.rename(self._path.with_name(name + suffix))
        warn("outbox_damaged", set_aside=name, error=error)
        self._db = self._open()
        self.epoch = self._epoch()
        text = f"the outbox was damaged ({error}); it was kept as {name}, rows in it are not sent"
        alert = AlertBody(name="outbox-damaged", severity="error", text=text, where=name)
        self.append([Entry(alert, "a")])

    def _epoch(self) -> str:
        self._db.execute("INSERT OR IGNORE INTO meta VALUES ('epoch', ?)", (secrets.token_hex(8),))
        return str(self._db.execute("SELECT value FROM meta WHERE key='epoch'").fetchone()[0])

    def close(self) -> None:
        """Everything is on disk already; this only frees the file."""
        with self._lock:
            self._db.close()

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    # -- writing ---------------------------------------------------------------------------------

    def append(self, entries: Sequence[Entry]) -> list[int]:
        """Stores entries in one transaction and returns their sequence numbers.

        Blobs reach the disk before the rows that name them. Evicts when a budget is exceeded.

        Raises:
            sqlite3.OperationalError: the disk is full; nothing was stored.
        """
        digests = [self.spool.put(e.content) if e.content else "" for e in entries]
        try:
            with self._transaction() as db:
                seqs = [_insert(db, e, digest) for e, digest in zip(entries, digests)]
                freed = eviction.make_room(db, self._budgets, self._sent)
                for gap in freed.gaps:
                    _insert(db, Entry(gap, "l"), "")
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError as error:
            self._db.close()
            self._set_aside(error)
            return self.append(entries)
        for digest in freed.digests:
            self.spool.delete(digest)
        self.evicted_rows += freed.rows
        self.on_append()
        return seqs

    def without_content(self, entries: Sequence[Entry]) -> list[Entry]:
        """The same entries without their bytes, which the disk has no room for; none of them stays."""
        return [self._without_content(entry) if entry.content else entry for entry in entries]

    def _without_content(self, entry: Entry) -> Entry:
        digest = digest_of(entry.content or b"")
        with self._lock:
            known = self._db.execute("SELECT 1 FROM blobs WHERE digest=?", (digest,)).fetchone()
        if not known:
            self.spool.delete(digest)
        body = entry.body
        if isinstance(body, DecisionBody):
            meta = {**body.meta, "bytes_lost": "no room on the disk"}
            body = body.model_copy(update={"kept_for": "", "meta": meta})
        return replace(entry, body=body, content=None)

    def acknowledge(self, ranges: Iterable[tuple[int, int]]) -> int:
        """Deletes rows the hub has committed; their blobs become ready to travel.

        Returns:
            How many rows that were.
        """
        with self._transaction() as db:
            deleted = 0
            for first, last in ranges:
                span = (first, last)
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
                    eviction.book(db, klass, -rows, -size)
                    deleted += rows
        with self._lock:
            self._sent = {seq for seq in self._sent if not _covered(seq, ranges)}
        return deleted

    def blob_done(self, digest: str) -> None:
        """The hub has the blob; frees it unless a row not yet acknowledged names it too."""
        with self._transaction() as db:
            row = db.execute("SELECT size FROM blobs WHERE digest=?", (digest,)).fetchone()
            if row is None:
                return
            if db.execute("SELECT 1 FROM rows WHERE blob=? LIMIT 1", (digest,)).fetchone():
                db.execute("UPDATE blobs SET ready=0 WHERE digest=?", (digest,))
                return
            db.execute("DELETE FROM blobs WHERE digest=?", (digest,))
            eviction.book(db, "s", 0, -row[0])
        self.spool.delete(digest)

    def give_up_blob(self, digest: str, reason: str) -> None:
        """Bytes that will never arrive (damaged here, refused there): declared as a gap."""
        with self._transaction() as db:
            gap = eviction.drop_blob(db, digest, reason)
            if gap is not None:
                _insert(db, Entry(gap, "l"), "")
        self.spool.delete(digest)

    # -- reading ---------------------------------------------------------------------------------

    def take(self, klass: EventClass, after: int, limit: int) -> list[Event]:
        """Up to `limit` rows of a class with `seq > after`, in order; they stay in the outbox."""
        return self._events(
            "SELECT seq, klass, at, body FROM rows WHERE klass=? AND seq>? ORDER BY seq LIMIT ?",
            (klass, after, limit),
        )

    def between(self, klass: EventClass, first: int, last: int) -> list[Event]:
        """The rows of a class still waiting in an inclusive range."""
        return self._events(
            "SELECT seq, klass, at, body FROM rows WHERE klass=? AND seq BETWEEN ? AND ?"
            " ORDER BY seq",
            (klass, first, last),
        )

    def _events(self, query: str, values: tuple[object, ...]) -> list[Event]:
        with self._lock:
            rows = self._db.execute(query, values).fetchall()
        return [
            Event.model_validate_json(f'{{"seq":{seq},"klass":"{klass}","at":{at},"body":{body}}}')
            for seq, klass, at, body in rows
        ]

    def mark_sent(self, seqs: Iterable[int]) -> None:
        """Rows on their way: the hub may have them, so they are not evicted and declared lost."""
        with self._lock:
            self._sent.update(seqs)

    def ready_blobs(self, limit: int) -> list[tuple[str, int]]:
        """(digest, size) of blobs whose row the hub has, in the order they were captured."""
        with self._lock:
            found = self._db.execute(
                "SELECT digest, size FROM blobs WHERE ready=1 ORDER BY seq LIMIT ?", (limit,)
            ).fetchall()
        return [(str(digest), int(size)) for digest, size in found]

    def backlog(self) -> dict[str, tuple[int, int]]:
        """Class → (rows, bytes) waiting; `blobs` → (number, bytes) waiting."""
        with self._lock:
            totals = {k: (r, b) for k, r, b in self._db.execute("SELECT * FROM totals")}
            blobs = self._db.execute(
                "SELECT COUNT(*), COALESCE(SUM(size), 0) FROM blobs"
            ).fetchone()
        return {**{k: totals.get(k, (0, 0)) for k in EVENT_CLASSES}, "blobs": tuple(blobs)}

    def empty(self) -> bool:
        """Whether the hub has everything."""
        with self._lock:
            query = "SELECT EXISTS(SELECT 1 FROM rows) OR EXISTS(SELECT 1 FROM blobs)"
            return not self._db.execute(query).fetchone()[0]


def _covered(seq: int, ranges: Iterable[tuple[int, int]]) -> bool:
    return any(first <= seq <= last for first, last in ranges)


def _insert(db: sqlite3.Connection, entry: Entry, digest: str) -> int:
    body = entry.body
    if digest and isinstance(body, DecisionBody):
        size = len(entry.content or b"")
        blob = BlobRef(digest=digest, size=size, media_type=entry.media_type)
        body = body.model_copy(update={"blob": blob})
    text = _fitting(body)
    cursor = db.execute(
        "INSERT INTO rows (klass, worth, bytes, at, body, blob) VALUES (?, ?, ?, ?, ?, ?)",
        (entry.klass, entry.worth, len(text), stamp().model_dump_json(), text, digest or None),
    )
    seq = cursor.lastrowid or 0
    eviction.book(db, entry.klass, 1, len(text))
    if digest:
        size = len(entry.content or b"")
        known = db.execute("SELECT 1 FROM blobs WHERE digest=?", (digest,)).fetchone()
        if not known:
            db.execute(
                "INSERT INTO blobs (digest, size, seq, worth) VALUES (?, ?, ?, ?)",
                (digest, size, seq, entry.worth),
            )
            eviction.book(db, "s", 0, size)
    return seq


def _fitting(body: Body) -> str:
    text = body.model_dump_json()
    if len(text) <= MAX_ROW_BYTES:
        return text
    if isinstance(body, DecisionBody):
        meta = {"trimmed_bytes": len(text)}
        return body.model_copy(update={"prediction": {}, "meta": meta}).model_dump_json()
    if isinstance(body, AlertBody):
        return body.model_copy(update={"text": body.text[:4000]}).model_dump_json()
    return text
