"""Gap rows: losses declared as rows of their own, which travel to the hub like all others.

Losses of one class for one reason are added up in one waiting row until it is sent, so a device that
is offline for a month keeps a handful of them; they are never evicted, so the sums are exact.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from edge_agent.clock import stamp_json
from edge_agent.sync import tables
from edge_agent.sync.books import Books
from edge_agent.sync.tables import NewRow
from kits.core.events import EventClass, GapBody

SCHEMA = """
CREATE TABLE open_gaps (
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

    def body(self, known: GapBody | None) -> str:
        """The gap row's body, together with what a waiting one says already."""
        body = GapBody(
            klass=self.klass,
            first_seq=self.first,
            last_seq=self.last,
            rows=self.rows,
            blobs=self.blobs,
            bytes=self.bytes,
            reason=self.reason,
        )
        if known is not None:
            body = GapBody(
                klass=self.klass,
                first_seq=min(known.first_seq, self.first),
                last_seq=max(known.last_seq, self.last),
                **{name: getattr(known, name) + getattr(body, name) for name in _SUMS},
                reason=self.reason,
            )
        return body.model_dump_json()


_SUMS = ("rows", "blobs", "bytes")


def declare(
    db: sqlite3.Connection, books: Books, loss: Loss, sent: AbstractSet[int] = frozenset()
) -> None:
    """Adds a loss to the waiting gap row of its kind, or stores a new one."""
    found = db.execute(
        "SELECT seq, rows_l.bytes, body FROM open_gaps JOIN rows_l USING (seq)"
        " WHERE open_gaps.klass=? AND open_gaps.reason=?",
        (loss.klass, loss.reason),
    ).fetchone()
    known = _parsed(found[2]) if found is not None and found[0] not in sent else None
    body = loss.body(known)
    if known is not None:
        seq, size, text = found
        grown = len(body) - len(text)
        db.execute("UPDATE rows_l SET body=?, bytes=? WHERE seq=?", (body, size + grown, seq))
        books.grew("l", grown)
        return
    at, seq = stamp_json(), books.take_seq()
    size = len(body) + len(at)
    tables.insert(db, "l", [NewRow(seq, 0.0, size, 1, at, body, None)])
    books.came("l", size)
    db.execute("INSERT OR REPLACE INTO open_gaps VALUES (?, ?, ?)", (loss.klass, loss.reason, seq))


def _parsed(text: str) -> GapBody | None:
    """None when the disk has garbled it: the loss then gets a row of its own."""
    try:
        return GapBody.model_validate_json(text)
    except ValueError:
        return None


def close(db: sqlite3.Connection, seqs: AbstractSet[int]) -> None:
    """From here on these gap rows are on their way: later losses get rows of their own."""
    db.executemany("DELETE FROM open_gaps WHERE seq=?", [(seq,) for seq in seqs])


def waiting(db: sqlite3.Connection) -> set[int]:
    """Numbers of the gap rows that losses may still be added to."""
    return {int(row[0]) for row in db.execute("SELECT seq FROM open_gaps")}
