"""Which processes are dead for certain: each locks a file while it lives, and the system lets go of it, however it ends.

A lock says more than a process's number, which is given again and means another one in each container. It is believed
only of who began since this machine was started, and only if it is of the very file at hand: the data folder may be a
copy, or lie on a network's disk where machines do not see each other's locks. In doubt nobody is dead.
"""

from __future__ import annotations

import fcntl
import logging
import os
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Final

log = logging.getLogger(__name__)

ANSWERED: Final = timedelta(seconds=10)
"""So long a receiver may be at work on what somebody asked who is dead: one that is asked first what
it has must not be asked too early."""
_BOOT = Path("/proc/sys/kernel/random/boot_id")
_MAX_PROOF = 200


class Life:
    """Lasts from `begin` to `end`, or to the end of the process.

    Args:
        folder: of all who may find out about each other.
        name: nobody else ever bears it.
    """

    def __init__(self, folder: Path, name: str) -> None:
        self._path = folder / name
        self._file: int | None = None

    def begin(self) -> None:
        """From now on others can see whether it has ended; where the disk takes no file they never do."""
        try:
            self._path.parent.mkdir(mode=0o700, exist_ok=True)
            while self._file is None:
                self._file = _held(self._path)
        except OSError as error:
            log.warning("event=life_not_noted error=%s", error.strerror)

    def end(self) -> None:
        """It holds nothing any more that others could take over."""
        if self._file is not None:
            self._path.unlink(missing_ok=True)
            os.close(self._file)
            self._file = None


def _held(path: Path) -> int | None:
    """A file that is locked and says of whom; None when somebody removed it before it was."""
    file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
        os.write(file, _proof(file))
        is_there = path.exists() and os.path.samestat(path.stat(), os.fstat(file))
    except OSError:
        os.close(file)
        raise
    if not is_there:
        os.close(file)
        return None
    return file


def find_dead(folder: Path) -> list[str]:
    """Names of lives that have ended for certain; files that prove nothing are removed."""
    dead = []
    for path in folder.glob("*"):
        with suppress(OSError), open(path, "r+b") as file:  # it lives, or is another account's
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            proof = _proof(file.fileno())
            if proof and file.read(_MAX_PROOF) == proof:
                dead.append(path.name)
            else:
                path.unlink()
    return dead


def forget(folder: Path, dead: Iterable[str]) -> None:
    """What they held has been seen to."""
    for name in dead:
        (folder / name).unlink(missing_ok=True)


def take_over(folder: Path, end: Callable[[Sequence[str]], int]) -> None:
    """Has `end` end what the dead hold, and forgets them.

    Args:
        end: given their names; how many leases it ended.
    """
    dead = find_dead(folder)
    if dead:
        ended = end(dead)
        forget(folder, dead)
        log.info("event=leases_ended of=%s dead=%d leases=%d", folder.name, len(dead), ended)


def _proof(file: int) -> bytes:
    """This start of the machine and this file; empty where the system does not say."""
    try:
        boot = _BOOT.read_bytes().strip()
    except OSError:
        return b""
    status = os.fstat(file)
    return b"%s %d %d" % (boot, status.st_dev, status.st_ino)
