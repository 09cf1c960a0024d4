"""A hot folder: another program, as a camera's own, saves a file for each part, and each is decided once.

Files that were there before the agent are no parts that pass now: they are told and set aside. What was decided goes to the
folder `decided` of its day, is deleted, or stays. A file that cannot be read is a part all the same: the safe side decides.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Final

from edge_agent.log import log, warn
from edge_agent.sources.arriving import MISSED, Arrived, Arriving, Stamp
from edge_agent.sources.base import Alerts, Captured, SourceHealth
from edge_agent.sources.config import HotFolderSourceConfig
from edge_agent.sources.folder import part_of
from edge_agent.sources.putting_away import PuttingAway
from kits.core.harmless import readable
from kits.core.sample import utc_now

_SHARE: Final = 4
"""A look at a large folder is followed by a pause of so many times its length, so that it takes a fifth of a processor."""
_LONGEST_PAUSE_S: Final = 30.0


class HotFolderSource:
    """A `Source` of the files that come into a folder.

    Args:
        first_pause_s: after the first look that failed, seconds; it grows.
    """

    def __init__(
        self, config: HotFolderSourceConfig, alerts: Alerts, *, first_pause_s: float = 0.5
    ) -> None:
        self._config = config
        self._alerts = alerts
        self._first_pause_s = self._pause_s = first_pause_s
        self._closed = threading.Event()
        self._arriving = Arriving(config.path, config.settle_s)
        self._last_mono = time.monotonic()
        self._away = PuttingAway(config, alerts, self._arriving.forget, self._arriving.is_known)
        self._has_looked = False
        self.health = SourceHealth()
        self.live = True

    def samples(self) -> Iterator[Captured]:
        try:
            while not self._closed.is_set():
                self.health.capture.beat()
                yield from self._one_look()
                pause_s = max(self._config.poll_s, _SHARE * self._arriving.took_s)
                self.health.capture.wait(self._closed, min(pause_s, _LONGEST_PAUSE_S))
        finally:
            self.health.end()

    def close(self) -> None:
        self._closed.set()

    def _one_look(self) -> Iterator[Captured]:
        self._away.again()
        looking = self._arriving.look()
        came = False
        while not self._closed.is_set():
            try:
                one = next(looking, None)
            except OSError as error:
                self._is_away(error)
                return
            self._set_aside(self._arriving.before)
            self._has_looked = True
            if one is None:
                break
            came = True
            if not one.again:
                yield self._captured(one)
            self._away.take(one.path, one.stamp)
            self.health.capture.beat()
        self._pause_s = self._first_pause_s
        if self._arriving.held_up:
            self._lost(f"files cannot be read: {self._arriving.held_up}")
        elif came or not self._is_stale():
            self._back()
        else:
            self._lost(f"no file for {self._config.stale_s:g} s")

    def _captured(self, one: Arrived) -> Captured:
        self._last_mono = time.monotonic()
        self.health.captured += 1
        self.health.capture.rest()
        name = f"{self._config.name}/{readable(one.path.name)}"
        ago = timedelta(seconds=self._last_mono - one.first_seen_mono)
        return Captured(
            one.content, one.media_type, name,
            captured_at=utc_now() - ago, captured_mono=one.first_seen_mono,
            group=part_of(one.path.name, self._config.group_by),
        )  # fmt: skip

    # -- a folder that is away ---------------------------------------------------------------------

    def _is_away(self, error: OSError) -> None:
        self._lost(f"{self._config.path}: {error.strerror or error}")
        self._arriving.begin_anew()
        self.health.reconnects += 1
        self.health.capture.wait(self._closed, self._pause_s)
        self._pause_s = min(2 * self._pause_s, _LONGEST_PAUSE_S)

    def _is_stale(self) -> bool:
        limit_s = self._config.stale_s
        return bool(limit_s) and time.monotonic() - self._last_mono > limit_s

    def _lost(self, why: str) -> None:
        if self.health.up:
            self.health.up = False
            warn("source_lost", source=self._config.name, why=why)
            self._alerts("source-lost", "error", f"{self._config.name}: {why}; looking again")

    def _back(self) -> None:
        if not self.health.up:
            self.health.up = True
            log("source_back", source=self._config.name)
            self._alerts("source-lost", "info", f"{self._config.name}: files come again")

    # -- what came while nobody looked --------------------------------------------------------------

    def _set_aside(self, before: Mapping[Path, Stamp]) -> None:
        """Parts that passed meanwhile: told, and out of the way of those that come."""
        if not before:
            return
        self._arriving.before = {}
        keeps = self._config.done == "keep"
        if keeps and not self._has_looked:  # they may have been decided in another life
            log("files_passed_over", source=self._config.name, files=len(before))
            return
        for path, stamp in before.items():
            self._away.take(path, stamp, missed=True)
        text = f"{len(before)} files came while the agent did not look, and were not decided"
        text += "" if keeps else f"; they are in the folder {MISSED}"
        self.health.dropped += len(before)
        self._alerts("parts-missed", "warning", f"{self._config.name}: {text}")
