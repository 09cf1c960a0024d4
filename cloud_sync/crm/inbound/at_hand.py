"""Connections that were opened a moment ago, so that a message costs no query of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from sqlalchemy import select

from cloud_sync.crm.connection import connections
from cloud_sync.crm.connection.connections import Connection
from cloud_sync.crm.connection.secrets import secrets_path
from cloud_sync.hub import Hub
from cloud_sync.store.models import CrmConnection
from cloud_sync.store.remembered import Remembered

_REMEMBERED_S: Final = 1.0
"""A connection's row is read again after so long; its secrets are looked at with every message."""


class AtHand:
    """They, of one process.

    Args:
        clock: monotonic seconds.
    """

    def __init__(self, hub: Hub, clock: Callable[[], float]) -> None:
        self._hub = hub
        self._clock = clock
        self._opened: dict[str, tuple[float, int, Connection]] = {}
        self._names: Remembered[str, frozenset[str]] = Remembered(
            hub.database, (CrmConnection,), seconds=_REMEMBERED_S, most=1, clock=clock
        )

    def there(self, name: str) -> bool:
        """Whether there is a connection of this name, as it was a moment ago: whatever strangers ask costs one query."""
        names = self._names.get("")
        if names is None:
            version = self._names.version
            with self._hub.database.session() as session:
                names = frozenset(session.scalars(select(CrmConnection.name)))
            self._names.keep("", names, version)
        return name in names

    def at_hand(self, name: str) -> Connection | None:
        """A connection that was opened a moment ago and whose secrets were not written since."""
        known = self._opened.get(name)
        if known is None or self._clock() - known[0] >= _REMEMBERED_S:
            return None
        return known[2] if known[1] == _written(self._hub, name) else None

    def open(self, name: str) -> Connection:
        """A connection. Raises NotFoundError, UsageError, ConfigError."""
        known = self.at_hand(name)
        if known is not None:
            return known
        now, written = self._clock(), _written(self._hub, name)
        self._opened.pop(name, None)
        found = connections.open_connection(self._hub, name)
        self._opened[name] = (now, written, found)
        return found


def _written(hub: Hub, name: str) -> int:
    """When its secrets were last written; 0: never."""
    try:
        return secrets_path(hub.config.keys_dir, name).stat().st_mtime_ns
    except FileNotFoundError:
        return 0
