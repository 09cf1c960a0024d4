"""A program's end by a signal, whatever its main thread is in the midst of."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

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


_SCRIPT = """
import os, signal
from kits.core import console

def main():
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.kill(os.getpid(), signal.SIGINT)

console.run(main)
"""


def test_a_script_of_a_project_that_somebody_stops_says_so() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _SCRIPT], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "stopped by Ctrl-C\n")


_ENDED = """
import os, signal, sys
from kits.core import console
from kits.program import make_program

app = make_program("try", "A program.")
# whoever runs the tests may have it ignored
signal.signal(signal.SIGHUP, signal.SIG_IGN if sys.argv.pop(1) == "nohup" else signal.SIG_DFL)

@app.command()
def wait(number: int) -> None:
    "Waits for its end."
    worker = os.fork()
    if not worker:
        os.kill(os.getpid(), signal.SIGTERM)
        os._exit(1)
    print("worker", os.waitstatus_to_exitcode(os.waitpid(worker, 0)[1]), flush=True)
    try:
        os.kill(os.getpid(), number)
        print("it goes on")
    finally:
        os.kill(os.getpid(), number)  # as a closed terminal and `timeout` do
        print("put in order")

console.run(app)
"""


@pytest.mark.parametrize(
    ("how", "number", "code", "told", "said"),
    [
        ("plainly", 15, 143, "put in order\n", "stopped by SIGTERM\n"),
        ("plainly", 1, 129, "put in order\n", "stopped by SIGHUP\n"),
        ("nohup", 1, 0, "it goes on\nput in order\n", ""),
        ("nohup", 15, 143, "put in order\n", "stopped by SIGTERM\n"),
    ],
)
def test_a_verb_that_a_signal_ends_puts_in_order_what_it_has_begun(
    how: str, number: int, code: int, told: str, said: str
) -> None:
    """`kit demo` left a hub, a broker and a CRM behind, which wrote on into the folder of the next."""
    done = subprocess.run(
        [sys.executable, "-c", _ENDED, how, "wait", str(number)],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (code, f"worker -15\n{told}", said)


_TOLD = """
import signal, sys, time
from pathlib import Path
from kits.core import console
from kits.program import make_program

# whoever runs the tests may have it ignored
signal.signal(signal.SIGHUP, signal.SIG_DFL)
app = make_program("try", "A program.")

@app.command()
def wait(file: Path) -> None:
    "Waits for its end."
    try:
        print("waits", flush=True)
        time.sleep(60)
    finally:
        print("is put in order", flush=True)
        file.write_text("put in order")

console.run(app)
"""


def test_what_is_told_to_a_terminal_that_was_closed_does_not_keep_from_putting_in_order(
    tmp_path: Path,
) -> None:
    """`kit label page` said that it was stopped, and made no version of what was labelled."""
    ours, its = os.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", _TOLD, "wait", str(tmp_path / "done")], stdout=its, stderr=its
    )
    os.close(its)
    assert os.read(ours, 100).startswith(b"waits")
    os.close(ours)
    process.send_signal(signal.SIGHUP)
    assert process.wait(30) == 128 + signal.SIGHUP
    assert (tmp_path / "done").read_text(encoding="utf-8") == "put in order"
