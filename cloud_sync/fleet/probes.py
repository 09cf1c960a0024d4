"""Looks at a broker from outside, as a client would."""

from __future__ import annotations

import socket

from cloud_sync.config import ANY_HOST

PATIENCE_S = 5.0
"""How long a broker that runs may take to answer."""
_STRANGER = bytes.fromhex("101000044d5154540502003c000003") + b"who"
"""CONNECT of MQTT 5, client id "who", without user and password."""


def speaks_mqtt(host: str, port: int, *, timeout_s: float = 0.5) -> bool:
    """Whether a broker's main loop runs: it answers a stranger, mosquitto by refusing it.

    The system accepts connections for a program that does not listen yet, and for one that hangs.
    """
    try:
        with socket.create_connection((host, port), timeout=timeout_s) as stranger:
            stranger.sendall(_STRANGER)
            return bool(stranger.recv(1))
    except OSError:
        return False


def reachable(host: str) -> str:
    """Where this machine finds a listener bound to `host`."""
    return "127.0.0.1" if host in {"", *ANY_HOST} else host
