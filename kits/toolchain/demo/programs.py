"""Runs Kitwright's own programs as a user would: as commands, with their output in log files.

The demo drives `kit`, `cloud-sync` and `edge-agent` only through their command lines, so what it
shows is what a user gets.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from pydantic import JsonValue

from kits.core.errors import KitwrightError, MachineError, UnreachableError

Json = dict[str, JsonValue]


class Programs:
    """The three programs, found beside the running interpreter.

    Args:
        logs: folder for one log file per command.
        env: additional environment, e.g. a token that must not stand on a command line.
    """

    def __init__(self, logs: Path, env: dict[str, str] | None = None) -> None:
        self.logs = logs
        self.env = {**os.environ, **(env or {})}
        self.running: list[subprocess.Popen[bytes]] = []
        logs.mkdir(parents=True, exist_ok=True)

    def json(self, *command: str, secrets: dict[str, str] | None = None) -> Json:
        """Runs a command that answers with one JSON document.

        Args:
            secrets: additional environment of this command alone.

        Raises:
            KitwrightError: it failed; carries the end of its log.
        """
        done = self._run(command, secrets)
        try:
            answer = json.loads(done.stdout)
        except ValueError as error:
            raise KitwrightError(
                f"{' '.join(command[:2])} did not answer with JSON", where=str(self._log(command))
            ) from error
        return answer if isinstance(answer, dict) else {"items": answer}

    def text(self, *command: str) -> str:
        """Runs a command, returns what it printed. Raises KitwrightError when it failed."""
        return self._run(command).stdout.decode(errors="replace")

    def start(self, *command: str) -> subprocess.Popen[bytes]:
        """Starts a program that stays; its output goes to its log."""
        with self._log(command).open("ab") as log:
            process = subprocess.Popen(  # noqa: S603  our own programs
                self._argv(command),
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self.env,
                start_new_session=True,
            )
        self.running.append(process)
        return process

    def last_words(self, *command: str) -> str:
        """The end of a program's log, indented; empty where it said nothing."""
        log = self._log(command)
        told = log.read_text(errors="replace").splitlines()[-12:] if log.is_file() else []
        return "\n".join(f"    {line}" for line in told)

    def wait(self, process: subprocess.Popen[bytes], name: str, timeout_s: float) -> None:
        """Waits until a started program has ended by itself.

        Raises:
            KitwrightError: it failed.
            UnreachableError: it took longer than `timeout_s` seconds.
        """
        try:
            code = process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            raise UnreachableError(
                f"{name} did not finish within {timeout_s:.0f} s", where=str(self.logs)
            ) from None
        if code != 0:
            raise KitwrightError(f"{name} ended with code {code}", where=str(self.logs))

    def stop_all(self, grace_s: float = 10.0) -> None:
        """Stops what was started: SIGTERM to each before the first is waited for, then SIGKILL after `grace_s`."""
        for process in self.running:
            process.terminate()
        for process in tuple(self.running):
            self._end(process, grace_s)

    def stop(self, process: subprocess.Popen[bytes], grace_s: float = 10.0) -> None:
        """Stops one of those that were started: SIGTERM, then SIGKILL after `grace_s`."""
        process.terminate()
        self._end(process, grace_s)

    def _end(self, process: subprocess.Popen[bytes], grace_s: float) -> None:
        try:
            process.wait(grace_s)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        if process in self.running:
            self.running.remove(process)

    def _run(
        self, command: Sequence[str], secrets: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[bytes]:
        log = self._log(command)
        started = time.monotonic()
        with log.open("ab") as errors:
            errors.write(f"$ {' '.join(command)}\n".encode())
            errors.flush()
            done = subprocess.run(  # noqa: S603  our own programs
                self._argv(command),
                stdout=subprocess.PIPE,
                stderr=errors,
                env={**self.env, **(secrets or {})},
                check=False,
            )
            errors.write(done.stdout)
            errors.write(f"[{done.returncode}] {time.monotonic() - started:.1f} s\n".encode())
        if done.returncode != 0:
            raise KitwrightError(
                f"`{' '.join(command[:3])}` failed with code {done.returncode}:\n"
                + self.last_words(*command),
                where=str(log),
            )
        return done

    def _argv(self, command: Sequence[str]) -> list[str]:
        program = Path(sys.executable).parent / command[0]
        if not program.exists():
            raise MachineError(
                f"{command[0]} is not installed beside this Python",
                where=str(program.parent),
                fix="pip install 'kitwright[cpu,agent,hub,train,yolo,pretrained]'",
            )
        return [str(program), *command[1:]]

    def _log(self, command: Sequence[str]) -> Path:
        words = [w for w in command[:3] if w.replace("-", "").isalpha() and not w.startswith("-")]
        return self.logs / f"{'-'.join(words)}.log"
