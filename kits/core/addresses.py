"""Addresses of a machine: who can reach one, and ports that nobody has. Names are not resolved."""

from __future__ import annotations

import ipaddress
import os
import secrets
import socket
import sys
import threading
from collections import deque
from contextlib import suppress
from urllib.parse import urlsplit

_NEVER_LENT = range(20_000, 32_768)
"""Ports that are neither well known nor lent to outgoing connections, by Linux's and IANA's ranges."""
_TRIES = 20
_HELD = 64


def is_loopback(host: str) -> bool:
    """Whether only this machine answers at `host`, a name or an address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def is_safe(url: str) -> bool:
    """Whether what is sent there stays between the two: TLS, or this machine."""
    parts = urlsplit(url)
    return parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname or ""))


def free_port(host: str = "127.0.0.1") -> int:
    """A TCP port that is free now, if possible none of those that systems lend to outgoing connections.

    Of these one may be taken before it is listened on, or while who listened is away. No other
    call gets the port, in this process or another, until this process has ended or asked for 64
    more.
    """
    for port in secrets.SystemRandom().sample(_NEVER_LENT, _TRIES):
        with suppress(OSError):
            return _held.bind(host, port)
    return _held.bind(host, 0)


class _Held:
    """Sockets bound to ports that were given out, so that nobody else is given them.

    Linux lets a second socket bind such a port, and listen, if both say SO_REUSEADDR, as servers
    do, and the first does not listen. Elsewhere the port is let go at once.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._files: deque[int] = deque()
        self._lock = threading.Lock()

    def bind(self, host: str, port: int) -> int:
        """The port, or for 0 one of the system's choice. Raises OSError: somebody has it."""
        with socket.socket() as probe:
            probe.bind((host, port))  # without SO_REUSEADDR: not one that another call holds
            bound = int(probe.getsockname()[1])
            if sys.platform == "linux":
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                self._keep(probe.detach())
        return bound

    def _keep(self, file: int) -> None:
        with self._lock:
            self._files.append(file)
            while len(self._files) > self._most:
                os.close(self._files.popleft())


_held = _Held(_HELD)
