"""A connection that cannot be opened, because a secret is missing or its settings cannot be read: said until it can.

Loops say it once in the log; the alert is for people, and for who asks how the connection is doing (`condition.py`).
"""

from __future__ import annotations

import logging

from cloud_sync.effects.alerts import close_alert, raise_alert
from cloud_sync.hub import Hub
from cloud_sync.store.models import CrmConnection
from kits.core.errors import ConfigError, KitwrightError

log = logging.getLogger(__name__)

UNOPENED = "crm-not-opened"
_WORDS = 500


class Unopened:
    """What one loop says of its connections.

    Args:
        event: of its lines in the log.
    """

    def __init__(self, hub: Hub, event: str) -> None:
        self._hub = hub
        self._event = event
        self._told: dict[str, str] = {}

    def say(self, row: CrmConnection, error: KitwrightError) -> None:
        """Why its leads wait. Of a bundle `scoring/models.py` tells; of one that is only listened to, nobody waits for anything."""
        if self._told.get(row.name) != error.what:
            self._told[row.name] = error.what
            log.warning("event=%s connection=%s reason=%r", self._event, row.name, error.what)
        if row.project and isinstance(error, ConfigError):
            text = f"{row.name} cannot be opened, its leads wait: {error.what}"
            notify = self._hub.config.notify
            with self._hub.database.transaction() as session:
                raise_alert(session, notify, UNOPENED, "warning", text[:_WORDS], where=row.name)

    def over(self, name: str) -> None:
        """It was opened."""
        if self._told.get(name) == "":
            return
        # the first time as well: who raised it may have ended
        self._told[name] = ""
        with self._hub.database.transaction() as session:
            close_alert(session, UNOPENED, where=name)
