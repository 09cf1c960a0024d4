"""TensorRT engines on disk, by the identity of all they were made of.

The key is the digest of the ONNX bytes with the builder's flags, versions and GPU; never a file
name: two trainings of one architecture have the same names and the same graph. A file is its
engine's digest followed by the engine, so that a torn or changed one is noticed. A disk that takes
nothing costs only the next start's time.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import os
import time
from pathlib import Path

from edge_agent.errors import EngineMissingError
from edge_agent.log import log, warn
from kits.core.files import write_atomically

_DIGEST_BYTES = 32
_TORN_S = 3600


class EngineCache:
    """Engines and the builds that failed.

    Args:
        folder: made when the first engine is kept.
        limit_bytes: engines kept; the least recently used go first.
        retry_s: a failed build is not tried again before this.
    """

    def __init__(
        self, folder: Path, *, limit_bytes: int = 2 << 30, retry_s: float = 86_400
    ) -> None:
        self.folder = folder
        self._limit_bytes = limit_bytes
        self._retry_s = retry_s

    def get(self, key: str) -> bytes | None:
        """The engine, or None when there is none.

        Raises:
            EngineMissingError: the stored engine was damaged, and is removed.
        """
        path = self._path(key)
        try:
            stored = path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            warn("engine_unreadable", key=key[:12], error=str(error))
            return None
        engine = stored[_DIGEST_BYTES:]
        if not hmac.compare_digest(hashlib.sha256(engine).digest(), stored[:_DIGEST_BYTES]):
            self.forget(key)
            raise EngineMissingError("the kept engine was damaged")
        with contextlib.suppress(OSError):  # a read-only disk: the order of use stays unknown
            os.utime(path)
        return engine

    def put(self, key: str, engine: bytes) -> bool:
        """Keeps an engine; False when the disk does not take it."""
        try:
            write_atomically(self._path(key), hashlib.sha256(engine).digest() + engine)
            self._failure(key).unlink(missing_ok=True)
        except OSError as error:
            warn("engine_not_kept", key=key[:12], bytes=len(engine), error=str(error))
            return False
        with contextlib.suppress(OSError):  # another process tidied up at the same moment
            self._shrink(keep=key)
        return True

    def forget(self, key: str) -> None:
        """Removes an engine."""
        with contextlib.suppress(OSError):  # a disk that lets nothing go: it is refused again
            self._path(key).unlink(missing_ok=True)
        log("engine_removed", key=key[:12])

    def failed(self, key: str, reason: str) -> None:
        """Notes that a build failed."""
        try:
            write_atomically(self._failure(key), reason.encode())
        except OSError as error:
            warn("engine_failure_not_kept", key=key[:12], error=str(error))

    def recent_failure(self, key: str) -> str:
        """Why this build failed not long ago; empty when it may be tried."""
        path = self._failure(key)
        try:
            age_s = time.time() - path.stat().st_mtime
            # a clock that was set back must not forbid a build for years
            return path.read_text() if 0 <= age_s < self._retry_s else ""
        except OSError:
            return ""

    def _path(self, key: str) -> Path:
        return self.folder / f"{key}.engine"

    def _failure(self, key: str) -> Path:
        return self.folder / f"{key}.failed"

    def _shrink(self, keep: str) -> None:
        for torn in self.folder.glob(".*.tmp"):  # left by a power cut while an engine was written
            if time.time() - torn.stat().st_mtime > _TORN_S:
                torn.unlink()
        found = sorted(
            ((path.stat(), path) for path in self.folder.glob("*.engine")),
            key=lambda pair: pair[0].st_mtime,
        )
        total = sum(stat.st_size for stat, _ in found)
        for stat, path in found:
            if total <= self._limit_bytes:
                return
            if path.stem != keep:
                self.forget(path.stem)
                total -= stat.st_size
