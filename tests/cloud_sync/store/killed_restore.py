"""A restore that dies at its nth step, for a process of its own: before each file that it opens, renames or asks."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from cloud_sync import backups

_STEPS = frozenset({"open", "os.rename", "sqlite3.connect"})


def restore_until(step: int, source: Path, folder: Path) -> None:
    """Ends by itself where there are not so many steps."""
    left = [step]

    def count(event: str, args: tuple[object, ...]) -> None:
        if event in _STEPS and str(args[0]).startswith(str(folder)):
            left[0] -= 1
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(count)
    backups.restore(source, folder)
