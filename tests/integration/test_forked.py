"""A forked process is as clean as a fresh one, and a forked program answers and ends as one."""

from __future__ import annotations

import json
import logging
import os
import random
import signal
import subprocess
from pathlib import Path

import pytest

from kits.core.errors import KitwrightError
from tests import forked
from tests.forked_programs import ForkedPrograms
from tests.waiting import wait_for

SIGNALS = (signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD, signal.SIGUSR1)
UNHANDLED = (signal.SIG_DFL, signal.SIG_IGN)
"""What is started with `nohup` ignores SIGHUP, and so do its children."""


def tell(path: Path) -> None:
    """What a process finds at its beginning."""
    links = [entry for entry in Path("/proc/self/fd").iterdir() if entry.is_symlink()]
    files = [str(entry.readlink()) for entry in links]
    found = {
        "threads": len(list(Path("/proc/self/task").iterdir())),
        "files": [file for file in files if file.startswith("/") and Path(file).is_file()],
        "handled": [number for number in SIGNALS if signal.getsignal(number) not in UNHANDLED],
        "logged to": len(logging.getLogger().handlers),
        "drawn": random.random(),
    }
    path.write_text(json.dumps(found))


def test_what_is_forked_has_one_thread_and_nothing_open(tmp_path: Path) -> None:
    told = []
    for number in range(2):
        path, log = tmp_path / f"{number}.json", tmp_path / "log"
        process = forked.start(tell, path, log=log)
        process.join(60)
        told.append(json.loads(path.read_text()))
        assert told[-1].pop("files") == [str(log)] * 2
    drawn = {one.pop("drawn") for one in told}
    assert len(drawn) == 2
    assert told == [{"threads": 1, "handled": [], "logged to": 0}] * 2


@pytest.fixture(params=[False, True], ids=["forked", "fresh"])
def programs(request: pytest.FixtureRequest, tmp_path: Path) -> ForkedPrograms:
    root = str(Path(__file__).parents[2])
    env = {"PYTHONPATH": os.pathsep.join([root, str(tmp_path / "more")]), "KITWRIGHT_TOLD": "yes"}
    return ForkedPrograms(tmp_path / "logs", env, fresh=request.param)


def test_a_program_answers_and_fails_as_from_its_command_line(
    programs: ForkedPrograms, tmp_path: Path
) -> None:
    assert programs.text("edge-agent", "--version").startswith("edge-agent ")
    with pytest.raises(KitwrightError, match="code 2") as failed:
        programs.text("edge-agent", "apply")
    assert "Missing argument" in str(failed.value)
    assert programs.running == []


def test_a_program_is_killed_with_what_it_was_given(
    programs: ForkedPrograms, tmp_path: Path
) -> None:
    command = ("edge-agent", "run", "--config", str(tmp_path / "agent.yaml"))
    (tmp_path / "agent.yaml").write_text("source: {kind: simulated}\nstatus: {port: 0}\n")
    process = programs.start(*command)
    wait_for((tmp_path / "state").exists)
    assert process.poll() is None
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.01)
    assert os.getsid(process.pid) == process.pid
    process.kill()
    assert process.wait() == process.poll() == -signal.SIGKILL
    process.terminate()
    programs.stop_all()
