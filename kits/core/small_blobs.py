"""Many small blobs in one SQLite file: a lead or a mail is no file of its own.

Knows digests and bytes only; checking what is read against its digest is `blobs.py`'s, and so is which blobs
are small. What is added together is one transaction: there as a whole or not at all, whenever the power goes.
What is deleted is overwritten with zeros, so that one person's bytes go from among all others'.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
import threading
import weakref
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from kits.core.errors import DataError
from kits.core.files import write_atomically

if TYPE_CHECKING:
    import sqlite3

FILE = "small.sqlite"
_FORMAT = 1
_BUSY_S = 60.0
"""Another program that writes is waited for as long; 100,000 leads take it two seconds."""
_CACHE_KIB = 1 << 16
"""Up to here all that is written waits in memory, and readers wait for the end of a writer only."""
_T = TypeVar("_T")


class SmallBlobs:
    """The small blobs of a folder. Threads and processes may read and write at the same time."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE
        self._text = str(self.path)
        self._reader: _Reader | None = None

    def __getstate__(self) -> dict[str, object]:
        return {**self.__dict__, "_reader": None}  # another process opens the file itself

    def get(self, digest: str) -> bytes | None:
        """The bytes that lie under a digest; None when there are none.

        Raises:
            DataError: the file is damaged, or another program has written to it for a minute.
        """
        return self._ask(lambda reader: reader.content(digest), None)

    def has(self, digest: str) -> bool:
        """Whether there are bytes under this digest. Raises DataError as `get`."""
        return self._ask(lambda reader: reader.knows(digest), False)

    def digests(self) -> list[str]:
        """All digests, sorted. Raises DataError as `get`."""
        return self._ask(lambda reader: reader.digests(), [])

    def add(
        self, blobs: Iterable[tuple[str, bytes]], before_commit: Callable[[], None] = lambda: None
    ) -> None:
        """Adds (digest, bytes): all of them are durable when this returns, none when it raises.

        A digest that is there already stays as it is.

        Args:
            before_commit: when it raises, nothing is added.

        Raises:
            DataError: the disk is full; or as `get`.
        """
        self._create()
        rows = ((bytes.fromhex(digest), content) for digest, content in blobs)
        with self._writing() as db:
            db.executemany("INSERT OR IGNORE INTO blobs VALUES (?, ?)", rows)
            before_commit()

    def delete(self, digest: str) -> int:
        """Overwrites the bytes under a digest and forgets it; how many they were.

        Raises:
            DataError: the disk is full; or as `get`.
        """
        if not self.has(digest):
            return 0
        with self._writing() as db:
            key = (bytes.fromhex(digest),)
            found = db.execute("SELECT length(content) FROM blobs WHERE digest = ?", key).fetchall()
            db.execute("DELETE FROM blobs WHERE digest = ?", key)
        return int(found[0][0]) if found else 0

    def rewrite(self) -> None:
        """Writes the file anew: pages also hold copies of bytes that were moved about in them, which deleting does not reach.

        Raises:
            DataError: there is no room for a second file; or as `get`.
        """
        if not self.path.exists():
            return
        with self._told(), contextlib.closing(_connect(self.path)) as db:
            db.execute("VACUUM")

    def _create(self) -> None:
        """An empty file with its table, or none: nobody finds a file without one."""
        if self.path.exists():
            return
        with self._told(), tempfile.TemporaryDirectory() as folder:
            made = Path(folder) / FILE
            with contextlib.closing(_connect(made)) as db:
                db.execute("CREATE TABLE blobs (digest BLOB PRIMARY KEY, content BLOB NOT NULL)")
                db.execute(f"PRAGMA user_version = {_FORMAT}")
            content = made.read_bytes()
        with contextlib.suppress(FileExistsError):  # another program was quicker
            write_atomically(self.path, content, new=True)

    @contextlib.contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction, which no reader sees before its end."""
        with self._told(), contextlib.closing(_connect(self.path)) as db:
            db.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
            db.execute("PRAGMA secure_delete = ON")
            db.execute("PRAGMA synchronous = EXTRA")  # the removal of the journal is durable, too
            db.execute("BEGIN IMMEDIATE")
            yield db
            db.execute("COMMIT")

    def _ask(self, question: Callable[[_Reader], _T], absent: _T) -> _T:
        try:
            state = os.stat(self._text)  # noqa: PTH116  (asked for each blob: a text is quicker)
        except FileNotFoundError:
            return absent
        file = (os.getpid(), state.st_dev, state.st_ino)
        with self._told():
            reader = self._reader
            if reader is None or reader.file != file:  # after a fork, or in a folder made anew
                reader = self._reader = _Reader(self.path, file)
            return question(reader)

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        """What SQLite complains about, for people."""
        import sqlite3

        try:
            yield
        except sqlite3.Error as error:
            raise DataError(
                f"the small blobs cannot be used: {error}",
                where=self._text,
                fix="make room on the disk and close other programs that use it; if it is damaged, "
                "take it from a backup or import into a new folder",
            ) from error


class _Reader:
    """The open file, asked by one thread at a time.

    Attributes:
        file: process, device and inode that it was opened for.
    """

    def __init__(self, path: Path, file: tuple[int, int, int]) -> None:
        self.file = file
        self._lock = threading.Lock()
        self._db = _connect(path)
        weakref.finalize(self, self._db.close)

    def content(self, digest: str) -> bytes | None:
        rows = self._rows("SELECT content FROM blobs WHERE digest = ?", bytes.fromhex(digest))
        return rows[0] if rows else None

    def knows(self, digest: str) -> bool:
        return bool(self._rows("SELECT digest FROM blobs WHERE digest = ?", bytes.fromhex(digest)))

    def digests(self) -> list[str]:
        return [key.hex() for key in self._rows("SELECT digest FROM blobs ORDER BY digest")]

    def _rows(self, query: str, *values: bytes) -> list[bytes]:
        with self._lock:
            return [row[0] for row in self._db.execute(query, values).fetchall()]


def _connect(path: Path) -> sqlite3.Connection:
    import sqlite3

    return sqlite3.connect(path, timeout=_BUSY_S, isolation_level=None, check_same_thread=False)
