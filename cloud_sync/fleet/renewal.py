"""Keeps a hub's releases current: renews what it signs itself, and tells in time what a person must.

Timestamp and snapshot are the hub's; root and targets can only be renewed by who holds their keys,
so the hub raises an alert a month before.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import timedelta

from tuf.api.metadata import Root, Targets

from cloud_sync.effects.alerts import close_alert, raise_alert
from cloud_sync.fleet import tuf
from cloud_sync.hub import Hub
from kits.core.errors import ConfigError
from kits.core.sample import utc_now

log = logging.getLogger(__name__)

WARN = timedelta(days=30)
URGENT = timedelta(days=7)
LOOK_EVERY_S = 60.0
TELL_EVERY_S = 86_400.0


class Renewal:
    """Part of the supervisor's loop.

    Args:
        clock: monotonic seconds.
    """

    def __init__(self, hub: Hub, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._hub = hub
        self._clock = clock
        self._looked_at = self._told_at = float("-inf")

    def step(self) -> None:
        """Renews what is due and raises or closes alerts; does nothing between two looks."""
        now = self._clock()
        if now - self._looked_at >= LOOK_EVERY_S:
            self._looked_at = now
            self._renew()
        if now - self._told_at >= TELL_EVERY_S:
            self._told_at = now
            self._tell()

    def _renew(self) -> None:
        with self._hub.database.session() as session:
            due = tuf.renewal_due(session)
        if not due:
            return
        tuf.settle(self._hub)
        try:
            with self._hub.database.transaction() as session:
                tuf.renew(self._hub, session)
            log.info("event=timestamp_renewed")
        except ConfigError as error:
            self._alert("online-key-missing", "error", f"{error.what}: {error.fix}")

    def _tell(self) -> None:
        for kind in (Root, Targets):
            name = f"{kind.type}-expires"
            with self._hub.database.session() as session:
                row = tuf.newest(session, kind.type)
            if row is None:
                continue
            left = row.expires_at - utc_now()
            if left >= WARN:
                with self._hub.database.transaction() as session:
                    close_alert(session, name)
                continue
            ends = "has expired" if left < timedelta() else "expires"
            text = (
                f"{kind.type} {row.version} {ends} on {row.expires_at:%Y-%m-%d}; devices then take "
                f"no more releases: kit key renew {kind.type} --hub {self._hub.config.url}"
            )
            self._alert(name, "error" if left < URGENT else "warning", text)

    def _alert(self, name: str, severity: str, text: str) -> None:
        with self._hub.database.transaction() as session:
            raise_alert(session, self._hub.config.notify, name, severity, text)
