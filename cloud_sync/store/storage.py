"""Content-addressed bytes on any object store, by five functions: put, get, has, size, delete.

obstore does the work: a local folder by default, S3 by URL. The digest is the identity and is
checked when bytes come in; `stream` reads a byte range without holding the whole object. Which
rows refer to a digest is not known here. That bytes lie here says little (they may be torn by a
power cut): the row of a blob, written after them, says that they are whole.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from cloud_sync.errors import NotFoundError
from kits.core.errors import ConfigError, DataError, UnreachableError
from kits.core.files import sync
from kits.core.sample import digest_of

READ_BYTES = 1 << 20
CLIENT = {"connect_timeout": "5s", "timeout": "120s"}
RETRY = {"max_retries": 3, "retry_timeout": timedelta(seconds=20)}
"""A storage that is away is found away in seconds: who asked tries again, or says so."""
_FEW = 8
"""So few are quicker brought to the disk one by one than with all that the machine has to write."""
_HEX = frozenset("0123456789abcdef")


class Storage:
    """Bytes under their SHA-256; a `kits.core.blobs.BlobStore` with sizes, ranges and deletion.

    Args:
        store: an obstore store.
        folder: where its files lie, when it is a local folder.
    """

    def __init__(self, store: Any, folder: Path | None = None) -> None:
        self._store = store
        self._folder = folder
        self._durable: set[Path] = set()  # folders that outlive a power cut: at most 256

    def put(self, content: bytes, *, expected: str = "") -> str:
        """Stores `content` and returns its digest; twice equals once.

        Args:
            expected: the digest it must have, if any.

        Raises:
            DataError: it has another digest than expected.
            UnreachableError: the storage cannot be used.
        """
        import obstore

        digest = digest_of(content)
        if expected and digest != expected:
            raise _mistaken(expected)
        with _reached():
            # also over bytes that lie there: nobody knows here whether they are whole
            obstore.put(self._store, _path(digest), content)
            self._sync(digest)
        return digest

    def put_many(self, contents: Sequence[bytes]) -> list[str]:
        """Stores many small ones, which reach the disk together; their digests.

        Raises:
            UnreachableError: the storage cannot be used.
        """
        import obstore

        if len(contents) <= _FEW:
            return [self.put(content) for content in contents]
        digests = [digest_of(content) for content in contents]
        with _reached():
            for digest, content in zip(digests, contents):
                obstore.put(self._store, _path(digest), content)
        if self._folder is not None:
            os.sync()  # of each file and folder alone takes ten times as long
        return digests

    def put_file(self, path: Path, digest: str) -> None:
        """Stores a file that must have `digest`, without holding it in memory.

        Raises:
            DataError: the file's bytes have another digest.
            FileNotFoundError: there is no such file.
            UnreachableError: the storage cannot be used.
        """
        import obstore

        with open(path, "rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        if found != digest:
            raise _mistaken(digest)
        with _reached():
            obstore.put(self._store, _path(digest), path)
            self._sync(digest)

    def get(self, digest: str) -> bytes:
        """The bytes.

        Raises:
            NotFoundError: not in the store.
            DataError: damaged in the store.
            UnreachableError: the storage cannot be used.
        """
        import obstore

        try:
            with _reached():
                content = bytes(obstore.get(self._store, _path(digest)).bytes())
        except FileNotFoundError:
            raise _absent(digest) from None
        if digest_of(content) != digest:
            raise _damaged(digest)
        return content

    def check(self, digest: str) -> None:
        """Reads all of it, without holding it in memory.

        Raises:
            NotFoundError: not in the store.
            DataError: damaged in the store.
            UnreachableError: the storage cannot be used.
        """
        hashed = hashlib.sha256()
        for piece in self.stream(digest):
            hashed.update(piece)
        if hashed.hexdigest() != digest:
            raise _damaged(digest)

    def has(self, digest: str) -> bool:
        """Whether the bytes are there."""
        if self._folder is not None:
            return (self._folder / _path(digest)).is_file()
        return self._head(digest) is not None

    def size(self, digest: str) -> int:
        """Number of bytes.

        Raises:
            NotFoundError: not in the store.
        """
        head = self._head(digest)
        if head is None:
            raise _absent(digest)
        return head

    def delete(self, *digests: str) -> None:
        """Removes bytes; absent ones are fine.

        Raises:
            UnreachableError: the storage cannot be used.
        """
        paths = [_path(digest) for digest in digests]
        # a folder is quick, and stops at the first file that is absent
        if self._folder is not None or not self._delete_at_once(paths):
            for path in paths:
                self._delete_at_once([path])

    def _delete_at_once(self, paths: list[str]) -> bool:
        """One request for many, where the store has such; False when one of them was absent."""
        import obstore

        try:
            with _reached():
                obstore.delete(self._store, paths)
        except FileNotFoundError:
            return False
        return True

    def stream(self, digest: str, first: int = 0, last: int | None = None) -> Iterator[bytes]:
        """Bytes `first` to `last` (inclusive; None: to the end) in pieces of at most 1 MiB.

        Raises:
            NotFoundError: not in the store; raised before the first piece.
        """
        end = self.size(digest) if last is None else last + 1
        return self._pieces(digest, first, end)

    def _pieces(self, digest: str, first: int, end: int) -> Iterator[bytes]:
        import obstore

        for start in range(first, end, READ_BYTES):
            stop = min(start + READ_BYTES, end)
            with _reached():
                piece = obstore.get_range(self._store, _path(digest), start=start, end=stop)
            yield bytes(piece)

    def _sync(self, digest: str) -> None:
        """A device deletes its copy once it is told "done", so a local file must be on the disk."""
        if self._folder is None:
            return
        file = self._folder / _path(digest)
        sync(file)
        sync(file.parent)
        if file.parent not in self._durable:
            sync(file.parent.parent)
            self._durable.add(file.parent)

    def _head(self, digest: str) -> int | None:
        import obstore

        try:
            with _reached():
                return int(obstore.head(self._store, _path(digest))["size"])
        except FileNotFoundError:
            return None


@contextmanager
def _reached() -> Iterator[None]:
    """Turns the library's errors into one of ours; that something is absent is none of them."""
    from obstore.exceptions import BaseError

    try:
        yield
    except BaseError as error:
        raise UnreachableError(
            "the storage of pictures and bundles cannot be used",
            where=str(error)[:300],
            fix="look at storage_url in hub.yaml, its credentials and the network",
        ) from error


def _damaged(digest: str) -> DataError:
    return DataError("a stored blob is damaged", where=digest, fix="cloud-sync restore")


def _mistaken(digest: str) -> DataError:
    return DataError("these bytes do not have the digest they came under", where=digest)


def open_storage(url: str, folder: Path) -> Storage:
    """The storage at `url` (`s3://bucket/prefix`, `memory://`), or in `folder` when it is empty.

    Raises:
        ConfigError: the address is not understood.
    """
    from obstore.exceptions import BaseError
    from obstore.store import LocalStore, from_url

    if not url:
        folder.mkdir(parents=True, exist_ok=True)
        return Storage(LocalStore(folder), folder)
    try:
        return Storage(from_url(url, client_options=CLIENT, retry_config=RETRY))
    except (BaseError, ValueError) as error:
        raise ConfigError(
            f"storage cannot be opened: {error}",
            where=url,
            fix="look at storage_url in hub.yaml and at its credentials",
        ) from error


def check_digest(digest: str) -> str:
    """`digest` when it is one; guards against paths from outside.

    Raises:
        DataError: it is not 64 lower-case hex digits.
    """
    if len(digest) != 64 or not _HEX.issuperset(digest):
        raise DataError("not a SHA-256 digest", where=digest[:80])
    return digest


def _path(digest: str) -> str:
    check_digest(digest)
    return f"sha256/{digest[:2]}/{digest[2:]}"


def _absent(digest: str) -> NotFoundError:
    return NotFoundError("these bytes are not in the hub's store", where=digest)
