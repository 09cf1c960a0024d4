"""A short way to the handlers that are asked by the thousand, past the framework's search for a route and its steps.

The same functions stand in the routers, which describe them and take whatever comes another way: with or without the
short way a request is answered alike. Limits and headers (`limits.py`) lie before it. What a handler decides (who may
ask, how much) is its own business: one with a short way has no dependencies.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TypeAlias

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from kits.core.errors import KitwrightError

Handler: TypeAlias = Callable[[Request], Awaitable[Response]]
Refusal: TypeAlias = Callable[[Request, Exception], Awaitable[Response]]


class Shortcut:
    """Plain ASGI middleware.

    Args:
        handlers: (method, path) → who answers; a path that ends with `/` stands for those of one or two parts behind it.
        refusal: what becomes of an error for people.
    """

    def __init__(
        self, app: ASGIApp, handlers: Mapping[tuple[str, str], Handler], refusal: Refusal
    ) -> None:
        self._app = app
        self._handlers = dict(handlers)
        self._refusal = refusal

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        handler = self._handler(scope["method"], scope["path"]) if scope["type"] == "http" else None
        if handler is None:
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive, send)
        try:
            answer = await handler(request)
        except KitwrightError as error:
            answer = await self._refusal(request, error)
        except ClientDisconnect:
            return  # nobody is there to be answered
        await answer(scope, receive, send)

    def _handler(self, method: str, path: str) -> Handler | None:
        exact = self._handlers.get((method, path))
        head = path.rpartition("/")[0]
        above = head.rpartition("/")[0]
        if path.endswith("/") or head.endswith("/"):  # a part of nothing is none
            return None
        return (
            exact
            or self._handlers.get((method, f"{head}/"))
            or self._handlers.get((method, f"{above}/"))
        )
