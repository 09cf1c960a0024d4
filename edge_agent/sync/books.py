"""The books of the outbox: per class what was committed, acknowledged, given up and still waits.

They are kept in the same transactions as the rows, so at every moment, and after every crash,
`committed = acked + lost + rows` holds for each class. They live in memory too: nobody counts a
million rows to draw a status page.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field, fields

SCHEMA = """
CREATE TABLE totals (
    klass TEXT PRIMARY KEY, rows INTEGER NOT NULL, bytes INTEGER NOT NULL,
    committed INTEGER NOT NULL, acked INTEGER NOT NULL, lost INTEGER NOT NULL);
"""

BLOBS = "b"
"""The books count blobs as a class of their own."""


@dataclass
class Count:
    """One class. `rows` and `bytes` wait now; the others count since the epoch began."""

    rows: int = 0
    bytes: int = 0
    committed: int = 0
    acked: int = 0
    lost: int = 0

    def add(self, other: Count) -> None:
        """Adds each figure of `other`."""
        for f in fields(Count):
            setattr(self, f.name, getattr(self, f.name) + getattr(other, f.name))


@dataclass
class Books:
    """Figures that stand, the changes of the transaction under way, and the next row's number."""

    next_seq: int = 1
    """The number of the next row."""
    _stand: dict[str, Count] = field(default_factory=dict)
    _moved: dict[str, Count] = field(default_factory=dict)
    _first_seq: int = 1

    def load(self, db: sqlite3.Connection) -> None:
        """Reads what stands in the file."""
        found = db.execute("SELECT klass, rows, bytes, committed, acked, lost FROM totals")
        self._stand = {str(row[0]): Count(*row[1:]) for row in found}
        self._moved = {}
        next_seq = db.execute("SELECT value FROM meta WHERE key='next_seq'").fetchone()
        self.next_seq = self._first_seq = int(next_seq[0]) if next_seq else 1

    def skip_to(self, seq: int) -> None:
        """Numbers below `seq` were used once, by rows that are gone; they are not used again."""
        self._first_seq = max(self._first_seq, seq)
        self.next_seq = max(self.next_seq, seq)

    def take_seq(self) -> int:
        """The number of the next row."""
        self.next_seq += 1
        return self.next_seq - 1

    def came(self, klass: str, size: int, rows: int = 1) -> None:
        """Rows were stored."""
        self._change(klass).add(Count(rows=rows, bytes=size, committed=rows))

    def grew(self, klass: str, size: int) -> None:
        """A row changed its size."""
        self._change(klass).bytes += size

    def arrived(self, klass: str, size: int, rows: int = 1) -> None:
        """The hub has them."""
        self._change(klass).add(Count(rows=-rows, bytes=-size, acked=rows))

    def gave_up(self, klass: str, size: int, rows: int = 1) -> None:
        """They will never arrive; a gap row says so."""
        self._change(klass).add(Count(rows=-rows, bytes=-size, lost=rows))

    def vanished(self, klass: str, rows: int) -> None:
        """Rows that a damaged journal took: committed once, not there any more."""
        self._change(klass).add(Count(committed=rows, lost=rows))

    def count(self, klass: str) -> Count:
        """The figures of a class, the transaction under way included."""
        total = Count()
        for part in (self._stand.get(klass), self._moved.get(klass)):
            if part is not None:
                total.add(part)
        return total

    def _change(self, klass: str) -> Count:
        return self._moved.setdefault(klass, Count())

    def write(self, db: sqlite3.Connection) -> None:
        """Puts the changes into the transaction; the last thing before its end."""
        db.executemany(
            "INSERT INTO totals VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (klass) DO UPDATE SET"
            " rows = rows + excluded.rows, bytes = bytes + excluded.bytes,"
            " committed = committed + excluded.committed, acked = acked + excluded.acked,"
            " lost = lost + excluded.lost",
            [(k, c.rows, c.bytes, c.committed, c.acked, c.lost) for k, c in self._moved.items()],
        )
        if self.next_seq != self._first_seq:
            db.execute("INSERT OR REPLACE INTO meta VALUES ('next_seq', ?)", (str(self.next_seq),))

    def settle(self) -> None:
        """The transaction stands."""
        for klass, change in self._moved.items():
            self._stand.setdefault(klass, Count()).add(change)
        self._moved = {}
        self._first_seq = self.next_seq

    def undo(self) -> None:
        """The transaction was rolled back."""
        self._moved = {}
        self.next_seq = self._first_seq

    def all(self) -> Mapping[str, Count]:
        """Every class that was ever used, as it stands."""
        return dict(self._stand)
