"""HTTP connections that give a trickle up: a byte now and then must not hold the thread that asks.

A socket's time-out counts from byte to byte, so that whoever sends one every few seconds, in the
headers or in the body, is never late. Here less than `SLOWEST_BYTES_S` is as good as silence. How long
an answer may be is not judged here.
"""

from __future__ import annotations

import http.client
import io
import socket
import time
from typing import Any

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

SLOWEST_BYTES_S = 1024
"""A line that brings less is as good as none; bytes per second."""


class _Impatient(io.RawIOBase):
    """The bytes of a connection, as long as they come fast enough.

    Args:
        window_s: the rate is looked at this often, from the first byte on; None: never.
    """

    def __init__(self, raw: io.RawIOBase, window_s: float | None) -> None:
        self._raw = raw
        self._window_s = window_s
        self._ends_at: float | None = None
        self._got = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int | None:
        size = self._raw.readinto(buffer)
        if size and self._window_s:
            self._count(size, self._window_s)
        return size

    def _count(self, size: int, window_s: float) -> None:
        now = time.monotonic()
        self._got += size
        if self._ends_at is None:
            self._ends_at = now + window_s
        elif now > self._ends_at:
            if self._got < SLOWEST_BYTES_S * window_s:
                raise TimeoutError(f"{self._got} bytes in {window_s:g} s are too few")
            self._got, self._ends_at = 0, now + window_s

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Response(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **options: Any) -> None:
        super().__init__(sock, *args, **options)
        # the first byte may take the socket's time-out, and the rest of a short answer once more
        raw = self.fp.detach()
        self.fp = io.BufferedReader(_Impatient(raw, sock.gettimeout()))


class _Plain(HTTPConnection):
    response_class = _Response


class _Secure(HTTPSConnection):
    response_class = _Response


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _Plain


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _Secure


POOLS = {"http": _PlainPool, "https": _SecurePool}
"""For `PoolManager.pool_classes_by_scheme`."""
