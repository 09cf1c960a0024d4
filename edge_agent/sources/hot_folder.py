"""A hot folder: another program, as a camera's own, saves a file for each part, and each is decided once.

Files that were there before the agent are no parts that pass now: they are told and set aside. What was decided goes to the
folder `decided` of its day, is deleted, or stays. A file that cannot be read is a part all the same: the safe side decides.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from functools import partial
from itertools import count
from pathlib import Path
from typing import Final

from edge_agent.log import log, warn
from edge_agent.sources.arriving import DECIDED, MISSED, Arrived, Arriving, Stamp
from edge_agent.sources.base import Alerts, Captured, SourceHealth
from edge_agent.sources.config import HotFolderSourceConfig
from edge_agent.sources.folder import readable
from kits.core.sample import utc_now

_SHARE: Final = 4
"""A look at a large folder is followed by a pause of so many times its length, so that it takes a fifth of a processor."""
_LONGEST_PAUSE_S: Final = 30.0
_DONE: Final = {"move": "moved", "delete": "deleted"}


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
        self._stuck = False
        self._has_looked = False
        self.health = SourceHealth()
        self.live = True

    def samples(self) -> Iterator[Captured]:
        try:
            while not self._closed.is_set():
                self.health.capture.beat()
                began = time.monotonic()
                yield from self._one_look()
                looked_s = time.monotonic() - began
                pause_s = max(self._config.poll_s, _SHARE * looked_s)
                self.health.capture.wait(self._closed, min(pause_s, _LONGEST_PAUSE_S))
        finally:
            self.health.end()

    def close(self) -> None:
        self._closed.set()

    def _one_look(self) -> Iterator[Captured]:
        looking = self._arriving.look()
        came = False
        while not self._closed.is_set():
            try:
                one = next(looking, None)
            except OSError as error:
                self._away(error)
                return
            self._set_aside(self._arriving.before)
            self._has_looked = True
            if one is None:
                break
            came = True
            if not one.again:
                yield self._captured(one)
            self._put_away(one)
            self.health.capture.beat()
        self._pause_s = self._first_pause_s
        if came or not self._is_stale():
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
        )  # fmt: skip

    # -- a folder that is away ---------------------------------------------------------------------

    def _away(self, error: OSError) -> None:
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

    # -- what becomes of files ---------------------------------------------------------------------

    def _set_aside(self, before: Sequence[Path]) -> None:
        """Parts that passed while nobody looked: told, and out of the way of those that come."""
        if not before:
            return
        self._arriving.before = ()
        keeps = self._config.done == "keep"
        if keeps and not self._has_looked:  # they may have been decided in another life
            log("files_passed_over", source=self._config.name, files=len(before))
            return
        for path in () if keeps else before:
            self._tried(partial(self._moved, path, MISSED))
        text = f"{len(before)} files came while the agent did not look, and were not decided"
        text += "" if keeps else f"; they are in the folder {MISSED}"
        self.health.dropped += len(before)
        self._alerts("parts-missed", "warning", f"{self._config.name}: {text}")

    def _put_away(self, one: Arrived) -> None:
        if self._config.done == "keep":
            return

        def away() -> None:
            found = one.path.stat()
            if Stamp(found.st_mtime_ns, found.st_size) != one.stamp:
                return  # another file by now, which comes next
            if self._config.done == "delete":
                one.path.unlink()
                self._arriving.forget(one.path)
            else:
                self._moved(one.path, f"{DECIDED}/{utc_now():%Y-%m-%d}")

        self._tried(away)

    def _moved(self, path: Path, folder: str) -> None:
        target = self._config.path / folder / path.relative_to(self._config.path)
        target.parent.mkdir(parents=True, exist_ok=True)
        free = (target.with_stem(f"{target.stem}-{n}") for n in count(2))
        while target.exists():  # cameras count from one again
            target = next(free)
        path.rename(target)
        self._arriving.forget(path)

    def _tried(self, away: Callable[[], None]) -> None:
        """A file that stays where it is was decided all the same, and is not decided again."""
        try:
            away()
        except FileNotFoundError:
            return  # somebody else took it
        except OSError as error:
            if not self._stuck:
                why = f"{self._config.name}: files cannot be {_DONE[self._config.done]}: {error.strerror or error}"
                warn("files_not_put_away", source=self._config.name, error=error.strerror)
                self._alerts("files-not-put-away", "warning", why)
            self._stuck = True
            return
        if self._stuck:
            self._stuck = False
            self._alerts(
                "files-not-put-away", "info", f"{self._config.name}: files are put away again"
            )
