"""Logs as events: `event=… key=value`. Callers never pass payloads or secrets."""

from __future__ import annotations

import logging
import math
import sys
import time
from collections.abc import Callable
from pathlib import Path

_LOG = logging.getLogger("edge_agent")


def setup(level: str) -> None:
    """Lines on standard error, which systemd's journal takes."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s level=%(levelname)s %(message)s"))
    _LOG.handlers[:] = [handler]
    _LOG.setLevel(level.upper())
    _LOG.propagate = False


def log(event: str, *, level: int = logging.INFO, **values: object) -> None:
    """One event with its values."""
    if _LOG.isEnabledFor(level):
        pairs = " ".join(f"{key}={_quoted(value)}" for key, value in values.items())
        _LOG.log(level, "event=%s %s", event, pairs)


def warn(event: str, **values: object) -> None:
    """An event a person should look at."""
    log(event, level=logging.WARNING, **values)


class Seldom:
    """A warning that may be due for each sample: told at once, then once a minute with how often.

    A line each time fills the disk that takes nothing, and the journal of a line whose actuator is away.
    One thread at a time uses it.

    Args:
        clock: monotonic seconds.
    """

    def __init__(
        self, event: str, *, every_s: float = 60.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._event = event
        self._every_s = every_s
        self._clock = clock
        self._told_at = -math.inf
        self._times = 0
        self._newest: dict[str, object] = {}

    def __call__(self, **values: object) -> None:
        """It has come again."""
        self._times += 1
        self._newest = values
        self.look()

    def look(self) -> None:
        """It may not come again: what no line has told of is told once its minute is over."""
        now = self._clock()
        if self._times and now - self._told_at >= self._every_s:
            self._told_at = now
            self.tell_rest()

    def tell_rest(self) -> None:
        """What no line has told of, at the end."""
        if self._times:
            warn(self._event, times=self._times, **self._newest)
        self._times = 0


def failure(error: BaseException) -> str:
    """An error of code that had a sample in its hands: its type and place. Its text may be the sample's."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return type(error).__name__
    code = trace.tb_frame.f_code
    return f"{type(error).__name__} in {code.co_name} ({Path(code.co_filename).name}:{trace.tb_lineno})"


def _quoted(value: object) -> str:
    text = f"{value:.3f}" if isinstance(value, float) else str(value)
    plain = text.isprintable() and bool(text) and not any(c in text for c in ' "=')
    if plain:
        return text
    # names of machines and files come from outside: no terminal obeys them
    shown = text.replace('"', "'").replace("\n", " | ")
    return '"' + "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in shown) + '"'
