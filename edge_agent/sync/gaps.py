"""Gap rows: losses declared as rows of their own, which travel to the hub like all others.

Losses of one class for one reason are added up in one waiting row until it is sent, so a device that
is offline for a month keeps a handful of them; they are never evicted, so the sums are exact.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from edge_agent.clock import stamp_json
from edge_agent.sync.books import Books
from kits.core.events import EventClass, GapBody

SCHEMA = """
CREATE TABLE IF NOT EXISTS open_gaps (
    klass TEXT NOT NULL, reason TEXT NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (klass, reason));
"""


@dataclass
class Loss:
    """What went, of one class, for one reason."""

    klass: EventClass
    reason: str
    first: int = 0
    last: int = 0
    rows: int = 0
    blobs: int = 0
    bytes: int = 0

    def add(self, seq: int, *, rows: int = 0, blobs: int = 0, size: int = 0) -> None:
        """One row or blob more."""
        self.first = min(self.first or seq, seq)
        self.last = max(self.last, seq)
        self.rows += rows
        self.blobs += blobs
        self.bytes += size


def declare(
    db: sqlite3.Connection, books: Books, loss: Loss, sent: AbstractSet[int] = frozenset()
) -> None:
    """Adds a loss to the waiting gap row of its kind, or stores a new one."""
    found = db.execute(
        "SELECT rows.seq, rows.bytes, rows.body FROM open_gaps JOIN rows USING (seq)"
        " WHERE open_gaps.klass=? AND open_gaps.reason=?",
        (loss.klass, loss.reason),
    ).fetchone()
    if found is None or found[0] in sent:
        _store(db, books, loss)
        return
    seq, size, text = found
    old = GapBody.model_validate_json(text)
    body = GapBody(
        klass=loss.klass,
        first_seq=min(old.first_seq, loss.first),
        last_seq=max(old.last_seq, loss.last),
        rows=old.rows + loss.rows,
        blobs=old.blobs + loss.blobs,
        bytes=old.bytes + loss.bytes,
        reason=loss.reason,
    ).model_dump_json()
    grown = len(body) - len(text)
    db.execute("UPDATE rows SET body=?, bytes=? WHERE seq=?", (body, size + grown, seq))
    books.grew("l", grown)


def _store(db: sqlite3.Connection, books: Books, loss: Loss) -> None:
    body = GapBody(
        klass=loss.klass,
        first_seq=loss.first,
        last_seq=loss.last,
        rows=loss.rows,
        blobs=loss.blobs,
        bytes=loss.bytes,
        reason=loss.reason,
    ).model_dump_json()
    at, seq = stamp_json(), books.take_seq()
    size = len(body) + len(at)
    db.execute(
        "INSERT INTO rows (seq, klass, worth, bytes, held, at, body) VALUES (?, 'l', 0, ?, 1, ?, ?)",
        (seq, size, at, body),
    )
    books.came("l", size)
    db.execute("INSERT OR REPLACE INTO open_gaps VALUES (?, ?, ?)", (loss.klass, loss.reason, seq))


def close(db: sqlite3.Connection, seqs: AbstractSet[int]) -> None:
    """From here on these gap rows are on their way: later losses get rows of their own."""
    db.executemany("DELETE FROM open_gaps WHERE seq=?", [(seq,) for seq in seqs])


def waiting(db: sqlite3.Connection) -> set[int]:
    """Numbers of the gap rows that losses may still be added to."""
    return {int(row[0]) for row in db.execute("SELECT seq FROM open_gaps")}
