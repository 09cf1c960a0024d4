"""Connections that end at one moment, however slowly the other side talks.

A socket's own timeout begins anew with every byte, so who sends one byte a second is never late.
Here each wait gets only what is left of the whole delivery. Not bounded here: looking up a name,
which the system's resolver gives up by itself. Which addresses may be called is `addresses.py`.
"""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable, Sequence
from typing import Any

from cloud_sync.effects.addresses import Guard


class Deadline:
    """A moment `seconds` from now.

    Args:
        clock: monotonic seconds.
    """

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._at = clock() + seconds

    def left_s(self) -> float:
        """Seconds until then.

        Raises:
            TimeoutError: none are left.
        """
        left = self._at - self._clock()
        if left <= 0:
            raise TimeoutError("the whole delivery took too long")
        return left


class Bound(socket.socket):
    """Waits no longer than is left, in the calls that `makefile` and `http.client` make."""

    deadline: Deadline | None = None

    def recv_into(self, *args: Any, **options: Any) -> int:
        self._bound()
        return super().recv_into(*args, **options)

    def sendall(self, *args: Any, **options: Any) -> None:
        self._bound()
        super().sendall(*args, **options)

    def send(self, *args: Any, **options: Any) -> int:
        # TLS sends all by sending many times
        self._bound()
        return super().send(*args, **options)

    def _bound(self) -> None:
        if self.deadline is not None:
            self.settimeout(self.deadline.left_s())


class BoundTls(Bound, ssl.SSLSocket):
    """The same, encrypted; a context makes it when its `sslsocket_class` is this."""


def connect(
    host: str,
    port: int,
    deadline: Deadline,
    context: ssl.SSLContext | None = None,
    guard: Guard | None = None,
) -> socket.socket:
    """A connection that is over at `deadline`; encrypted when there is a context.

    Args:
        guard: says which addresses of the name may be called; None: all of them.

    Raises:
        AddressRefusedError: the guard allows none.
        OSError: nobody answers in time, or the certificate is not trusted.
    """
    failure = OSError("the name has no address")
    for family, kind, protocol, address in _addresses(host, port, context, guard):
        plain = Bound(family, kind, protocol)
        plain.deadline = deadline
        try:
            plain.settimeout(deadline.left_s())
            plain.connect(address)
            return _encrypt(plain, host, deadline, context) if context else plain
        except OSError as error:
            plain.close()
            failure = error
    raise failure


def _addresses(
    host: str, port: int, context: ssl.SSLContext | None, guard: Guard | None
) -> Sequence[tuple[Any, ...]]:
    if guard is not None:
        return guard.resolve(host, port, encrypted=context is not None)
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [(family, kind, protocol, address) for family, kind, protocol, _, address in found]


def _encrypt(
    plain: socket.socket, host: str, deadline: Deadline, context: ssl.SSLContext
) -> socket.socket:
    context.sslsocket_class = BoundTls
    plain.settimeout(deadline.left_s())  # which bounds the handshake as a whole
    encrypted = context.wrap_socket(plain, server_hostname=host)
    assert isinstance(encrypted, BoundTls)
    encrypted.deadline = deadline
    return encrypted
