"""What becomes of files of a hot folder: they are moved into folders of their days, or deleted.

A file that stays is tried again, as the program that has just saved it may hold it for a moment; it is told when that lasts.
One that is not found may be on a share that is away: it is gone once a look at the folder has not found it either.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

from edge_agent.log import warn
from edge_agent.sources.arriving import DECIDED, MISSED, Stamp
from edge_agent.sources.base import Alerts
from edge_agent.sources.config import HotFolderSourceConfig
from kits.core.sample import utc_now

_EVERY_S: Final = 1.0
_AT_ONCE: Final = 50
_TOLD_AFTER_S: Final = 5.0
_DONE: Final = {"move": "moved", "delete": "deleted", "keep": "moved"}


class _Left(NamedTuple):
    stamp: Stamp
    missed: bool
    since_mono: float


class PuttingAway:
    """Of one source.

    Args:
        gone: hears of files that are away.
        is_known: whether the last look that succeeded found a file.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        config: HotFolderSourceConfig,
        alerts: Alerts,
        gone: Callable[[Path], None],
        is_known: Callable[[Path], bool],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._config = config
        self._alerts = alerts
        self._gone = gone
        self._is_known = is_known
        self._clock = clock
        self._left: dict[Path, _Left] = {}
        self._tried_mono = clock()
        self._told = False

    def take(self, path: Path, stamp: Stamp, *, missed: bool = False) -> None:
        """A file that was decided, or missed; those that are kept stay."""
        if self._config.done != "keep":
            self._left[path] = _Left(stamp, missed, self._clock())
            self._try(path)

    def again(self) -> None:
        """Tries what is left once more, now and then."""
        now = self._clock()
        if not self._left or now - self._tried_mono < _EVERY_S:
            return
        self._tried_mono = now
        for path in list(self._left)[:_AT_ONCE]:  # parts pass meanwhile
            self._try(path)

    def _try(self, path: Path) -> None:
        left = self._left.pop(path)
        try:
            self._put(path, left)
        except FileNotFoundError:
            if self._is_known(path):
                self._left[path] = left
                return
        except OSError as error:
            self._left[path] = left  # behind the others
            if not self._told and self._clock() - left.since_mono >= _TOLD_AFTER_S:
                self._told = True
                why = f"files cannot be {_DONE[self._config.done]}: {error.strerror or error}"
                warn("files_not_put_away", source=self._config.name, error=error.strerror)
                self._alerts("files-not-put-away", "warning", f"{self._config.name}: {why}")
            return
        if self._told and not self._left:
            self._told = False
            text = f"{self._config.name}: files are put away again"
            self._alerts("files-not-put-away", "info", text)

    def _put(self, path: Path, left: _Left) -> None:
        found = path.stat()
        if Stamp(found.st_mtime_ns, found.st_size) != left.stamp:
            return  # another file by now: it comes by itself
        if left.missed:
            self._move(path, MISSED)
        elif self._config.done == "delete":
            path.unlink()
        else:
            self._move(path, f"{DECIDED}/{utc_now():%Y-%m-%d}")
        self._gone(path)

    def _move(self, path: Path, folder: str) -> None:
        target = self._config.path / folder / path.relative_to(self._config.path)
        target.parent.mkdir(parents=True, exist_ok=True)
        stem = target.stem
        while target.exists():  # cameras count from one again, or have one name for all
            target = target.with_stem(f"{stem}-{utc_now():%H%M%S%f}")
        path.rename(target)
