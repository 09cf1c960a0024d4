"""A program's end by a signal, whatever its main thread is in the midst of."""

from __future__ import annotations

import subprocess
import sys

_WAITING = """
import os, signal, threading
from kits.core.ending import ending_on_signals

told = threading.Event()
with ending_on_signals(told.set):
    with told._cond:  # where a wait is about to begin, or has just ended
        os.kill(os.getpid(), signal.SIGTERM)
    assert told.wait(30)
    told.clear()
    os.kill(os.getpid(), signal.SIGINT)
    assert told.wait(30)
print("ended", threading.active_count())
"""


def test_a_signal_in_the_midst_of_a_wait_for_it_ends_the_wait() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _WAITING],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, "ended 1\n", "")
