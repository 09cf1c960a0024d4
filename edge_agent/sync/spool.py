"""The spool: bytes that wait for the hub, by digest. Who refers to them is the outbox's business."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from pathlib import Path

from kits.core.blobs import FolderBlobStore


class Spool:
    """A folder of blobs; writing is atomic, storing twice equals once."""

    def __init__(self, root: Path) -> None:
        self._store = FolderBlobStore(root)

    def put(self, content: bytes) -> str:
        """Stores bytes durably, returns their digest."""
        return self._store.put(content)

    def get(self, digest: str) -> bytes:
        """The bytes. Raises DataError when absent or damaged."""
        return self._store.get(digest)

    def delete(self, digest: str) -> int:
        """Frees the bytes; returns how many."""
        return self._store.delete(digest)

    def sweep(self, wanted: AbstractSet[str]) -> int:
        """Deletes blobs nobody refers to (a crash between blob and row leaves one)."""
        self._store.sweep()
        orphans = [digest for digest in self._store.digests() if digest not in wanted]
        for digest in orphans:
            self._store.delete(digest)
        return len(orphans)
