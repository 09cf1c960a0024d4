"""`cloud-sync` and `edge-agent` forked from a process that has loaded them, for tests of what they do.

How they begin from their first line on is shown by tests that ask for fresh ones.
"""

from __future__ import annotations

import atexit
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from importlib import import_module
from multiprocessing import connection
from pathlib import Path

from kits.core.errors import KitwrightError
from kits.toolchain.demo.programs import Programs
from tests import forked

MAINS = {"cloud-sync": "cloud_sync.cli", "edge-agent": "edge_agent.cli"}
"""Programs that can be forked, and the module of each `main`."""


class ForkedProgram:
    """A program as if it were started from its command line: what tests use of `subprocess.Popen`.

    Args:
        command: one of `MAINS` and its words.
        env: all of its environment; further folders of modules are in its `PYTHONPATH`.
        out, errors: files that get what it says.
    """

    def __init__(
        self, command: Sequence[str], env: Mapping[str, str], out: Path, errors: Path
    ) -> None:
        self.args = tuple(command)
        self._process = forked.start(
            _live, self.args, dict(env), Path.cwd(), out.absolute(), errors.absolute(), daemon=True
        )
        assert self._process.pid is not None
        self.pid = self._process.pid

    def poll(self) -> int | None:
        """Its exit code, minus the signal that ended it; None while it runs."""
        return forked.exit_code(self._process)

    def wait(self, timeout: float | None = None) -> int:
        """Its exit code once it has ended. Raises subprocess.TimeoutExpired after so many seconds."""
        if not connection.wait([self._process.sentinel], timeout):
            raise subprocess.TimeoutExpired(self.args, timeout or 0.0)
        code = self.poll()
        assert code is not None
        return code

    def send_signal(self, number: int) -> None:
        """Nothing where it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """`kill -9`."""
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        """SIGTERM."""
        self.send_signal(signal.SIGTERM)


Running = subprocess.Popen[bytes] | ForkedProgram
"""A program that was started."""


class ForkedPrograms(Programs):
    """Forks hub and agent; `kit` is a program of its own, as are all when they are to be `fresh`."""

    def __init__(self, logs: Path, env: dict[str, str], *, fresh: bool = False) -> None:
        super().__init__(logs, env)
        self._mains = {} if fresh else MAINS

    def start(  # type: ignore[override]  # a forked one is no Popen, and has what tests use of it
        self, *command: str, out: Path | None = None, errors: Path | None = None
    ) -> Running:
        """Starts a program that stays; what it says goes to files, else to its log."""
        log = self._log(command)
        out, errors = out or log, errors or log
        process: Running
        if command[0] in self._mains:
            process = ForkedProgram(command, self.env, out, errors)
        else:
            with out.open("ab") as said, errors.open("ab") as told:
                process = subprocess.Popen(
                    self._argv(command), stdout=said, stderr=told, env=self.env, start_new_session=True
                )  # fmt: skip
        self.running.append(process)  # type: ignore[arg-type]  # as above
        return process

    def text(self, *command: str) -> str:
        if command[0] not in self._mains:
            return super().text(*command)
        with tempfile.NamedTemporaryFile(dir=self.logs) as answer:
            process = self.start(*command, out=Path(answer.name))
            code = process.wait()
            self.running.remove(process)  # type: ignore[arg-type]  # as above
            if code != 0:
                said = self.last_words(*command)
                raise KitwrightError(f"`{' '.join(command[:3])}` ended with code {code}:\n{said}")
            return answer.read().decode(errors="replace")


def _live(
    command: tuple[str, ...], env: dict[str, str], folder: Path, out: Path, errors: Path
) -> None:
    os.setsid()
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(env)
    sys.path[:0] = filter(None, env.get("PYTHONPATH", "").split(os.pathsep))
    sys.argv = list(command)
    forked.say_into(out, errors)
    try:
        import_module(MAINS[command[0]]).main()
    finally:
        atexit._run_exitfuncs()  # which forked processes leave out; coverage writes its figures there
