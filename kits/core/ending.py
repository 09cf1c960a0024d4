"""A program that runs until it is told to end, ended by SIGTERM or Ctrl-C."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def ending_on_signals(stop: Callable[[], None]) -> Iterator[None]:
    """SIGTERM and SIGINT have `stop` called while the context is open, in a thread of its own.

    A handler runs between any two steps of the main thread, also where that waits for an event and holds its lock: if it
    called what takes the same lock, the two would wait for each other for ever.
    """
    told, tell = os.pipe()
    caller = threading.Thread(
        target=_call_when_told, args=(told, stop), name="signals", daemon=True
    )
    caller.start()
    numbers = (signal.SIGTERM, signal.SIGINT)
    old = {number: signal.signal(number, lambda *_: os.write(tell, b"!")) for number in numbers}
    try:
        yield
    finally:
        for number, handler in old.items():
            signal.signal(number, handler)
        os.close(tell)
        caller.join()


def _call_when_told(told: int, call: Callable[[], None]) -> None:
    while os.read(told, 1):
        call()
    os.close(told)
