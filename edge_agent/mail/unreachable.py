"""Why a mail server cannot be reached, in words of the configuration: what an operating system or OpenSSL says of it.

A table of causes; opens no connection.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Mapping
from typing import TypeAlias

_Told: TypeAlias = tuple[str, str]
"""What, and how to fix it."""

_NO_TLS = frozenset({"WRONG_VERSION_NUMBER", "UNKNOWN_PROTOCOL", "RECORD_LAYER_FAILURE"})
IMAP, SMTP = "tls: mostly 993, starttls: mostly 143", "tls: mostly 465, starttls: mostly 587"
"""Ports, for people."""


def why_unreachable(error: Exception, address: str, ports: str = IMAP) -> _Told:
    """What to tell a person, and how to fix it (empty where that is not known).

    Args:
        address: host and port.
    """
    security = f"set port and security as the provider says ({ports})"
    if isinstance(error, ssl.SSLError) and error.reason in _NO_TLS:
        return f"the server at {address} speaks no TLS there", security
    if isinstance(error, ConnectionRefusedError):
        return f"nobody listens at {address}", security
    for kind, told in _CAUSES.items():
        if isinstance(error, kind):
            return told(error, address)
    return f"the connection is lost: {error}", ""


def _certificate(error: Exception, address: str) -> _Told:
    why = getattr(error, "verify_message", "") or str(error)
    return (
        f"the certificate of the server at {address} is not trusted: {why}",
        "set host as the certificate names it, or ca_file for an authority of your own",
    )


_CAUSES: Mapping[type[Exception], Callable[[Exception, str], _Told]] = {
    ssl.SSLCertVerificationError: _certificate,
    socket.gaierror: lambda error, address: (
        f"the name in {address} is not known: {error.args[-1]}",
        "check host, and that this machine has a network with DNS",
    ),
    TimeoutError: lambda _error, address: (
        f"no answer from {address} in time",
        "check host and port, and that no firewall is between",
    ),
}  # fmt: skip
