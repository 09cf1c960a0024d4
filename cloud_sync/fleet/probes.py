"""Looks at a broker from outside, as a client would."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable

from cloud_sync.config import ANY_HOST

PATIENCE_S = 5.0
"""How long a broker that runs may take to answer."""
_STRANGER = bytes.fromhex("101000044d5154540502003c000003") + b"who"
"""CONNECT of MQTT 5, client id "who", without user and password."""


class Shared:
    """A question that one asks at a time; who comes meanwhile has the answer of before, at the beginning a no.

    Strangers who ask all at once, while the answer is long in coming, hold up one thread and not all.

    Args:
        ask: the question.
    """

    def __init__(self, ask: Callable[[], bool]) -> None:
        self._ask = ask
        self._asking = threading.Lock()
        self._said = False

    def __call__(self) -> bool:
        """The answer."""
        if not self._asking.acquire(blocking=False):
            return self._said
        try:
            self._said = self._ask()
            return self._said
        finally:
            self._asking.release()


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
