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


_STOPPED = """
import os, signal
from kits.core import console
from kits.program import make_program

app = make_program("try", "A program.")

@app.command()
def wait() -> None:
    "Waits for its end."
    # a shell that runs the tests in the background has it ignored
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.kill(os.getpid(), signal.SIGINT)
    raise AssertionError("it goes on")

console.run(app)
"""


def test_a_verb_that_somebody_stops_says_so() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _STOPPED, "wait"],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "stopped by Ctrl-C\n")
