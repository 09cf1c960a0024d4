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
from kits.core.files import sweep_torn, write_atomically

_DIGEST_BYTES = 32
_WRONG_BUILDS = 3
"""So many engines of one model that compute something else, and it is left alone for a while."""


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
        return self._recent(self._failure(key))

    def distrust(self, key: str, reason: str) -> bool:
        """Removes an engine that computes something else than it should.

        Builds of one model differ, so the next one may be right. After a few of them it is no
        accident, and counts as a build that failed.

        Returns:
            Whether another one may be built.
        """
        self.forget(key)
        wrong = [*self._recent(self._wrong(key)).splitlines(), " ".join(reason.split())]
        if len(wrong) < _WRONG_BUILDS:
            try:
                write_atomically(self._wrong(key), "\n".join(wrong).encode())
            except OSError as error:  # what cannot be counted is not repeated
                warn("wrong_engine_not_noted", key=key[:12], error=str(error))
                return False
            return True
        self.failed(key, f"built {len(wrong)} times and wrong each time: {wrong[-1]}")
        with contextlib.suppress(OSError):
            self._wrong(key).unlink(missing_ok=True)
        return False

    def _recent(self, path: Path) -> str:
        """What was noted not long ago."""
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

    def _wrong(self, key: str) -> Path:
        return self.folder / f"{key}.wrong"

    def _shrink(self, keep: str) -> None:
        sweep_torn(self.folder)
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
