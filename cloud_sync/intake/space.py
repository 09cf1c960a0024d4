"""Room on the hub's disk: nothing is taken when it runs short, and that is told while it still can be.

A database that meets the end of the disk can not even write an alert. So a reserve is kept: below
it the ingest stops acknowledging (devices keep their rows and send again), and there is still room
for the alert and its notices. It goes on by itself when there is room again.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path

from cloud_sync.effects.alerts import close_alert, raise_alert
from cloud_sync.hub import Hub
from kits.core.errors import MachineError

ALERT = "hub-disk-full"
LOOK_EVERY_S = 1.0
BACK_AT = 1.1
"""Takes again with a tenth more than the reserve, so that it does not flicker."""


class DiskFullError(MachineError):
    """The hub's disk has less room than the reserve."""


def free_bytes(folder: Path) -> int:
    """Free bytes of the disk a folder is on."""
    return shutil.disk_usage(folder).free


class DiskGuard:
    """Says whether there is room.

    Args:
        hub: whose data folder, reserve and alerts.
        free: free bytes of a folder's disk.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        hub: Hub,
        free: Callable[[Path], int] = free_bytes,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._hub = hub
        self._free = free
        self._clock = clock
        self._looked_at = float("-inf")
        self._short = False
        # what the alerts say; unknown after a start: one of the life before may be open
        self._told: bool | None = None

    def check(self) -> None:
        """Looks at most once a second.

        Raises:
            DiskFullError: below the reserve.
        """
        now = self._clock()
        if now - self._looked_at >= LOOK_EVERY_S:
            self._looked_at = now
            self._look()
        if self._short:
            raise DiskFullError(
                "the hub's disk is full: nothing is taken from devices",
                where=str(self._hub.config.data_dir),
                fix="make room; devices keep their rows and send again",
            )

    def _look(self) -> None:
        reserve = self._hub.config.limits.disk_reserve_bytes
        free = self._free(self._hub.config.data_dir)
        short = free < reserve * (BACK_AT if self._short else 1)
        self._hub.metrics.disk_free.set(free)
        self._hub.metrics.stalled.set(short)
        self._short = short
        if short == self._told:
            return
        folder = str(self._hub.config.data_dir.resolve())
        with self._hub.database.transaction() as session:
            if short:
                raise_alert(
                    session,
                    self._hub.config.notify,
                    ALERT,
                    "error",
                    f"the hub's disk has {free / 1e6:.0f} MB left: nothing is taken from devices",
                    where=folder,
                )
            else:
                close_alert(session, ALERT, where=folder)
        # not before the commit: on a disk that is really full it is tried again at the next look
        self._told = short
