"""What servers of others do in their bad moments, for the pretended ones that ship with Kitwright.

A list of troubles happens to the next requests, one each. What a pretended server knows and answers in its good
moments is not here: see `cmms/simulator.py` and `crm/simulator/`.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Literal

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response, StreamingResponse
from pydantic import JsonValue
from starlette.requests import ClientDisconnect

Trouble = Literal[
    "ok", "429", "500", "502", "503", "silence", "lost", "redirect", "huge", "slow", "garbage",
    "empty", "hollow",
]  # fmt: skip
"""`silence`: no answer for `silence_s`; `lost`: the work is done, but its answer is an error; `redirect`: elsewhere;
`huge`: an answer without an end; `slow`: one that comes byte by byte; `garbage`: a page instead of JSON; `empty`: a yes without content;
`hollow`: one with `{}`; `ok`: none."""
PRIVATE = "/simulator"
"""Paths below are for whoever plays with the server: no trouble touches them."""
CLOSED = 499
"""The status of an answer that nobody waits for any more, as proxies write it down."""
MAX_REQUESTS = 100_000
HUGE_BYTES = 256 << 20
_CHUNK = b" " * (64 << 10)
_SLOW_BYTES = 100_000


@dataclass
class Troubles:
    """What happens to the next requests, and which came.

    Attributes:
        waiting: one for each of the next requests.
        lasting: what happens to all others.
        requests: `METHOD /path` of the last ones.
        count: how many came in all.
        silence_s: how long it says nothing, seconds.
        retry_after_s: what it says with 429, seconds.
        elsewhere: where `redirect` points to.
        busy: the body of 429, as the vendor words it.
    """

    waiting: deque[str] = field(default_factory=deque)
    lasting: str = "ok"
    requests: deque[str] = field(default_factory=lambda: deque(maxlen=MAX_REQUESTS))
    count: int = 0
    silence_s: float = 3.0
    retry_after_s: float = 7
    elsewhere: str = "http://169.254.169.254/latest/meta-data/"
    busy: dict[str, JsonValue] = field(default_factory=lambda: {"message": "in trouble"})
    lock: threading.Lock = field(default_factory=threading.Lock)

    def extend(self, more: Iterable[str]) -> int:
        """Puts more at the end; how many wait now."""
        with self.lock:
            self.waiting.extend(more)
            return len(self.waiting)

    def next(self, line: str) -> str:
        """Notes the request, and says what happens to it."""
        with self.lock:
            self.requests.append(line)
            self.count += 1
            return self.waiting.popleft() if self.waiting else self.lasting


def with_troubles(app: FastAPI, troubles: Troubles) -> None:
    """Puts the troubles before every route but the private ones."""

    @app.middleware("http")
    async def trouble(
        request: Request, go_on: Callable[[Request], Awaitable[Response]]
    ) -> Response:
        if request.url.path.startswith(PRIVATE):
            return await go_on(request)
        what = troubles.next(f"{request.method} {request.url.path}")
        instead = _instead(what, troubles)
        if instead is not None:
            return instead
        if what == "silence":
            await asyncio.sleep(troubles.silence_s)
        try:
            answer = await go_on(request)
        except ClientDisconnect:
            return Response(status_code=CLOSED)  # nobody waits for it any more
        return JSONResponse({"message": "gateway time-out"}, 504) if what == "lost" else answer


def _instead(what: str, troubles: Troubles) -> Response | None:
    if what in ("500", "502", "503"):
        return JSONResponse({"message": "in trouble"}, int(what))
    wait = {"retry-after": f"{troubles.retry_after_s:g}"}
    table: dict[str, Callable[[], Response]] = {
        "429": lambda: JSONResponse(troubles.busy, 429, wait),
        "redirect": lambda: RedirectResponse(troubles.elsewhere, 302),
        "garbage": lambda: Response("<html>We will be back soon</html>", media_type="text/html"),
        "empty": lambda: Response(media_type="application/json"),
        "hollow": lambda: JSONResponse({}),
        "huge": lambda: StreamingResponse(_endless(), media_type="application/json"),
        "slow": lambda: StreamingResponse(_drops(), media_type="application/json"),
    }
    return table[what]() if what in table else None


async def _endless() -> AsyncIterator[bytes]:
    for _ in range(HUGE_BYTES // len(_CHUNK)):
        yield _CHUNK


async def _drops() -> AsyncIterator[bytes]:
    for _ in range(_SLOW_BYTES):
        yield b" "
        await asyncio.sleep(0.2)
