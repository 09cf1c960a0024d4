"""Whether a run that goes on is still worked on: its program holds a lock in the run's folder, and lets go of it however it ends."""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from pathlib import Path

from kits.toolchain.runs import Run, read_run, save_run

FILE = "going-on.lock"
CUT_OFF = "cut off: its program was killed, or the machine went down"


class Lock:
    """Held from the making of a run's folder to the end of the run, or of its program.

    Raises:
        OSError: the folder cannot be made or written into.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / FILE
        self._file: int | None = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o666)
        # where a file system has no locks, nobody says of a run that it was cut off
        with suppress(OSError):
            fcntl.flock(self._file, fcntl.LOCK_SH | fcntl.LOCK_NB)

    def let_go(self) -> None:
        """The run has ended."""
        if self._file is not None:
            os.close(self._file)
            self._file = None
            with suppress(OSError):
                self._path.unlink()


def look_at(folder: Path) -> Run:
    """The record of a run; one that says it goes on, and whose program is gone, is recorded as cut off.

    Raises:
        DataError: absent or malformed.
    """
    record = read_run(folder)
    if record.state != "running" or _goes_on(folder):
        return record
    # it may have ended between the two looks
    record = read_run(folder)
    if record.state != "running":
        return record
    record = record.model_copy(update={"state": "failed", "error": CUT_OFF})
    # of a folder that may only be read it is said, and not kept
    with suppress(OSError):
        save_run(folder, record)
        (folder / FILE).unlink(missing_ok=True)
    return record


def _goes_on(folder: Path) -> bool:
    try:
        file = os.open(folder / FILE, os.O_RDWR)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(file)
    return False
