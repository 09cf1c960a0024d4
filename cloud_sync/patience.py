"""What the web server bears of a request's head: so many seconds, so many bytes. Whoever sends one drop by drop, or one
without end, does not keep a connection.

Nor are there more connections than the process has descriptors for beside its other work: one too many is told to come
again. uvicorn's own limit stops all that are open already, and writes a line of log for each.

uvicorn limits how long a connection may lie idle after a request, and nothing before one; its fast reader of HTTP limits
no head at all. How long a body may take, and how long it may be, is `limits.py`'s business.
"""

from __future__ import annotations

import asyncio
import resource
from collections.abc import Callable
from typing import Final, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

HEAD_S: Final = 15.0
HEAD_BYTES: Final = 64 << 10
_PER_BODY_BYTE: Final = 8
"""What a body in pieces may weigh beside itself, for each of its bytes: pieces of one byte are allowed."""

MOST_CONNECTIONS: Final = 4_000
"""At the same time. A device has one or two, for as long as it sends, and five seconds more."""
_FOR_OTHERS: Final = 200
"""Descriptors that files, databases, devices' messages and receivers need."""
_FULL: Final = b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 5\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


def most_connections() -> int:
    """So many as this process may have: `MOST_CONNECTIONS`, or what its limit of open files leaves."""
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if files == resource.RLIM_INFINITY:
        return MOST_CONNECTIONS
    return max(1, min(MOST_CONNECTIONS, files - _FOR_OTHERS))


class PatientProtocol(HttpToolsProtocol):
    """HTTP/1.1 by uvicorn on httptools, with an end to waiting for a head and to the length of whatever is no body.

    Attributes:
        most: connections at the same time.
        refused: called for each that is one too many.
    """

    head_s = HEAD_S
    most: int = MOST_CONNECTIONS
    refused: Callable[[], object] = staticmethod(lambda: None)
    _full = False
    _waits: asyncio.TimerHandle | None = None
    _beside = 0
    _head_over = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        """A connection is there: its first head has until then."""
        super().connection_made(transport)
        if len(self.connections) > self.most:
            self._full = True
            self.refused()
            transport.write(_FULL)
            transport.close()
            return
        self._look()

    def data_received(self, data: bytes) -> None:
        """Some bytes came: a head is whole with them, or still has the time it had."""
        if self._full:  # some came with the connection, and may still be handed on
            return
        self._beside += len(data)
        super().data_received(data)
        if self._beside > HEAD_BYTES and not self.transport.is_closing():
            if self._at_work:
                self.transport.abort()
            else:
                self.send_400_response("The request's head is too long.")
        self._look()

    def on_message_begin(self) -> None:
        """The first byte of a request."""
        self._beside, self._head_over = 0, False
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header; what comes after a body in pieces (a trailer) is none, and would be believed like one."""
        if not self._head_over:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """The head is whole."""
        self._head_over = True
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Some of the body."""
        self._beside -= _PER_BODY_BYTE * len(body)
        super().on_body(body)

    def connection_lost(self, exc: Exception | None) -> None:
        """It is over."""
        self._wait_no_more()
        super().connection_lost(exc)

    @property
    def _at_work(self) -> bool:
        """Whether a request's head has come and its answer has not gone."""
        cycle = cast(
            "RequestResponseCycle | None", self.cycle
        )  # uvicorn's own type leaves None out
        return cycle is not None and not cycle.response_complete

    def _look(self) -> None:
        if self._at_work:
            self._wait_no_more()
        elif self._waits is None and not self.transport.is_closing():
            self._waits = self.loop.call_later(self.head_s, self._give_up)

    def _wait_no_more(self) -> None:
        if self._waits is not None:
            self._waits.cancel()
            self._waits = None

    def _give_up(self) -> None:
        self._waits = None
        if not self._at_work:
            self.transport.abort()


def bounded(refused: Callable[[], object]) -> type[PatientProtocol]:
    """The protocol of one server, with no more connections than the process may have."""
    own = {"most": most_connections(), "refused": staticmethod(refused)}
    return type("BoundedProtocol", (PatientProtocol,), own)
