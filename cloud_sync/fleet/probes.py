"""Looks at a broker from outside, as a client would."""

from __future__ import annotations

import socket

from cloud_sync.config import ANY_HOST

_STRANGER = bytes.fromhex("101000044d5154540502003c000003") + b"who"
"""CONNECT of MQTT 5, client id "who", without user and password."""


def speaks_mqtt(host: str, port: int) -> bool:
    """Whether mosquitto's main loop runs: it refuses a stranger. Listening alone begins earlier."""
    try:
        with socket.create_connection((host, port), timeout=0.5) as stranger:
            stranger.sendall(_STRANGER)
            return bool(stranger.recv(1))
    except OSError:
        return False


def reachable(host: str) -> str:
    """Where this machine finds a listener bound to `host`."""
    return "127.0.0.1" if host in {"", *ANY_HOST} else host
