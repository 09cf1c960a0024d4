"""How signals end a program: one that runs until it is told to, and a command in the midst of its work."""

from __future__ import annotations

import errno
import os
import signal
import termios
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

_ONE_END_S: Final = 2.0
"""Signals within so many seconds are one end: of a terminal that is closed both the kernel and the shell send SIGHUP, and
`timeout` sends SIGTERM to its command and to the group that it is in."""


class Stopped(KeyboardInterrupt):
    """A signal that ends a command as Ctrl-C does; its text is the signal's name."""


@contextmanager
def ending_as_by_ctrl_c() -> Iterator[list[signal.Signals]]:
    """SIGTERM and SIGHUP raise `Stopped` in the main thread while the context is open: what a command has begun is put in
    order, and the programs that it started are ended too. The signals that came are in the list. Those that come right after
    the first are one end with it, and do not cut short what is put in order; a later one does, as a second Ctrl-C. Nor does
    what is told meanwhile to a terminal that was closed.

    One that is ignored, as SIGHUP behind `nohup`, stays ignored. Processes that are forked have the signals back, as have
    programs that are started. In another thread than the main one nothing is done.
    """
    came: list[signal.Signals] = []
    if threading.current_thread() is not threading.main_thread():
        yield came
        return

    first = float("-inf")

    def stop(number: int, _frame: object) -> None:
        nonlocal first
        if os.getpid() != own:  # a forked process, which is ended by it as if there were no handler
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
            return
        if time.monotonic() < first + _ONE_END_S:
            return
        first = time.monotonic()
        _leave_what_hung_up()
        came.append(signal.Signals(number))
        raise Stopped(came[-1].name)

    own = os.getpid()
    wanted = (signal.SIGTERM, signal.SIGHUP)
    numbers = [number for number in wanted if signal.getsignal(number) is not signal.SIG_IGN]
    old = {number: signal.signal(number, stop) for number in numbers}
    try:
        yield came
    finally:
        for number, handler in old.items():
            signal.signal(number, handler)


def _leave_what_hung_up() -> None:
    """What is told to a terminal that was closed goes nowhere; it would be an error each time."""
    for number in (1, 2):
        try:
            termios.tcgetattr(number)
        except termios.error as error:
            if error.args[0] == errno.EIO:
                nowhere = os.open(os.devnull, os.O_WRONLY)
                os.dup2(nowhere, number)
                os.close(nowhere)


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
