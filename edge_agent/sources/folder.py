"""Replays the files of a folder as if they came from a camera, in sorted order."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

from edge_agent.config import FolderSourceConfig
from edge_agent.errors import SourceError
from edge_agent.sources.base import Alerts, Captured, SourceHealth

MEDIA_TYPES = {
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".png": "image/png",
    ".bmp": "image/bmp",
    ".webp": "image/webp",
    ".eml": "message/rfc822",
    ".json": "application/json",
    ".cbor": "application/vnd.kitwright.window+cbor",
}
_MAGIC = {
    "image/jpeg": b"\xff\xd8\xff",
    "image/png": b"\x89PNG\r\n\x1a\n",
    "image/bmp": b"BM",
    "image/webp": b"RIFF",
}


class FolderSource:
    """A `Source` of the files below a folder; a single file is a folder of one."""

    def __init__(self, config: FolderSourceConfig, alerts: Alerts) -> None:
        self._config = config
        self._alerts = alerts
        self._closed = threading.Event()
        self.health = SourceHealth()
        self.live = False

    def samples(self) -> Iterator[Captured]:
        files = self._files()
        period_s = 1 / self._config.rate_hz if self._config.rate_hz else 0.0
        due = time.monotonic()
        while True:
            for file in files:
                if self._closed.is_set():
                    return
                captured = self._read(file)
                if captured is None:
                    continue
                self.health.captured += 1
                yield captured
                due = max(due + period_s, time.monotonic())
                self._closed.wait(due - time.monotonic())
            if not self._config.loop or not self.health.captured:
                return

    def close(self) -> None:
        self._closed.set()

    def _files(self) -> list[Path]:
        root = self._config.path
        if root.is_file():
            return [root]
        if not root.is_dir():
            raise SourceError("no such folder", where=str(root), fix="set source.path")
        files = sorted(p for p in root.rglob("*") if p.suffix.lower() in MEDIA_TYPES)
        if not files:
            raise SourceError(
                "no samples in the folder",
                where=str(root),
                fix="put files there: " + " ".join(sorted(MEDIA_TYPES)),
            )
        return files

    def _read(self, file: Path) -> Captured | None:
        media_type = MEDIA_TYPES.get(file.suffix.lower(), "application/octet-stream")
        try:
            content = file.read_bytes()
        except OSError as error:
            self._complain(file, str(error))
            return None
        if not content.startswith(_MAGIC.get(media_type, b"")) or not content:
            self._complain(file, f"not {media_type}")
            return None
        name = f"{self._config.name}/{file.name}"
        # a file replayed twice shows the same part: it must never be trained and tested on
        return Captured(content, media_type, name, group=name)

    def _complain(self, file: Path, why: str) -> None:
        self.health.corrupt += 1
        self._alerts("corrupt-sample", "warning", f"{file.name} cannot be read: {why}")
