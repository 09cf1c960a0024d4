"""Broken outbox files, kept for a person: the newest two, each with its journal."""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path

from edge_agent.log import warn

KEPT = 2
"""So many broken files are kept; they take room that the outbox may need."""
_KEPT_FILES = ("", "-wal")
_PROBE_BYTES = 64 << 10


def put(path: Path, epoch: str) -> str:
    """Moves a file with its journal out of the way; the new name, empty when there was nothing.

    Killed half-way and called again, it puts the rest beside what it had moved.

    Raises:
        OSError: the folder cannot be changed.
    """
    name = f"{path.name}.damaged-{epoch or 'unknown'}"
    if _holds_something(path) and path.with_name(name).exists():
        name += f"-{time.time_ns()}"
    for suffix in _KEPT_FILES:
        old, new = path.with_name(path.name + suffix), path.with_name(name + suffix)
        if _holds_something(old) and not new.exists():
            old.rename(new)
        else:
            old.unlink(missing_ok=True)
    path.with_name(f"{path.name}-shm").unlink(missing_ok=True)  # SQLite makes it of the journal
    _thin_out(path)
    return name if path.with_name(name).exists() else ""


def _holds_something(path: Path) -> bool:
    return path.exists() and path.stat().st_size > 0


def _thin_out(path: Path) -> None:
    """Removes all but the newest."""
    found = [
        file
        for file in path.parent.glob(f"{path.name}.damaged-*")
        if not file.name.endswith(_KEPT_FILES[1:])
    ]
    for file in sorted(found, key=lambda file: file.stat().st_ctime_ns)[:-KEPT]:
        warn("outbox_set_aside_removed", file=file.name)
        for suffix in _KEPT_FILES:
            file.with_name(file.name + suffix).unlink(missing_ok=True)


def takes_writes(folder: Path) -> bool:
    """Whether a new file can be written and synced."""
    probe = folder / ".probe"
    try:
        with probe.open("wb") as file:
            file.write(bytes(_PROBE_BYTES))
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        return False
    finally:
        with contextlib.suppress(OSError):
            probe.unlink(missing_ok=True)
    return True
