"""Looks at a broker from outside, as a client would."""

from __future__ import annotations

import math
import socket
import threading
import time
from collections.abc import Callable

from cloud_sync.config import ANY_HOST

PATIENCE_S = 5.0
"""How long a broker that runs may take to answer."""
_STRANGER = bytes.fromhex("101000044d5154540502003c000003") + b"who"
"""CONNECT of MQTT 5, client id "who", without user and password."""


class Shared:
    """A question that one asks at a time, and not again for a while; who comes meanwhile has the answer of before.

    Strangers who ask all at once, while the answer is long in coming, hold up one thread and not all; those who go on
    asking cost no more than a look at the clock.

    Args:
        ask: the question; what is wrong, or nothing.
        first: the answer of before to those who come while it is asked for the first time.
        seconds: as long as an answer is good.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        ask: Callable[[], str],
        *,
        first: str,
        seconds: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ask = ask
        self._seconds = seconds
        self._clock = clock
        self._asking = threading.Lock()
        self._said = first
        self._good_until = -math.inf

    def at_hand(self) -> str | None:
        """The answer, where it costs nothing; None: somebody has to ask."""
        known = self._clock() < self._good_until or self._asking.locked()
        return self._said if known else None

    def __call__(self) -> str:
        """The answer."""
        if not self._asking.acquire(blocking=False):
            return self._said
        try:
            if self._clock() >= self._good_until:
                self._said = self._ask()
                self._good_until = self._clock() + self._seconds
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
