"""What a demo tells of a program that did not come up: its own last words, not only that it is missing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from kits.toolchain.demo.programs import Programs


@pytest.mark.slow
def test_a_program_that_ended_at_once_is_heard(tmp_path: Path) -> None:
    programs = Programs(tmp_path / "logs")
    command = ("cloud-sync", "serve", "--data", str(tmp_path / "no-hub"))
    assert programs.start(*command).wait(60) != 0
    said = programs.last_words(*command)
    assert "error:" in said and "fix:" in said
    assert all(line.startswith("    ") for line in said.splitlines())


def test_a_program_that_never_ran_said_nothing(tmp_path: Path) -> None:
    assert Programs(tmp_path / "logs").last_words("cloud-sync", "serve") == ""


_DEMO = """
import signal, sys
from pathlib import Path
from kits.core import console
from kits.toolchain.demo.programs import Programs

# whoever runs the tests may have it ignored
signal.signal(signal.SIGHUP, signal.SIG_DFL)

def demo():
    programs = Programs(Path(sys.argv[1]))
    try:
        print(programs.start("python", "-c", "import time; time.sleep(600)").pid, flush=True)
        programs.running[0].wait()
    finally:
        programs.stop_all()

console.run(demo)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_what_a_demo_has_started_ends_with_it(tmp_path: Path, number: signal.Signals) -> None:
    demo = subprocess.Popen(
        [sys.executable, "-c", _DEMO, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert demo.stdout is not None
    started = int(demo.stdout.readline())
    os.kill(started, 0)  # it runs
    demo.send_signal(number)
    demo.communicate(timeout=60)
    with pytest.raises(ProcessLookupError):
        os.kill(started, 0)
