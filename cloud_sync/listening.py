"""The sockets that the web server listens on: no more connections than the process has descriptors for, from their first
moment on.

A connection whose encryption is not agreed on yet is known to no protocol (`patience.py` counts the others, and answers
one too many). Without descriptors asyncio writes a line of log for each of 2,048 tries, hundred thousands a second.
"""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cloud_sync.patience import HEAD_S
from kits.core.errors import MachineError


@dataclass
class Room:
    """What all sockets of a server share.

    Attributes:
        most: connections at the same time.
        refused: called for each that is one too many; it is closed at once.
        taken: connections that are open.
    """

    most: int
    refused: Callable[[], object] = lambda: None
    taken: int = 0


class Listener(socket.socket):
    """One that accepts as long as there is room."""

    room: Room

    def accept(self) -> tuple[socket.socket, Any]:  # Any: an address, as the base class says
        """The next connection. Raises ConnectionAbortedError, which asyncio takes for none: there is no room."""
        peer, address = super().accept()
        if self.room.taken >= self.room.most:
            peer.close()
            self.room.refused()
            raise ConnectionAbortedError("no room")
        taken = _Taken(peer.family, peer.type, peer.proto, peer.detach())
        taken.room = self.room
        self.room.taken += 1
        return taken, address


class _Taken(socket.socket):
    """A connection, which gives its place back when it is closed."""

    room: Room | None = None

    def close(self) -> None:
        """Twice is fine."""
        room, self.room = self.room, None
        if room is not None:
            room.taken -= 1
        super().close()


class HandshakeLoop(asyncio.SelectorEventLoop):
    """An event loop whose servers wait for an encryption no longer than for a request's head."""

    async def create_server(self, *args: Any, **options: Any) -> asyncio.Server:
        """As asyncio's own."""
        if options.get("ssl") is not None:
            options["ssl_handshake_timeout"] = HEAD_S
        return await super().create_server(*args, **options)


def listen(host: str, port: int, room: Room) -> list[socket.socket]:
    """A socket for each address of `host` that this machine has, all on the same port; 0: a free one.

    Raises:
        MachineError: it is taken, or none is of this machine.
    """
    found: list[socket.socket] = []
    absent: OSError | None = None
    try:
        asked = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        for family, _, _, _, address in dict.fromkeys(asked):
            chosen = found[0].getsockname()[1] if found else port
            try:
                found.append(_bound(family, (address[0], chosen, *address[2:]), room))
            except OSError as error:
                # localhost is ::1, too, where no IPv6 is spoken
                if error.errno not in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):
                    raise
                absent = error
        if not found and absent is not None:
            raise absent
    except OSError as error:
        for bound in found:
            bound.close()
        raise MachineError(
            f"the hub's pages cannot be served here: {error.strerror or error}",
            where=f"{host}:{port}",
            fix="set listen.host in hub.yaml to an address of this machine, and listen.port to a free port",
        ) from error
    return found


def _bound(family: int, address: tuple[Any, ...], room: Room) -> Listener:
    # asyncio has answers wait for nothing only where the protocol is named: else each small one takes 40 ms
    one = Listener(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        one.room = room
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        one.bind(address)
    except OSError:
        one.close()
        raise
    one.setblocking(False)
    return one
