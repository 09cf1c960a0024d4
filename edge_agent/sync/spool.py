"""The spool: bytes that wait for the hub, by digest. Who refers to them is the outbox's business."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from pathlib import Path

from edge_agent.log import warn
from kits.core.blobs import FolderBlobStore


class Spool:
    """A folder of blobs; writing is atomic, storing twice equals once."""

    def __init__(self, root: Path) -> None:
        self._store = FolderBlobStore(root)

    def put(self, content: bytes) -> str:
        """Stores bytes durably, returns their digest. Raises OSError when the disk takes nothing."""
        return self._store.put(content)

    def has(self, digest: str) -> bool:
        """Whether the bytes are there."""
        return self._store.has(digest)

    def get(self, digest: str) -> bytes:
        """The bytes.

        Raises:
            DataError: absent or damaged.
            OSError: the disk does not give them.
        """
        return self._store.get(digest)

    def delete(self, digest: str) -> int:
        """Frees the bytes; returns how many. What the disk keeps is swept at the next start."""
        try:
            return self._store.delete(digest)
        except OSError as error:
            warn("blob_not_deleted", digest=digest[:12], error=error)
            return 0

    def clear_torn(self) -> None:
        """Deletes what writers left that were killed half-way; only while nobody writes."""
        self._store.sweep()

    def sweep(self, wanted: AbstractSet[str]) -> int:
        """Deletes blobs nobody refers to (a crash between blob and row leaves one)."""
        orphans = [digest for digest in self._store.digests() if digest not in wanted]
        for digest in orphans:
            self.delete(digest)
        return len(orphans)
