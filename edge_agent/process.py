"""The agent as a process: one per state folder, ended by signals, without waiting for a model."""

from __future__ import annotations

import errno
import fcntl
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NoReturn

from edge_agent.errors import AlreadyRunningError
from edge_agent.log import warn
from kits.core.errors import MachineError
from kits.core.files import make_folder

_SOFTWARE_ERROR = 70  # EX_SOFTWARE of sysexits.h
_LAST_WAIT_S = 2.0
_LOCK = "agent.lock"
_NO_THREAD = "can't start new thread"
"""Python's words for it; there is no error of its own."""
NO_ROOM = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
"""This machine, or this process, has no descriptor or memory for it: no word against what was asked for."""


class NativeThread(threading.Thread):
    """A thread that may be deep in code that is not Python's when the process ends.

    An engine is built, a model hangs, a camera's driver does not answer. Python ends such a thread when it
    comes back for the interpreter's lock, through frames of C++ that bear no such end: the process aborts.
    """

    def __init__(self, name: str, target: Callable[[], object]) -> None:
        super().__init__(name=name, target=target, daemon=True)


@contextmanager
def within_means(what: str) -> Iterator[None]:
    """What is begun in the context needs memory and threads, which this account or machine may not have.

    Args:
        what: is begun, as the user named it.

    Raises:
        MachineError: there are none left.
    """
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not isinstance(error, MemoryError) and str(error) != _NO_THREAD:
            raise
        raise MachineError(
            f"the agent cannot start: {str(error) or 'out of memory'}",
            where=what,
            fix="free memory, or raise the limit of memory or tasks (ulimit -v, ulimit -u; MemoryMax, TasksMax)",
        ) from error


class StateLock:
    """A held lock."""

    def __init__(self, file: int) -> None:
        self._file = file

    def close(self) -> None:
        """Gives the folder free."""
        with suppress(OSError):
            os.close(self._file)


def lock(state_dir: Path) -> StateLock:
    """Holds the state folder for this process.

    Raises:
        AlreadyRunningError: another agent holds it.
        OSError: this account may not use it.
    """
    make_folder(state_dir, 0o700)  # pictures and mails lie in it
    file = os.open(state_dir / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(file)
        raise AlreadyRunningError(
            "another agent uses this state folder", where=str(state_dir), fix="edge-agent status"
        ) from None
    return StateLock(file)


@contextmanager
def kept_idle(state_dir: Path) -> Iterator[bool]:
    """Whether no agent uses the folder; while the context is open none can begin to.

    Raises:
        OSError: this account may not look.
    """
    try:
        file = os.open(state_dir / _LOCK, os.O_RDONLY)  # never made here: it would be ours
    except FileNotFoundError:
        yield True
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        idle = True
    except BlockingIOError:
        idle = False
    try:
        yield idle
    finally:
        os.close(file)


def die(why: str) -> NoReturn:
    """Ends the process at once, as a crash: for states that only a new start mends."""
    warn("agent_gives_up", why=why)
    os._exit(_SOFTWARE_ERROR)


@contextmanager
def leaving_behind(wait_s: float = _LAST_WAIT_S) -> Iterator[None]:
    """Ends the process where the context ends with an exit code and a `NativeThread` outlives the wait.

    Everything else has been closed by then; what such a thread builds is built anew at the next start.
    """
    try:
        yield
    except SystemExit as end:
        until = time.monotonic() + wait_s
        threads = [t for t in threading.enumerate() if isinstance(t, NativeThread)]
        for thread in threads:
            thread.join(max(0.0, until - time.monotonic()))
        busy = sorted(thread.name for thread in threads if thread.is_alive())
        if not busy or not isinstance(end.code, int | None):
            raise
        warn("threads_left_behind", threads=",".join(busy))
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(end.code or 0)
