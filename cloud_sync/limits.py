"""Limits and headers for every request, as plain ASGI middleware: no body is buffered here."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cloud_sync.errors import BusyError, MalformedError, TooLargeError, TooSlowError, http_status
from cloud_sync.transit import Transit, Weight
from kits.core.errors import KitwrightError

SMALL_BODY_BYTES = 256 << 10
"""For all that FastAPI parses before it is known who asks: JSON takes 30 times as much memory."""

CRM_BODY_BYTES = 1 << 20
"""A message of a CRM: a hundred events with all their fields. It is verified as bytes before it is parsed."""

AGAIN_S = 5
"""Seconds after which whoever came when there was too much at once may come again."""
PATIENCE_S = 30.0
SLOWEST_BYTES_S = 4096
"""A body has half a minute, and a second more for so many bytes that have come."""
HEARD_BYTES = 4 << 20
"""A body that is too large and announced up to here is heard and dropped before it is refused: whose connection ends while
it sends learns no reason."""
_LENGTH = b"content-length"
_ASKS_FIRST = b"expect"
_MOST_DIGITS = 18


@dataclass(frozen=True, slots=True)
class Bound:
    """What a body may be.

    Attributes:
        bytes: of one.
        transit: of all that come this way; None: their handlers read them once they know who sends them.
    """

    bytes: int
    transit: Transit | None = None


class BodyLimit:
    """Ends requests whose body is larger than allowed, or comes too slowly, also when no length was announced.

    Args:
        limit: for all that `special` does not name.
        special: (method, path prefix) → bound. One above `SMALL_BODY_BYTES` is for handlers that read the body
            themselves: once they know who sends it, or with a bound on all of them.
        patience_s: see `PATIENCE_S`.
    """

    def __init__(
        self,
        app: ASGIApp,
        limit: Bound,
        special: Mapping[tuple[str, str], Bound] | None = None,
        patience_s: float = PATIENCE_S,
    ) -> None:
        self._app = app
        self._limit = limit
        self._special = dict(special or {})
        self._patience_s = patience_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        bound = self._bound_for(scope["method"], scope["path"])
        announced = _announced(scope)
        if announced > bound.bytes:
            if announced <= HEARD_BYTES and not _asks_first(scope):
                await _hear_out(receive, self._patience_s)
            await _refuse(_too_large(bound.bytes), scope, receive, send)
            return
        weight = Weight(bound.transit) if bound.transit is not None else None
        body = _Body(receive, bound.bytes, self._patience_s, weight)

        async def answered(message: Message) -> None:
            # a reader of the body turns the error into an answer of its own; ours is clearer
            if body.fault is None:
                await send(message)
            elif message["type"] == "http.response.start":
                await _refuse(body.fault, scope, receive, send)

        if weight is None:
            await self._app(scope, body.receive, answered)
            return
        weight.place(scope)
        try:
            await self._app(scope, body.receive, answered)
        finally:
            weight.drop()

    def _bound_for(self, method: str, path: str) -> Bound:
        for (verb, prefix), bound in self._special.items():
            if method == verb and path.startswith(prefix):
                return bound
        return self._limit


class _Body:
    """One body as it comes in.

    Attributes:
        fault: why it is not read to its end.
    """

    def __init__(
        self, receive: Receive, limit: int, patience_s: float, weight: Weight | None
    ) -> None:
        self._receive = receive
        self._limit = limit
        self._weight = weight
        self._ends = asyncio.get_running_loop().time() + patience_s
        self._taken = 0
        self._whole = False
        self.fault: KitwrightError | None = None

    async def receive(self) -> Message:
        """The next piece; once it is whole, whatever comes. Raises TooLargeError, TooSlowError, BusyError."""
        if self._whole:
            return await self._receive()
        try:
            message = await self._next()
        except TimeoutError:
            if self._gave_way():
                raise self._busy() from None
            self.fault = TooSlowError("the request did not come in time")
            raise self.fault from None
        if self._gave_way():
            raise self._busy()
        self._taken += len(message.get("body", b""))
        self._whole = not message.get("more_body", False)
        if self._taken > self._limit:
            self.fault = _too_large(self._limit)
            raise self.fault
        if self._weight is not None and not self._weight.reaches(self._taken):
            raise self._busy()
        if self._weight is not None and self._whole:
            self._weight.is_whole()
        return message

    async def _next(self) -> Message:
        """The next piece; it is not waited for where the body has to give way. Raises TimeoutError."""
        until = 0.0 if self._gave_way() else self._ends + self._taken / SLOWEST_BYTES_S
        async with asyncio.timeout_at(until) as waiting:
            if self._weight is None:
                return await self._receive()
            self._weight.stop = partial(_end, waiting)
            try:
                return await self._receive()
            finally:
                self._weight.stop = None

    def _gave_way(self) -> bool:
        return self._weight is not None and self._weight.gave_way

    def _busy(self) -> BusyError:
        self.fault = busy = BusyError("too many messages at once", fix="send it again")
        return busy


def _end(waiting: asyncio.Timeout) -> None:
    if not waiting.expired():  # at that very moment, by itself
        waiting.reschedule(asyncio.get_running_loop().time())


def _too_large(limit: int) -> TooLargeError:
    return TooLargeError(f"a request of more than {limit} bytes")


def _announced(scope: Scope) -> int:
    """How long the body is said to be; 0 where nothing is said, beyond all bounds where it is no number."""
    said = next((value for name, value in scope["headers"] if name == _LENGTH), b"0")
    return int(said) if said.isdigit() and len(said) <= _MOST_DIGITS else sys.maxsize


def _asks_first(scope: Scope) -> bool:
    """Whether the sender waits for leave, or for an answer, before it sends the body."""
    return any(name == _ASKS_FIRST for name, _ in scope["headers"])


async def _hear_out(receive: Receive, patience_s: float) -> None:
    """Drops the body of who sends it whole before reading an answer, for as long as it comes in time."""
    with suppress(TimeoutError):
        async with asyncio.timeout(patience_s):
            while (await receive()).get("more_body", False):
                pass


async def _refuse(fault: KitwrightError, scope: Scope, receive: Receive, send: Send) -> None:
    # what is still to come is not read: the connection cannot be used again
    closing = {"connection": "close"}
    if isinstance(fault, BusyError):
        closing["retry-after"] = str(AGAIN_S)
    answer = JSONResponse(fault.as_dict(), status_code=http_status(fault), headers=closing)
    await answer(scope, receive, send)


class PlainAddress:
    """Refuses addresses with a NUL in them: no name has one, and PostgreSQL takes none."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and (
            "\0" in scope["path"] or b"%00" in scope.get("query_string", b"")
        ):
            await _refuse(MalformedError("an address with a NUL in it"), scope, receive, send)
            return
        await self._app(scope, receive, send)


class DefaultHeaders:
    """Adds headers to every response that has not set them itself."""

    def __init__(self, app: ASGIApp, headers: Mapping[str, str]) -> None:
        self._app = app
        self._headers = [(name.lower().encode(), text.encode()) for name, text in headers.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = message.get("headers", ())
                there = {name.lower() for name, _ in own}
                added = [pair for pair in self._headers if pair[0] not in there]
                message = {**message, "headers": [*own, *added]}
            await send(message)

        await self._app(scope, receive, with_headers)
