"""How long the web server waits for a request's head: whoever sends one drop by drop does not keep a connection.

uvicorn limits how long a connection may lie idle after a request, and nothing before one. How long a body may take is
`limits.py`'s business.
"""

from __future__ import annotations

import asyncio
from typing import Final, cast

from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

HEAD_S: Final = 15.0


class PatientProtocol(H11Protocol):
    """HTTP/1.1 by uvicorn, with an end to waiting for a head."""

    head_s = HEAD_S
    _waits: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        """A connection is there: its first head has until then."""
        super().connection_made(transport)
        self._look()

    def data_received(self, data: bytes) -> None:
        """Some bytes came: a head is whole with them, or still has the time it had."""
        super().data_received(data)
        self._look()

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
