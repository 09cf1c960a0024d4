"""Addresses of a machine: who can reach one, and ports that nobody has. Names are not resolved."""

from __future__ import annotations

import ipaddress
import secrets
import socket
from contextlib import suppress

_NEVER_LENT = range(20_000, 32_768)
"""Ports that are neither well known nor lent to outgoing connections, by Linux's and IANA's ranges."""
_TRIES = 20


def is_loopback(host: str) -> bool:
    """Whether only this machine answers at `host`, a name or an address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def free_port(host: str = "127.0.0.1") -> int:
    """A TCP port that is free now, if possible none of those that systems lend to outgoing connections.

    Of these one may be taken before it is listened on, or while who listened is away.
    """
    for port in secrets.SystemRandom().sample(_NEVER_LENT, _TRIES):
        with socket.socket() as probe, suppress(OSError):
            probe.bind((host, port))
            return port
    with socket.socket() as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])
