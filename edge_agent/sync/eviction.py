"""What leaves the outbox when the budget is full, and how the loss is declared.

Each class has a share; what a class leaves unused others may borrow, and a higher class takes it back.
Order: telemetry above its share is thinned (every second row, oldest first), then samples of least
worth above their share, then all telemetry, then labels above their share; only then, in the same
order, what lies within the shares. Alerts never go for want of room: beyond 100,000 of them the oldest
give way to the newest. Each loss is added to a gap row in the same transaction. Rows and blobs that
are on their way are left alone: the hub may have them.
"""

from __future__ import annotations

import heapq
import sqlite3
from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from edge_agent.sync.books import BLOBS, Books
from edge_agent.sync.gaps import Loss, declare
from kits.core.events import EventClass

MAX_ALERTS = 100_000
_ALERT_SLACK = 1000
_SLACK = 0.05
_MAX_SLACK_BYTES = 1 << 20
_BATCH = 500


_HEAD = "SELECT worth, seq, bytes, blob FROM rows WHERE held=0 AND "
_CANDIDATES: dict[EventClass, str] = {
    "a": _HEAD + "klass='a' ORDER BY seq LIMIT ?",
    "l": _HEAD + "klass='l' ORDER BY worth, seq LIMIT ?",
    "s": _HEAD + "klass='s' ORDER BY worth, seq LIMIT ?",
    "t": _HEAD + "klass='t' ORDER BY seq LIMIT ?",
}


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
    """One round of making room, inside one transaction."""

    def __init__(self, db: sqlite3.Connection, books: Books, budgets: Budgets, kept: Kept) -> None:
        self._db = db
        self._books = books
        self._budgets = budgets
        self._kept = kept
        self.freed = Freed()

    def run(self, *, spare: int = 0) -> Freed:
        """Evicts until everything together is within the budget.

        Args:
            spare: bytes to free beyond that, for a disk that is full below the budget.
        """
        limit = self._budgets.total
        if spare:
            limit = min(limit, self._total() - spare)
        # the first class that gives way goes a little below: not each row that comes evicts one
        self._classes(limit, limit - min(int(limit * _SLACK), _MAX_SLACK_BYTES))
        alerts = self._books.count("a").rows
        if alerts > MAX_ALERTS:
            self._evict("a", alerts - MAX_ALERTS + _ALERT_SLACK, "ring of alerts", by_rows=True)
        return self.freed

    def _classes(self, limit: int, goal: int) -> None:
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
        while done < goal:
            batch = self._thinned() if reason == "thinned" else self._candidates(klass)
            before, last = loss.rows + loss.blobs, 0
            for victim in batch:
                size = self._remove(klass, victim, loss)
                last = victim.seq
                done += 1 if by_rows else size
                if done >= goal:
                    break
            if loss.rows + loss.blobs == before:
                break
            if reason == "thinned":
                self._move_cursor(last)
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
            found = self._db.execute(
                "SELECT worth, seq, size, digest FROM blobs WHERE ready=1 ORDER BY worth, seq LIMIT ?",
                (_BATCH + len(self._kept.digests),),
            ).fetchall()
            blobs = [(w, s, 0, b, d) for w, s, b, d in found if d not in self._kept.digests]
        merged = heapq.merge(rows, blobs, key=lambda v: v[:2]) if blobs else rows
        return [_Victim(s, n, b, d) for _, s, n, b, d in merged][:_BATCH]

    def _thinned(self) -> list[_Victim]:
        """Every second row of the next stretch; one pass over all rows before it begins anew."""
        for start in (self._cursor(), 0):
            found = self._db.execute(
                "SELECT seq, bytes, blob FROM rows WHERE klass='t' AND seq>? ORDER BY seq LIMIT ?",
                (start, 2 * _BATCH),
            ).fetchall()
            free = [_Victim(s, 1, b, d) for s, b, d in found if s not in self._kept.seqs]
            if len(free) > 1:
                return free[1::2]
        return []

    def _cursor(self) -> int:
        row = self._db.execute("SELECT value FROM meta WHERE key='thinned_to'").fetchone()
        return int(row[0]) if row else 0

    def _move_cursor(self, seq: int) -> None:
        self._db.execute("INSERT OR REPLACE INTO meta VALUES ('thinned_to', ?)", (str(seq),))

    def _remove(self, klass: EventClass, victim: _Victim, loss: Loss) -> int:
        """Takes one victim out; returns the bytes that were freed, its blob's included."""
        size = 0
        if victim.rows:
            self._db.execute("DELETE FROM rows WHERE seq=?", (victim.seq,))
            self._books.gave_up(klass, victim.size)
            loss.add(victim.seq, rows=1, size=victim.size)
            size = victim.size
        if victim.digest is not None:
            size += self._remove_blob(victim, loss)
        return size

    def _remove_blob(self, victim: _Victim, loss: Loss) -> int:
        named = "SELECT 1 FROM rows WHERE blob=? LIMIT 1"
        if self._db.execute(named, (victim.digest,)).fetchone():
            return 0
        query = "SELECT size FROM blobs WHERE digest=? AND (ready=0 OR ?=0)"
        row = self._db.execute(query, (victim.digest, victim.rows)).fetchone()
        if row is None:
            return 0
        size = int(row[0])
        self._db.execute("DELETE FROM blobs WHERE digest=?", (victim.digest,))
        self._books.gave_up(BLOBS, size)
        loss.add(victim.seq, blobs=1, size=size)
        self.freed.digests.append(str(victim.digest))
        return size
