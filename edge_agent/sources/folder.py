"""Replays the files of a folder as if they came from a camera, in sorted order.

A file that cannot be read is counted and passed over. In a loop each pass takes what is in the folder
by then; a pass that finds nothing is followed by a pause. It never waits for new files without `loop`.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from edge_agent.errors import SourceError
from edge_agent.log import log, warn
from edge_agent.sources.base import Alerts, Captured, SourceHealth
from edge_agent.sources.config import FolderSourceConfig
from kits.core.harmless import readable

MEDIA_TYPES = {
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".jpe": "image/jpeg",
    ".jfif": "image/jpeg",
    ".png": "image/png",
    ".bmp": "image/bmp",
    ".tif": "image/tiff",
    ".tiff": "image/tiff",
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
_EMPTY_PAUSE_S = 1.0
_EMPTY_PAUSE_MAX_S = 30.0


class FolderSource:
    """A `Source` of the files below a folder; a single file is a folder of one.

    Args:
        empty_pause_s: first pause after a pass that found nothing, seconds.
    """

    def __init__(
        self, config: FolderSourceConfig, alerts: Alerts, *, empty_pause_s: float = _EMPTY_PAUSE_S
    ) -> None:
        self._config = config
        self._alerts = alerts
        self._empty_pause_s = empty_pause_s
        self._closed = threading.Event()
        self.health = SourceHealth()
        self.live = False

    def samples(self) -> Iterator[Captured]:
        try:
            yield from self._passes()
        finally:
            self.health.end()

    def close(self) -> None:
        self._closed.set()

    def _passes(self) -> Iterator[Captured]:
        self.health.capture.beat()
        files, pause_s = self._files(), self._empty_pause_s
        while True:
            before = self.health.captured
            yield from self._one_pass(files)
            if self._closed.is_set() or not self._config.loop:
                return
            if self.health.captured > before:
                pause_s = self._empty_pause_s
            else:
                self._lost()
                if self.health.capture.wait(self._closed, pause_s):
                    return
                pause_s = min(pause_s * 2, _EMPTY_PAUSE_MAX_S)
            files = self._found()

    def _one_pass(self, files: Sequence[Path]) -> Iterator[Captured]:
        period_s = 1 / self._config.rate_hz if self._config.rate_hz else 0.0
        due = time.monotonic()
        for file in files:
            if self._closed.is_set():
                return
            self.health.capture.beat()
            captured = self._read(file)
            if captured is None:
                continue
            self._back()
            self.health.captured += 1
            self.health.capture.rest()
            yield captured
            due = max(due + period_s, time.monotonic())
            self.health.capture.wait(self._closed, due - time.monotonic())

    def _found(self) -> list[Path]:
        root = self._config.path
        try:
            if root.is_file():
                return [root]
            return sorted(p for p in root.rglob("*") if p.suffix.lower() in MEDIA_TYPES)
        except OSError as error:  # no right to look, or it changed meanwhile
            warn("folder_not_listed", source=self._config.name, error=error.strerror)
            return []

    def _files(self) -> list[Path]:
        """What is there at the start. Raises SourceError when that is nothing."""
        root = self._config.path
        if not root.exists():
            raise SourceError("no such folder", where=str(root), fix="set source.path")
        files = self._found()
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
            self._complain(file, error.strerror or type(error).__name__)
            return None
        if not content.startswith(_MAGIC.get(media_type, b"")) or not content:
            self._complain(file, f"not {media_type}")
            return None
        name = f"{self._config.name}/{readable(file.name)}"
        # a file replayed twice shows the same part: it must never be trained and tested on
        group = part_of(file.name, self._config.group_by) or name
        return Captured(content, media_type, name, group=group)

    def _complain(self, file: Path, why: str) -> None:
        self.health.corrupt += 1
        text = f"{readable(file.name)} cannot be read: {why}"
        self._alerts("corrupt-sample", "warning", text)

    def _lost(self) -> None:
        if self.health.up:
            self.health.up = False
            warn("source_lost", source=self._config.name, why="no readable file")
            text = f"{self._config.name}: no file can be read; looking again"
            self._alerts("source-lost", "error", text)

    def _back(self) -> None:
        if not self.health.up:
            self.health.up = True
            log("source_back", source=self._config.name)
            self._alerts("source-lost", "info", f"{self._config.name}: there are files again")


def part_of(name: str, group_by: str) -> str:
    """Which part a file shows, by its name, as the import of a project finds it; empty: nobody says."""
    match = re.search(group_by, readable(name)) if group_by else None
    if match is None:
        return ""
    return (match[1] or "") if match.re.groups else match[0]
