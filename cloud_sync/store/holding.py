"""Stored bytes stay where they are while somebody reads many of them: a lock between processes.

It lies in the data folder, so it is between the processes of one machine, as that folder is. A
process that dies lets go of it.
"""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

FILE = "bytes.lock"


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
