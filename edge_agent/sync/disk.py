"""The disk under the outbox: how full it is, what that forbids, and a ballast for the worst hour.

Water marks are shares of the file system in use; they only count while less is free than the outbox may
still need, so a large disk that other programs fill to 90 % forbids nothing. The ballast is a file of real
blocks: when the disk has no room left it is given up, which lets alerts be stored and telemetry be
evicted, and it is made again when there is room. It stores no rows itself.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

from edge_agent.log import log, warn

_BALLAST_SHARE = 8  # of a small disk the ballast takes an eighth at most
_NO_ROOM_BYTES = 64 << 10
_LOW_BYTES = 4 << 20
_LOW_SHARE = 16


class Level(IntEnum):
    """What the disk forbids; each level includes those below it."""

    FREE = 0
    NO_BYTES = 1
    """Pictures and other bytes are not kept."""
    THIN = 2
    """Of telemetry every second row is kept."""
    ALERTS_FIRST = 3
    """No telemetry; an alarm is raised."""
    EMERGENCY = 4
    """The ballast is in use: only alerts and labels are stored."""


@dataclass(frozen=True, slots=True)
class Usage:
    """Bytes of a file system."""

    total: int
    free: int

    @property
    def percent(self) -> float:
        """Share in use."""
        return 100.0 * (1.0 - self.free / self.total) if self.total else 100.0


def usage_of(folder: Path) -> Usage:
    """The file system under `folder`; free is what this program may use."""
    found = shutil.disk_usage(folder)
    return Usage(found.used + found.free, found.free)


def is_low(usage: Usage) -> bool:
    """Less than 4 MiB free, or than a sixteenth of a small disk: nothing should grow on it any more."""
    return usage.free < min(_LOW_BYTES, usage.total // _LOW_SHARE)


class Disk:
    """Water marks and ballast of one folder.

    Args:
        folder: of the outbox.
        ballast_bytes: 0 for none.
        marks: percent in use from which bytes are not kept, telemetry is thinned, telemetry is stopped.
        enough_bytes: with more than this free no mark counts.
        look: the file system's figures.

    Attributes:
        level: as of the last `look_again`.
    """

    def __init__(
        self,
        folder: Path,
        *,
        ballast_bytes: int = 16 << 20,
        marks: tuple[float, float, float] = (85.0, 90.0, 95.0),
        enough_bytes: int = 2 << 30,
        look: Callable[[Path], Usage] = usage_of,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._path = folder / "ballast"
        self.usage = look(folder)
        self._ballast_bytes = min(ballast_bytes, self.usage.total // _BALLAST_SHARE)
        self._marks = marks
        self._enough_bytes = enough_bytes
        self._look = look
        self._emergency = False
        self.level = Level.FREE
        if self.usage.free < _NO_ROOM_BYTES:
            self.relieve()
        self.look_again()

    def look_again(self) -> Level:
        """Reads the disk; makes the ballast again, or ends an emergency, when there is room."""
        self.usage = self._look(self._folder)
        if self._has_ballast():
            self._emergency = False
        elif self._ballast_bytes and self.usage.free >= 2 * self._ballast_bytes:
            self._make()
        elif not self._ballast_bytes and not is_low(self.usage):
            self._emergency = False
        self.level = Level.EMERGENCY if self._emergency else self._by_marks()
        return self.level

    def relieve(self) -> bool:
        """Something was not stored: gives up the ballast if the disk is full, else nothing.

        Returns:
            Whether there is more room now.
        """
        try:
            self.usage = self._look(self._folder)
            if not is_low(self.usage):
                return False
            self._emergency = True
            self.level = Level.EMERGENCY
            had = self._has_ballast()
            self._path.unlink(missing_ok=True)
        except OSError as error:
            warn("ballast_not_released", error=error)
            return False
        if had:
            warn("ballast_released", bytes=self._ballast_bytes)
        return had

    def _by_marks(self) -> Level:
        if self.usage.free > self._enough_bytes:
            return Level.FREE
        return Level(sum(self.usage.percent >= mark for mark in self._marks))

    def _has_ballast(self) -> bool:
        return self._path.exists() and self._path.stat().st_size >= self._ballast_bytes > 0

    def _make(self) -> None:
        try:
            with open(self._path, "wb") as file:
                os.posix_fallocate(file.fileno(), 0, self._ballast_bytes)
                os.fsync(file.fileno())
        except OSError as error:
            warn("ballast_not_made", error=error)
            with contextlib.suppress(OSError):
                self._path.unlink(missing_ok=True)
            return
        self._emergency = False
        log("ballast_made", bytes=self._ballast_bytes)
