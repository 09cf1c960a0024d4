"""What leaves the outbox when the budget is full, and how the loss is declared.

Each class has a share; what a class leaves unused others may borrow, and a higher class takes it back.
Order: telemetry above its share is thinned (every second short run of rows, oldest first), then samples
of least worth above their share, then all telemetry, then labels above their share; only then, in the
same order, what lies within the shares. The same happens when the rows fit but the file that holds them
grows too large, because of holes between rows. Alerts never go for want of room: beyond 100,000 of them,
or 48 MiB, the oldest give way to the newest. Each loss is added to a gap row in the same transaction.
Rows and blobs that are on their way are left alone: the hub may have them.
"""

from __future__ import annotations

import heapq
import sqlite3
from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from edge_agent.sync import blob_table
from edge_agent.sync.books import BLOBS, Books
from edge_agent.sync.database import used_bytes
from edge_agent.sync.gaps import Loss, declare
from edge_agent.sync.tables import per_class
from kits.core.events import EventClass

MAX_ALERTS = 100_000
MAX_ALERT_BYTES = 48 << 20
_ALERT_SLACK = 0.01
_SLACK = 0.05
_MAX_SLACK_BYTES = 1 << 20
_BATCH = 500
_RUN_SHARE = 64
_MAX_RUN_BYTES = 32 << 10
"""Of telemetry, runs of so many bytes are kept and taken in turn: a few pages of the file, so that pages
get free, and no more than a sixty-fourth of the budget."""
_FILE_ROUNDS = 20
_FILE_SLACK_BYTES = 64 << 10

_CANDIDATES: dict[EventClass, str] = {
    "a": "SELECT worth, seq, bytes, blob FROM rows_a ORDER BY seq LIMIT ?",
    "l": "SELECT worth, seq, bytes, blob FROM rows_l WHERE held=0 ORDER BY worth, seq LIMIT ?",
    "s": "SELECT worth, seq, bytes, blob FROM rows_s ORDER BY worth, seq LIMIT ?",
    "t": "SELECT worth, seq, bytes, blob FROM rows_t ORDER BY seq LIMIT ?",
}
_ONE = per_class("SELECT bytes, blob FROM ROWS WHERE seq=?")
_DELETE = per_class("DELETE FROM ROWS WHERE seq=?")
_TELEMETRY = "SELECT seq, bytes, blob FROM rows_t WHERE seq>? ORDER BY seq LIMIT ?"


@dataclass(frozen=True, slots=True)
class Budgets:
    """Bytes that may wait, per class; a blob counts as a sample."""

    labels: int
    samples: int
    telemetry: int
    alerts: int = 1 << 20

    @classmethod
    def of(
        cls, total: int, *, alerts: float = 0.05, labels: float = 0.1, samples: float = 0.65
    ) -> Budgets:
        """Shares of `total` bytes; telemetry has the rest."""
        a, lb, s = (int(total * share) for share in (alerts, labels, samples))
        return cls(labels=lb, samples=s, telemetry=total - a - lb - s, alerts=a)

    def share(self, klass: EventClass) -> int:
        """The part of one class."""
        return {"l": self.labels, "s": self.samples, "t": self.telemetry, "a": self.alerts}[klass]

    @property
    def total(self) -> int:
        """All classes together."""
        return self.labels + self.samples + self.telemetry + self.alerts


@dataclass
class Freed:
    """What an eviction took: digests whose files may go, and how much it was."""

    digests: list[str] = field(default_factory=list)
    rows: int = 0
    bytes: int = 0


@dataclass(frozen=True, slots=True)
class Kept:
    """What is on its way and must not be evicted."""

    seqs: AbstractSet[int]
    digests: AbstractSet[str]


@dataclass(frozen=True, slots=True)
class _Victim:
    seq: int
    rows: int
    size: int
    digest: str | None


class Eviction:
    """One round of making room, inside one transaction.

    Args:
        file_bytes: of the file that hold something, at most.
    """

    def __init__(
        self, db: sqlite3.Connection, books: Books, budgets: Budgets, kept: Kept, file_bytes: int
    ) -> None:
        self._db = db
        self._books = books
        self._budgets = budgets
        self._kept = kept
        self._file_bytes = file_bytes
        self.freed = Freed()

    def run(self, *, spare: int = 0) -> Freed:
        """Evicts until everything together is within the budget, and the file within its limit.

        Args:
            spare: bytes to free beyond that, for a disk that is full below the budget.
        """
        # the first class that gives way goes a little below: not each row that comes evicts one
        slack = min(int(self._budgets.total * _SLACK), _MAX_SLACK_BYTES)
        self._classes(self._budgets.total, slack)
        if spare:
            self._classes(self._total() - max(0, spare - self.freed.bytes))
        self._fit_file()
        self._ring_of_alerts()
        return self.freed

    def drop(self, klass: EventClass, seqs: Iterable[int], reason: str) -> Freed:
        """Gives up these rows, with their blobs, whatever room there is."""
        loss = Loss(klass, reason)
        for seq in seqs:
            found = self._db.execute(_ONE[klass], (seq,)).fetchone()
            if found is not None:
                self._remove(klass, _Victim(seq, 1, found[0], found[1]), loss)
        self._declare(loss)
        return self.freed

    def _fit_file(self) -> None:
        """Rows of different worth leave holes: it takes more of them than bytes are to be freed."""
        for _ in range(_FILE_ROUNDS):
            excess = used_bytes(self._db) - self._file_bytes
            before = self.freed.bytes
            if excess > 0:
                self._classes(self._total() - excess, _FILE_SLACK_BYTES)
            if self.freed.bytes == before:
                return

    def _ring_of_alerts(self) -> None:
        rows = self._books.count("a").rows - MAX_ALERTS
        if rows > 0:
            goal = rows + int(MAX_ALERTS * _ALERT_SLACK)
            self._evict("a", goal, "ring of alerts", by_rows=True)
        size = self._books.count("a").bytes - MAX_ALERT_BYTES
        if size > 0:
            self._evict("a", size + int(MAX_ALERT_BYTES * _ALERT_SLACK), "ring of alerts")

    def _classes(self, limit: int, slack: int = 0) -> None:
        """Evicts in order until all together hold no more than `limit`; the first one `slack` more."""
        goal = limit - slack
        share = self._budgets.share
        steps: tuple[tuple[EventClass, int, str], ...] = (
            ("t", share("t"), "thinned"),
            ("s", share("s"), "over budget"),
            ("t", 0, "over budget"),
            ("l", share("l"), "over budget"),
            ("s", 0, "over budget"),
            ("l", 0, "over budget"),
        )
        for klass, floor, reason in steps:
            if self._total() <= limit:
                return
            surplus = min(self._total() - goal, self._held(klass) - floor)
            if surplus > 0:
                self._evict(klass, surplus, reason)

    def _total(self) -> int:
        return sum(self._held(klass) for klass in ("a", "l", "s", "t"))

    def _held(self, klass: EventClass) -> int:
        held = self._books.count(klass).bytes
        return held + self._books.count(BLOBS).bytes if klass == "s" else held

    def _evict(self, klass: EventClass, goal: int, reason: str, *, by_rows: bool = False) -> None:
        """Evicts about `goal` bytes (or rows) of a class and declares them."""
        loss, done = Loss(klass, reason), 0
        thinning = reason == "thinned"
        while done < goal:
            batch = self._thinned() if thinning else self._candidates(klass)
            before = loss.rows + loss.blobs
            for victim in batch:
                size = self._remove(klass, victim, loss)
                done += 1 if by_rows else size
                if done >= goal and not thinning:  # a run goes wholly: only then pages get free
                    break
            if loss.rows + loss.blobs == before:
                break
        self._declare(loss)

    def _declare(self, loss: Loss) -> None:
        if loss.rows or loss.blobs:
            declare(self._db, self._books, loss, self._kept.seqs)
            self.freed.rows += loss.rows
            self.freed.bytes += loss.bytes

    def _candidates(self, klass: EventClass) -> Iterable[_Victim]:
        limit = _BATCH + len(self._kept.seqs)
        found = self._db.execute(_CANDIDATES[klass], (limit,)).fetchall()
        rows = [(w, s, 1, b, d) for w, s, b, d in found if s not in self._kept.seqs]
        blobs: list[tuple[float, int, int, int, str]] = []
        if klass == "s":
            limit = _BATCH + len(self._kept.digests)
            found = self._db.execute(blob_table.LEAST_WORTH, (limit,)).fetchall()
            blobs = [(w, s, 0, b, d) for w, s, b, d in found if d not in self._kept.digests]
        merged = heapq.merge(rows, blobs, key=lambda v: v[:2]) if blobs else rows
        return [_Victim(s, n, b, d) for _, s, n, b, d in merged][:_BATCH]

    def _thinned(self) -> list[_Victim]:
        """The second of the next two runs; one pass over all rows before it begins anew."""
        run = min(max(self._budgets.total // _RUN_SHARE, 1), _MAX_RUN_BYTES)
        cursor = self._cursor()
        for start in (cursor, 0):
            rows, size = [], 0
            for victim in self._free_telemetry(start):
                rows.append(victim)
                size += victim.size
                if size >= 2 * run:
                    break
            if len(rows) > 1 and (size >= 2 * run or not start):
                self._move_cursor(rows[-1].seq)
                return rows[len(rows) // 2 :]
        return []

    def _free_telemetry(self, start: int) -> Iterator[_Victim]:
        """Telemetry after `start` in order, without what is on its way."""
        while True:
            found = self._db.execute(_TELEMETRY, (start, _BATCH)).fetchall()
            for seq, size, blob in found:
                if seq not in self._kept.seqs:
                    yield _Victim(seq, 1, size, blob)
            if len(found) < _BATCH:
                return
            start = found[-1][0]

    def _cursor(self) -> int:
        row = self._db.execute("SELECT value FROM meta WHERE key='thinned_to'").fetchone()
        return int(row[0]) if row else 0

    def _move_cursor(self, seq: int) -> None:
        self._db.execute("INSERT OR REPLACE INTO meta VALUES ('thinned_to', ?)", (str(seq),))

    def _remove(self, klass: EventClass, victim: _Victim, loss: Loss) -> int:
        """Takes one victim out; returns the bytes that were freed, its blob's included."""
        size = 0
        if victim.rows:
            self._db.execute(_DELETE[klass], (victim.seq,))
            self._books.gave_up(klass, victim.size)
            loss.add(victim.seq, rows=1, size=victim.size)
            size = victim.size
        if victim.digest is not None:
            seq = victim.seq if victim.rows else 0
            freed = blob_table.evict(self._db, self._books, victim.digest, loss, with_row=seq)
            if freed:
                self.freed.digests.append(victim.digest)
            size += freed
        return size
