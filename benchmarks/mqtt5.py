"""A small MQTT 5 client for measuring: thousands of them run on one event loop.

QoS 1 in both directions, no reconnecting, no queueing. Every reason code that the broker gives is
kept, because that is what access tests look at.
"""

from __future__ import annotations

import asyncio
import ssl
import struct
from collections.abc import Callable
from itertools import count

CONNECT, CONNACK, PUBLISH, PUBACK, SUBSCRIBE, SUBACK = 0x10, 0x20, 0x30, 0x40, 0x82, 0x90
PINGREQ, DISCONNECT = 0xC0, 0xE0
SUCCESS, NO_SUBSCRIBERS, NOT_AUTHORIZED, TAKEN_OVER = 0x00, 0x10, 0x87, 0x8E
CLOSE_S = 2.0
LOST = -1
"""The connection ended without a word."""

Heard = Callable[[str, bytes], None]


class Client(asyncio.Protocol):
    """One connection.

    Attributes:
        ended: resolves to the reason of the broker's DISCONNECT, or LOST.
    """

    def __init__(self, heard: Heard | None = None) -> None:
        self._heard = heard
        self._transport: asyncio.Transport | None = None
        self._buffer = bytearray()
        self._waiting: dict[tuple[int, int], asyncio.Future[int]] = {}
        self._ids = count(1)
        loop = asyncio.get_running_loop()
        self._connected: asyncio.Future[int] = loop.create_future()
        self._gone: asyncio.Future[None] = loop.create_future()
        self.ended: asyncio.Future[int] = loop.create_future()

    # -- verbs -----------------------------------------------------------------------------------

    async def connect(
        self,
        place: tuple[str, int],
        client_id: str,
        *,
        tls: ssl.SSLContext | None = None,
        login: tuple[str, str] | None = None,
        keepalive_s: int = 60,
    ) -> int:
        """Opens the connection; the reason code of the CONNACK, or LOST.

        Raises:
            OSError: nothing listens, or TLS failed (`ssl.SSLError`).
        """
        name = "localhost" if tls else None
        loop = asyncio.get_running_loop()
        await loop.create_connection(lambda: self, *place, ssl=tls, server_hostname=name)
        body = _text("MQTT") + bytes([5, 0x02 | (0xC0 if login else 0)])
        body += struct.pack(">H", keepalive_s) + b"\0" + _text(client_id)
        body += _text(login[0]) + _text(login[1]) if login else b""
        self._send(CONNECT, body)
        return await self._connected

    async def subscribe(self, pattern: str) -> int:
        """The granted QoS, or a reason code above 0x80."""
        number = self._next_id()
        return await self._ask(
            SUBSCRIBE, struct.pack(">HB", number, 0) + _text(pattern) + b"\x01", (SUBACK, number)
        )

    def publish(self, topic: str, payload: bytes) -> asyncio.Future[int]:
        """QoS 1; resolves to the reason code of the PUBACK, or LOST."""
        number = self._next_id()
        body = _text(topic) + struct.pack(">HB", number, 0) + payload
        return self._ask(PUBLISH | 0x02, body, (PUBACK, number))

    def ping(self) -> None:
        """Keeps the connection alive."""
        self._send(PINGREQ, b"")

    async def close(self) -> None:
        """Says goodbye and waits until the socket is closed; no future stays open."""
        if self._transport is None:
            return
        if not self._transport.is_closing():
            self._send(DISCONNECT, b"")
            self._transport.close()
        done, _ = await asyncio.wait((self._gone,), timeout=CLOSE_S)
        if not done:
            self._transport.abort()
            await self._gone

    # -- the wire --------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def connection_lost(self, _error: Exception | None) -> None:
        for waiting in (*self._waiting.values(), self._connected, self.ended):
            if not waiting.done():
                waiting.set_result(LOST)
        self._waiting.clear()
        self._gone.set_result(None)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (packet := self._take()) is not None:
            self._handle(*packet)

    def _take(self) -> tuple[int, bytes] | None:
        length = shift = 0
        for index in range(1, min(len(self._buffer), 5)):
            byte = self._buffer[index]
            length |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                end = index + 1 + length
                if len(self._buffer) < end:
                    return None
                head, body = self._buffer[0], bytes(self._buffer[index + 1 : end])
                del self._buffer[:end]
                return head, body
        return None

    def _handle(self, head: int, body: bytes) -> None:
        kind = head & 0xF0
        if kind == PUBLISH:
            self._incoming(head, body)
        elif kind == CONNACK:
            self._connected.set_result(body[1])
        elif kind == PUBACK:
            self._answer((PUBACK, _number(body)), body[2] if len(body) > 2 else SUCCESS)
        elif kind == SUBACK:
            self._answer((SUBACK, _number(body)), body[-1])
        elif kind == DISCONNECT and not self.ended.done():
            self.ended.set_result(body[0] if body else SUCCESS)

    def _incoming(self, head: int, body: bytes) -> None:
        end = 2 + _number(body)
        topic = body[2:end].decode()
        if head & 0x06:
            self._send(PUBACK, body[end : end + 2])
            end += 2
        size = body[end]  # the hub's messages have few properties: one byte says how long they are
        if self._heard is not None:
            self._heard(topic, body[end + 1 + size :])

    def _ask(self, head: int, body: bytes, key: tuple[int, int]) -> asyncio.Future[int]:
        answer: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        if self._transport is None or self._transport.is_closing():
            answer.set_result(LOST)
            return answer
        self._waiting[key] = answer
        self._send(head, body)
        return answer

    def _answer(self, key: tuple[int, int], reason: int) -> None:
        waiting = self._waiting.pop(key, None)
        if waiting is not None and not waiting.done():
            waiting.set_result(reason)

    def _next_id(self) -> int:
        return (next(self._ids) - 1) % 65535 + 1

    def _send(self, head: int, body: bytes) -> None:
        assert self._transport is not None
        size, length = b"", len(body)
        while True:
            length, byte = length >> 7, length & 0x7F
            size += bytes([byte | (0x80 if length else 0)])
            if not length:
                break
        self._transport.write(bytes([head]) + size + body)


def _number(body: bytes) -> int:
    return int.from_bytes(body[:2], "big")


def _text(text: str) -> bytes:
    data = text.encode()
    return struct.pack(">H", len(data)) + data
