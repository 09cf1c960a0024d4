"""The outbox's table of blobs: which bytes lie in the spool, and whether they may travel.

Every change is booked in the same transaction. The bytes themselves are the spool's business, and they
are deleted only after the transaction stands.
"""

from __future__ import annotations

import sqlite3

from edge_agent.sync.books import BLOBS, Books
from edge_agent.sync.gaps import Loss
from edge_agent.sync.tables import NewRow

SCHEMA = """
CREATE TABLE blobs (
    digest TEXT PRIMARY KEY, size INTEGER NOT NULL, seq INTEGER NOT NULL, worth REAL NOT NULL,
    ready INTEGER NOT NULL DEFAULT 0);
CREATE INDEX blobs_by_worth ON blobs (worth, seq) WHERE ready=1;
CREATE INDEX blobs_in_order ON blobs (seq) WHERE ready=1;
"""
ALL = "SELECT digest FROM blobs"
READY = "SELECT digest, size FROM blobs WHERE ready=1 ORDER BY seq LIMIT ?"
LEAST_WORTH = "SELECT worth, seq, size, digest FROM blobs WHERE ready=1 ORDER BY worth, seq LIMIT ?"
_NAMED = "SELECT 1 FROM rows_s WHERE blob=? LIMIT 1"


def note(db: sqlite3.Connection, books: Books, row: NewRow, size: int) -> None:
    """A row that names a blob, known or new."""
    cursor = db.execute(
        "INSERT OR IGNORE INTO blobs (digest, size, seq, worth) VALUES (?, ?, ?, ?)",
        (row.blob, size, row.seq, row.worth),
    )
    if cursor.rowcount:
        books.came(BLOBS, size)


def set_ready(db: sqlite3.Connection, first: int, last: int) -> None:
    """The hub has the rows of a range: their blobs may follow."""
    db.execute(
        "UPDATE blobs SET ready=1 WHERE digest IN"
        " (SELECT blob FROM rows_s WHERE seq BETWEEN ? AND ? AND blob IS NOT NULL)",
        (first, last),
    )


def arrived(db: sqlite3.Connection, books: Books, digest: str) -> bool:
    """The hub has the blob; True when it is needed here no more."""
    row = db.execute("SELECT size FROM blobs WHERE digest=?", (digest,)).fetchone()
    if row is None:
        return False
    if db.execute(_NAMED, (digest,)).fetchone():
        db.execute("UPDATE blobs SET ready=0 WHERE digest=?", (digest,))
        return False
    db.execute("DELETE FROM blobs WHERE digest=?", (digest,))
    books.arrived(BLOBS, row[0])
    return True


def give_up(db: sqlite3.Connection, books: Books, digest: str, loss: Loss) -> bool:
    """The blob will never arrive, whoever names it; False when it is not known."""
    row = db.execute("SELECT seq, size FROM blobs WHERE digest=?", (digest,)).fetchone()
    if row is None:
        return False
    db.execute("DELETE FROM blobs WHERE digest=?", (digest,))
    books.gave_up(BLOBS, row[1])
    loss.add(row[0], blobs=1, size=row[1])
    return True


def evict(
    db: sqlite3.Connection, books: Books, digest: str, loss: Loss, *, with_row: int = 0
) -> int:
    """Gives up a blob that no row names any more; returns the bytes that are freed.

    Args:
        with_row: the number of the row that goes with it: it was not ready to travel. 0: it was.
    """
    if db.execute(_NAMED, (digest,)).fetchone():
        return 0
    query = "SELECT seq, size FROM blobs WHERE digest=? AND (ready=0 OR ?=0)"
    row = db.execute(query, (digest, with_row)).fetchone()
    if row is None:
        return 0
    db.execute("DELETE FROM blobs WHERE digest=?", (digest,))
    books.gave_up(BLOBS, row[1])
    loss.add(with_row or row[0], blobs=1, size=row[1])
    return int(row[1])
