"""A broker that grants only the subscriptions a test allows; the least of MQTT 5 for one client."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable
from types import TracebackType

CONNECT, PUBLISH, SUBSCRIBE, PINGREQ = 0x10, 0x30, 0x80, 0xC0
NOT_SUPPORTED = 0x9E


class StrictBroker:
    """Listens on a free port of this machine.

    Args:
        allows: whether a topic may be subscribed to.

    Attributes:
        asked: topics in the order in which they were asked for.
    """

    def __init__(self, allows: Callable[[str], bool]) -> None:
        self.allows = allows
        self.asked: list[str] = []
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]
        self._client: socket.socket | None = None
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> StrictBroker:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        if self._client:
            self._client.close()
        self._thread.join(5)

    def _serve(self) -> None:
        while True:
            try:
                self._client, _ = self._server.accept()
                with self._client.makefile("rb") as stream:  # reads ahead: one for all packets
                    while self._answer(stream):
                        pass
            except OSError:
                return

    def _answer(self, stream) -> bool:
        head = stream.read(1)
        if not head:
            return False
        length = shift = 0
        while True:
            byte = stream.read(1)[0]
            length |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                break
        body = stream.read(length)
        assert self._client
        kind = head[0] & 0xF0
        if kind == CONNECT:
            self._client.sendall(b"\x20\x03\x00\x00\x00")
        elif kind == PINGREQ:
            self._client.sendall(b"\xd0\x00")
        elif kind == SUBSCRIBE:
            self._client.sendall(self._granted(body))
        return True

    def _granted(self, body: bytes) -> bytes:
        number, at, codes = body[:2], 3 + body[2], bytearray()
        while at < len(body):
            (size,) = struct.unpack_from(">H", body, at)
            topic = body[at + 2 : at + 2 + size].decode()
            at += 3 + size
            self.asked.append(topic)
            codes.append(1 if self.allows(topic) else NOT_SUPPORTED)
        return bytes([0x90, 3 + len(codes)]) + number + b"\0" + bytes(codes)
