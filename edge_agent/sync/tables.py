"""The outbox's rows in SQL: one table for each class, so that what goes together lies together.

A page of the file is free only when nothing on it is left. Rows of one class come and go in the order of
their numbers (samples and labels are evicted by worth), so an eviction gives back about as many bytes of
the file as it takes rows. What is evicted and why is not decided here.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import NamedTuple

from kits.core.events import EVENT_CLASSES, EventClass


def per_class(template: str) -> dict[EventClass, str]:
    """A statement for each class; `ROWS` in it stands for the class's table."""
    return {klass: template.replace("ROWS", f"rows_{klass}") for klass in EVENT_CLASSES}


_TABLE = per_class(
    """
CREATE TABLE ROWS (
    seq INTEGER PRIMARY KEY, worth REAL NOT NULL, bytes INTEGER NOT NULL,
    held INTEGER NOT NULL, at TEXT NOT NULL, body TEXT NOT NULL, blob TEXT);
"""
)
SCHEMA = (
    "".join(_TABLE.values())
    + """
CREATE INDEX samples_by_worth ON rows_s (worth, seq);
CREATE INDEX labels_by_worth ON rows_l (worth, seq) WHERE held=0;
CREATE INDEX samples_by_blob ON rows_s (blob) WHERE blob IS NOT NULL;
"""
)
LARGE = ("rows_s", "rows_t")
"""Hold nearly all of a long backlog; alerts and labels are bounded, or few."""
_INSERT = per_class("INSERT INTO ROWS VALUES (?, ?, ?, ?, ?, ?, ?)")
_TALLY = per_class("SELECT COUNT(*), COALESCE(SUM(bytes), 0) FROM ROWS WHERE seq BETWEEN ? AND ?")
_DELETE = per_class("DELETE FROM ROWS WHERE seq BETWEEN ? AND ?")


class NewRow(NamedTuple):
    """One row as it is stored; `held` rows are never evicted, `blob` is a digest or None."""

    seq: int
    worth: float
    size: int
    held: int
    at: str
    body: str
    blob: str | None


def insert(db: sqlite3.Connection, klass: EventClass, rows: Iterable[NewRow]) -> None:
    """Stores rows of one class."""
    db.executemany(_INSERT[klass], rows)


def delete(db: sqlite3.Connection, first: int, last: int) -> list[tuple[EventClass, int, int]]:
    """Takes a range of numbers out of all classes; (class, rows, bytes) of what was there."""
    gone = []
    for klass in EVENT_CLASSES:
        rows, size = db.execute(_TALLY[klass], (first, last)).fetchone()
        if rows:
            db.execute(_DELETE[klass], (first, last))
            gone.append((klass, rows, size))
    return gone


def merged(ranges: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """The same numbers in as few ranges as possible: neighbouring frames cost one deletion."""
    merged: list[tuple[int, int]] = []
    for first, last in sorted(ranges):
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(merged[-1][1], last))
        else:
            merged.append((first, last))
    return merged
