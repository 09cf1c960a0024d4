"""Limits and headers for every request, as plain ASGI middleware: no body is buffered here."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cloud_sync.errors import TooLargeError

SMALL_BODY_BYTES = 256 << 10
"""For all that FastAPI parses before it is known who asks: JSON takes 30 times as much memory."""

CRM_BODY_BYTES = 1 << 20
"""A message of a CRM: a hundred events with all their fields. It is verified as bytes before it is parsed."""


class BodyLimit:
    """Ends requests whose body is larger than allowed, also when no length was announced.

    Args:
        limit: bytes, for all that `special` does not name.
        special: (method, path prefix) → bytes. A limit above `SMALL_BODY_BYTES` is for handlers
            that read the body themselves, once they know who sends it.
    """

    def __init__(
        self, app: ASGIApp, limit: int, special: Mapping[tuple[str, str], int] | None = None
    ) -> None:
        self._app = app
        self._limit = limit
        self._special = dict(special or {})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = self._limit_for(scope["method"], scope["path"])
        announced = Headers(scope=scope).get("content-length", "0")
        if not announced.isdigit() or int(announced) > limit:
            await _refuse(limit, scope, receive, send)
            return
        taken = 0

        async def counted() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > limit:
                raise _error(limit)
            return message

        async def answered(message: Message) -> None:
            # a reader of the body turns the error above into an answer of its own; ours is clearer
            if taken <= limit:
                await send(message)
            elif message["type"] == "http.response.start":
                await _refuse(limit, scope, receive, send)

        await self._app(scope, counted, answered)

    def _limit_for(self, method: str, path: str) -> int:
        for (verb, prefix), limit in self._special.items():
            if method == verb and path.startswith(prefix):
                return limit
        return self._limit


def _error(limit: int) -> TooLargeError:
    return TooLargeError(f"a request of more than {limit} bytes")


async def _refuse(limit: int, scope: Scope, receive: Receive, send: Send) -> None:
    await JSONResponse(_error(limit).as_dict(), status_code=413)(scope, receive, send)


class DefaultHeaders:
    """Adds headers to every response that has not set them itself."""

    def __init__(self, app: ASGIApp, headers: Mapping[str, str]) -> None:
        self._app = app
        self._headers = headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, with_headers)
