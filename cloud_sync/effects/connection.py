"""One HTTP request to a receiver, bounded in time, and what its answer says of when to come again."""

from __future__ import annotations

import http.client
import ssl
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime

from cloud_sync.effects.addresses import Guard
from cloud_sync.effects.deadline import Deadline, connect

MAX_RETRY_AFTER_S = 86_400.0


class Connection(http.client.HTTPConnection):
    """For one request: name, connection, handshake and answer together have until the deadline."""

    def __init__(
        self,
        host: str,
        port: int | None,
        deadline: Deadline,
        context: ssl.SSLContext | None,
        guard: Guard | None = None,
    ) -> None:
        self.default_port = http.client.HTTPS_PORT if context else http.client.HTTP_PORT
        super().__init__(host, port)
        self._deadline = deadline
        self._context = context
        self._guard = guard

    def connect(self) -> None:
        """Called by `request`."""
        self.sock = connect(self.host, self.port, self._deadline, self._context, self._guard)


def retry_after(value: str, now: float) -> float:
    """Seconds from the header: a number or a date; 0 when it says nothing useful."""
    if value.isascii() and value.isdigit():
        return min(float(value[:9]), MAX_RETRY_AFTER_S)
    try:
        at = parsedate_to_datetime(value)
    except (ValueError, TypeError):
        return 0.0
    utc = at if at.tzinfo else at.replace(tzinfo=timezone.utc)
    wait = (utc - datetime.fromtimestamp(now, timezone.utc)).total_seconds()
    return min(max(0.0, wait), MAX_RETRY_AFTER_S)
