"""What strangers can make happen as often as they like, and is written down only so often: lines of the log, rows."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable


class Seldom:
    """So many in a span of time; the others are counted. Safe for several threads.

    Args:
        most: in one span.
        span_s: seconds.
        clock: monotonic seconds.
    """

    def __init__(
        self, most: int, span_s: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._most = most
        self._span_s = span_s
        self._clock = clock
        self._lock = threading.Lock()
        self._since = clock()
        self._done = 0
        self._left_out = 0

    def ask(self) -> int | None:
        """None: it is left out. Else how many were since the last one that was not."""
        with self._lock:
            now = self._clock()
            if now - self._since >= self._span_s:
                self._since, self._done = now, 0
            if self._done >= self._most:
                self._left_out += 1
                return None
            self._done += 1
            before, self._left_out = self._left_out, 0
            return before


class SeldomWarnings(logging.Filter):
    """Lets a logger's warnings through so often; with the next one it says how many were left out.

    Errors always come through: they are bugs, and tell what is to be mended.
    """

    def __init__(self, seldom: Seldom) -> None:
        super().__init__()
        self._seldom = seldom

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether a line is written."""
        if record.levelno != logging.WARNING:
            return True
        left_out = self._seldom.ask()
        if left_out:
            record.msg, record.args = f"{record.getMessage()} left_out={left_out}", ()
        return left_out is not None
