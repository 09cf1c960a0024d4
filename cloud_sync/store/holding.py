"""Locks between processes: stored bytes stay where they are while somebody reads many of them, and a file that is read,
changed and written again loses nothing.

They lie in the data folder, so they are between the processes of one machine, as that folder is. A process that dies
lets go of them. What is in the files is their owners' business.
"""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

FILE = "bytes.lock"


@contextmanager
def locked(file: Path) -> Iterator[None]:
    """One at a time within, of all processes and threads; waits. The file is made when it is missing."""
    with open(file, "a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def hold_bytes(data_dir: Path) -> Iterator[None]:
    """Nothing is removed within; waits while somebody removes a portion. Any number may hold."""
    with open(data_dir / FILE, "a") as file:
        fcntl.flock(file, fcntl.LOCK_SH)
        yield


@contextmanager
def may_remove_bytes(data_dir: Path) -> Iterator[bool]:
    """Whether bytes may be removed within; does not wait."""
    with open(data_dir / FILE, "a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
