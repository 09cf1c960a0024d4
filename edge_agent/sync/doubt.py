"""Commits that a disk error followed: they may stand all the same, and then nothing is stored twice.

SQLite may report an error after the journal has the whole transaction. What stands is found out in the
first transaction after the file was opened anew, before any row of it can reach the hub; the writer
hands the same entries in again later, in other groups perhaps.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from edge_agent.sync.tables import per_class

Key = tuple[str, str, str]
"""As `Prepared.key`."""

_SINCE = per_class("SELECT seq, at, body FROM ROWS WHERE seq>=?")


class Doubt:
    """What is known of the newest transaction that appended, and rows that turned out to stand."""

    def __init__(self) -> None:
        self._since: tuple[str, int] | None = None
        self._epoch = ""
        self._stands: dict[Key, int] = {}

    @property
    def open(self) -> bool:
        """Whether nobody knows how the newest one ended."""
        return self._since is not None

    def begin(self, db: sqlite3.Connection, epoch: str, next_seq: int) -> None:
        """A transaction begins; inside it what stands of those before is found out."""
        if epoch != self._epoch:
            self._epoch = epoch
            self._stands.clear()
        if self._since is not None and self._since[0] == epoch:
            for klass, query in _SINCE.items():
                for seq, at, body in db.execute(query, (self._since[1],)):
                    self._stands[klass, at, body] = seq
        self._since = epoch, next_seq

    def seq_of(self, key: Key) -> int | None:
        """The number of a row that stands already."""
        return self._stands.get(key)

    def stood(self, keys: Iterable[Key]) -> None:
        """The transaction stands; these rows are not handed in again."""
        self._since = None
        for key in keys:
            self._stands.pop(key, None)

    def rolled_back(self, epoch: str, next_seq: int) -> None:
        """For certain; `next_seq` is what it was before."""
        if self._since == (epoch, next_seq):
            self._since = None
