"""Content-addressed bytes in a folder: `sha256/ab/cd…`, and small ones together. The digest is the identity.

Writing is atomic (temporary file, fsync, rename, fsync of the folder; one transaction for small ones), so a
power cut leaves either the whole blob or none. It does not count references: the owner of the folder does.
"""

from __future__ import annotations

import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from kits.core.errors import DataError
from kits.core.files import make_folder, sync, write_atomically
from kits.core.sample import digest_of
from kits.core.small_blobs import SmallBlobs

SMALL_BYTES = 1 << 14
"""Up to here, bytes that come many at once are no file of their own: beyond, a file is as quick."""
_IN_MEMORY_BYTES = 1 << 26
_HEX = frozenset("0123456789abcdef")


class BlobStore(Protocol):
    """Where bytes live under their SHA-256."""

    def put(self, content: bytes) -> str:
        """Stores `content`, returns its digest; storing twice equals once."""

    def get(self, digest: str) -> bytes:
        """The bytes. Raises DataError when absent or damaged."""

    def has(self, digest: str) -> bool:
        """Whether the bytes are there."""


class FolderBlobStore:
    """A `BlobStore` in a local folder. Threads and processes may read and write at the same time."""

    def __init__(self, root: Path) -> None:
        self.root = root / "sha256"
        self._small = SmallBlobs(self.root)

    def path(self, digest: str) -> Path:
        """Where the blob lies (or would lie) when it has a file of its own: not one of many put at once.

        Raises:
            DataError: `digest` is not 64 hex digits; guards against paths from outside.
        """
        _check(digest)
        return self.root / digest[:2] / digest[2:]

    def put(self, content: bytes) -> str:
        digest = digest_of(content)
        target = self.path(digest)
        if target.exists():
            sync(target.parent)  # whoever wrote it may have died before doing so
        elif not self._small.has(digest):
            write_atomically(target, content)
        return digest

    @contextmanager
    def at_once(self) -> Iterator[BlobStore]:
        """A store for many bytes, which reach the disk together: waiting for it one by one takes minutes.

        They are in this store once the block has ended; when it raises, none of them is.
        """
        bulk = _Bulk(self, self._small)
        try:
            yield bulk
            bulk.settle()
        finally:
            bulk.clear()

    def get(self, digest: str) -> bytes:
        _check(digest)
        small = self._small.get(digest)
        content = self._read(digest) if small is None else small
        if digest_of(content) != digest:
            place = self.path(digest) if small is None else self._small.path
            raise DataError("a stored blob is damaged", where=f"{place} ({digest[:12]})")
        return content

    def _read(self, digest: str) -> bytes:
        try:
            return self.path(digest).read_bytes()
        except FileNotFoundError:
            raise DataError(
                "these bytes are not in the store", where=digest, fix="import the data again"
            ) from None

    def has(self, digest: str) -> bool:
        return self.path(digest).exists() or self._small.has(digest)

    def delete(self, digest: str) -> int:
        """Removes the blob, returns the bytes freed (0 when it was not there).

        A small one among others is overwritten; its room is used for the next ones.
        """
        path = self.path(digest)
        small = self._small.delete(digest)
        try:
            size = path.stat().st_size
            path.unlink()
        except FileNotFoundError:
            return small
        return max(size, small)

    def clear_traces(self) -> None:
        """Leaves nothing of small blobs that were deleted, wherever their bytes once lay.

        Raises:
            DataError: there is no room for a second file of them, or another program has written to it for a minute.
        """
        self._small.rewrite()

    def digests(self) -> Iterator[str]:
        """All digests in the store, each once."""
        small = self._small.digests()
        yield from small
        known = set(small)
        for folder in sorted(self.root.glob("??")):
            for file in sorted(folder.iterdir()):
                digest = folder.name + file.name
                if len(digest) == 64 and digest not in known:
                    yield digest

    def sweep(self) -> int:
        """Removes what writers left that were killed half-way; only while nobody writes."""
        torn = list(self.root.glob("??/.*.tmp"))
        for file in torn:
            file.unlink(missing_ok=True)
        return len(torn)


class _Bulk:
    """Bytes that are in no store until all of them are on the disk: small ones together, others as files.

    Files have other names than their digest's till then. Works with names as texts: of tens of thousands of
    files, path objects cost more than the writing.
    """

    def __init__(self, store: FolderBlobStore, small: SmallBlobs) -> None:
        self._store = store
        self._small = small
        self._root = str(store.root)
        self._waiting: dict[str, tuple[str, str]] = {}
        self._together: dict[str, tuple[int, int]] = {}
        self._folders: dict[str, bool] = {}
        make_folder(store.root)
        # a file without a name: whatever happens, nothing of it stays
        self._spool = tempfile.SpooledTemporaryFile(_IN_MEMORY_BYTES, dir=self._root)  # noqa: SIM115

    def put(self, content: bytes) -> str:
        digest = digest_of(content)
        if digest in self._waiting or digest in self._together or self._has_file(digest):
            return digest
        if len(content) <= SMALL_BYTES:
            self._together[digest] = (self._spool.seek(0, os.SEEK_END), len(content))
            self._spool.write(content)
        elif not self._small.has(digest):
            self._write(digest, content)
        return digest

    def _has_file(self, digest: str) -> bool:
        """Few stores have files of small blobs: only older ones are asked for each."""
        folder = f"{self._root}/{digest[:2]}"
        if folder not in self._folders:
            self._folders[folder] = os.path.isdir(folder)  # noqa: PTH112  (a text)
        return self._folders[folder] and os.path.exists(f"{folder}/{digest[2:]}")  # noqa: PTH110

    def _write(self, digest: str, content: bytes) -> None:
        folder, name = f"{self._root}/{digest[:2]}", digest[2:]
        if not self._folders[folder]:
            make_folder(Path(folder))
            self._folders[folder] = True
        temporary = f"{folder}/.{name}.{secrets.token_hex(4)}.tmp"
        self._waiting[digest] = (temporary, f"{folder}/{name}")
        with open(temporary, "wb") as file:
            file.write(content)

    def get(self, digest: str) -> bytes:
        together, waiting = self._together.get(digest), self._waiting.get(digest)
        if together is not None:
            return self._spooled(*together)
        return self._store.get(digest) if waiting is None else Path(waiting[0]).read_bytes()

    def _spooled(self, offset: int, size: int) -> bytes:
        self._spool.seek(offset)
        return self._spool.read(size)

    def has(self, digest: str) -> bool:
        return digest in self._waiting or digest in self._together or self._store.has(digest)

    def settle(self) -> None:
        """Gives everything its name, after all of it is on the disk."""
        if self._together:
            small = ((digest, self._spooled(*at)) for digest, at in self._together.items())
            self._small.add(small, before_commit=self._settle_files)
        else:
            self._settle_files()

    def _settle_files(self) -> None:
        if not self._waiting:
            return
        os.sync()
        folders = set()
        for digest in list(self._waiting):
            temporary, target = self._waiting[digest]
            os.replace(temporary, target)  # noqa: PTH105  (texts)
            del self._waiting[digest]
            folders.add(target.rpartition("/")[0])
        for folder in sorted(folders):
            sync(Path(folder))

    def clear(self) -> None:
        """Takes away what has no name yet."""
        self._spool.close()
        for temporary, _ in self._waiting.values():
            Path(temporary).unlink(missing_ok=True)
        self._waiting.clear()


def _check(digest: str) -> None:
    if len(digest) != 64 or not _HEX.issuperset(digest):
        raise DataError("not a SHA-256 digest", where=digest[:80])
