"""Content-addressed bytes in a folder: `sha256/ab/cd…`. The digest is the identity.

Writing is atomic (temporary file, fsync, rename, fsync of the folder), so a power cut leaves
either the whole blob or none. It does not count references: the owner of the folder does.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from kits.core.errors import DataError
from kits.core.files import make_folder, sync, write_atomically
from kits.core.sample import digest_of


class BlobStore(Protocol):
    """Where bytes live under their SHA-256."""

    def put(self, content: bytes) -> str:
        """Stores `content`, returns its digest; storing twice equals once."""

    def get(self, digest: str) -> bytes:
        """The bytes. Raises DataError when absent or damaged."""

    def has(self, digest: str) -> bool:
        """Whether the bytes are there."""


class FolderBlobStore:
    """A `BlobStore` in a local folder."""

    def __init__(self, root: Path) -> None:
        self.root = root / "sha256"

    def path(self, digest: str) -> Path:
        """Where the blob lies (or would lie).

        Raises:
            DataError: `digest` is not 64 hex digits; guards against paths from outside.
        """
        if len(digest) != 64 or set(digest) - set("0123456789abcdef"):
            raise DataError("not a SHA-256 digest", where=digest[:80])
        return self.root / digest[:2] / digest[2:]

    def put(self, content: bytes) -> str:
        digest = digest_of(content)
        target = self.path(digest)
        if target.exists():
            sync(target.parent)  # whoever wrote it may have died before doing so
        else:
            write_atomically(target, content)
        return digest

    @contextmanager
    def at_once(self) -> Iterator[BlobStore]:
        """A store for many bytes, which reach the disk together: waiting for it one by one takes minutes.

        They are in this store once the block has ended; when it raises, none of them is.
        """
        bulk = _Bulk(self)
        try:
            yield bulk
            bulk.settle()
        finally:
            bulk.clear()

    def get(self, digest: str) -> bytes:
        try:
            content = self.path(digest).read_bytes()
        except FileNotFoundError:
            raise DataError(
                "these bytes are not in the store", where=digest, fix="import the data again"
            ) from None
        if digest_of(content) != digest:
            raise DataError("a stored blob is damaged", where=str(self.path(digest)))
        return content

    def has(self, digest: str) -> bool:
        return self.path(digest).exists()

    def delete(self, digest: str) -> int:
        """Removes the blob, returns the bytes freed (0 when it was not there)."""
        path = self.path(digest)
        try:
            size = path.stat().st_size
            path.unlink()
        except FileNotFoundError:
            return 0
        return size

    def digests(self) -> Iterator[str]:
        """All digests in the store."""
        for folder in sorted(self.root.glob("??")):
            for file in sorted(folder.iterdir()):
                if len(file.name) == 62:
                    yield folder.name + file.name

    def sweep(self) -> int:
        """Removes what writers left that were killed half-way; only while nobody writes."""
        torn = list(self.root.glob("??/.*.tmp"))
        for file in torn:
            file.unlink(missing_ok=True)
        return len(torn)


class _Bulk:
    """Bytes under other names than their digest's until all of them are on the disk.

    Works with names as texts: of tens of thousands of small files, path objects cost more than the writing.
    """

    def __init__(self, store: FolderBlobStore) -> None:
        self._store = store
        self._root = str(store.root)
        self._waiting: dict[str, tuple[str, str]] = {}
        self._made: set[str] = set()

    def put(self, content: bytes) -> str:
        digest = digest_of(content)
        folder, name = f"{self._root}/{digest[:2]}", digest[2:]
        target = f"{folder}/{name}"
        if digest in self._waiting or os.path.exists(target):  # noqa: PTH110  (a text)
            return digest
        if folder not in self._made:
            make_folder(Path(folder))
            self._made.add(folder)
        temporary = f"{folder}/.{name}.{secrets.token_hex(4)}.tmp"
        self._waiting[digest] = (temporary, target)
        with open(temporary, "wb") as file:
            file.write(content)
        return digest

    def get(self, digest: str) -> bytes:
        waiting = self._waiting.get(digest)
        return self._store.get(digest) if waiting is None else Path(waiting[0]).read_bytes()

    def has(self, digest: str) -> bool:
        return digest in self._waiting or self._store.has(digest)

    def settle(self) -> None:
        """Gives everything its name, after all of it is on the disk."""
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
        for temporary, _ in self._waiting.values():
            Path(temporary).unlink(missing_ok=True)
        self._waiting.clear()
