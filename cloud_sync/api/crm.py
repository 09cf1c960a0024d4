"""`/v1/crm/{name}`: a CRM says what has happened to its leads."""

from __future__ import annotations

from typing import Final

from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Request
from fastapi.responses import Response

from cloud_sync.crm.inbound.inbox import Inbox
from cloud_sync.crm.inbound.schemes.verifying import UnverifiedError
from cloud_sync.crm.kinds import base
from cloud_sync.transit import discard, next_piece

router = APIRouter(prefix="/v1/crm", tags=["crm"])

THREADS: Final = 32
"""Messages that are verified and stored at the same time: they share commits, so more of them cost the disk no more."""
QUICK_BYTES: Final = 8 << 10
"""A message up to here is verified and read without a thread, which would cost more than both."""


class Door:
    """Lets messages in, so many at the same time; how many bytes may wait is `transit.py`'s business.

    Args:
        inbox: what takes them.
        public_url: the address the hub is known by; what a proxy calls it is not what a CRM signs.
    """

    def __init__(self, inbox: Inbox, public_url: str) -> None:
        self.inbox = inbox
        self.public_url = public_url
        self._limiter: CapacityLimiter | None = None

    async def take(self, name: str, request: base.Request) -> base.Answer:
        """As `Inbox.take`, a large message in a thread. Raises as that."""
        if len(request.body) <= QUICK_BYTES:
            answer = await self.inbox.take_soon(name, request)
            if answer is not None:
                return answer
        return await to_thread.run_sync(self.inbox.take, name, request, limiter=self._threads())

    async def read(self, name: str, request: Request) -> bytes:
        """A body. A long one is kept only where it could be known to be a CRM's; else it is read as long, and dropped.

        Raises:
            UnverifiedError: no connection of this name takes messages. It comes no sooner than if one did, so that
                strangers are not told which names there are.
        """
        pieces: list[bytes] = []
        size, more, known = 0, True, False
        while more:
            piece, more = await next_piece(request)
            pieces.append(piece)
            size += len(piece)
            if size > QUICK_BYTES and not known:
                refusal = await self._refusal(name)
                if refusal is not None:
                    del piece
                    pieces.clear()
                    if more:
                        await discard(request)
                    raise refusal
                known = True
        return b"".join(pieces)

    async def _refusal(self, name: str) -> UnverifiedError | None:
        try:
            await to_thread.run_sync(self.inbox.admit, name, limiter=self._threads())
        except UnverifiedError as error:
            return error
        return None

    def _threads(self) -> CapacityLimiter:
        if self._limiter is None:  # belongs to the event loop, which runs only now
            self._limiter = CapacityLimiter(THREADS)
        return self._limiter


@router.post("/{name}")
async def receive(name: str, request: Request) -> Response:
    """Takes a signed message of a CRM; answered with 2xx once its events are stored."""
    return await _receive(name, "", request)


@router.post("/{name}/{tail}")
async def receive_at(name: str, tail: str, request: Request) -> Response:
    """The same, where the end of the address is the secret it is known by."""
    return await _receive(name, tail, request)


async def receive_any(request: Request) -> Response:
    """Either of them, by the path."""
    name, _, tail = request.scope["path"].removeprefix(f"{router.prefix}/").partition("/")
    return await _receive(name, tail, request)


async def _receive(name: str, tail: str, request: Request) -> Response:
    door = request.app.state.crm_door
    assert isinstance(door, Door)
    body = await door.read(name, request)
    answer = await door.take(name, as_request(request, tail, body, door.public_url))
    return Response(answer.body, status_code=answer.status, media_type=answer.media_type)


def as_request(request: Request, tail: str, body: bytes, public_url: str) -> base.Request:
    """A message as it came, at the address the CRM was given."""
    raw = request.scope.get("raw_path") or request.scope["path"].encode()
    path, query = raw.partition(b"?")[0].decode("latin-1"), request.scope["query_string"].decode("latin-1")  # fmt: skip
    target = f"{path}?{query}" if query else path
    headers: dict[str, str] = {}
    for key, value in request.headers.items():
        # one that comes twice is as if both stood in one: then no signature fits
        headers[key] = f"{headers[key]}, {value}" if key in headers else value
    scheme = headers.get("x-forwarded-proto", request.scope.get("scheme", "http"))
    host = headers.get("x-forwarded-host", headers.get("host", ""))
    return base.Request(
        request.method, public_url + target, headers, body,
        peer=request.client.host if request.client else "", tail=tail, called=f"{scheme}://{host}{target}",
    )  # fmt: skip
