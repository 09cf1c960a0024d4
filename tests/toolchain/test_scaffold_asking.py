"""`kit new lead-scoring` at a terminal: bad, empty and no answers, and who ends it. A real terminal, answered by the test."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from kits.core.errors import UsageError
from kits.toolchain.project import Project
from kits.toolchain.scaffold import new

CTRL_C, CTRL_D, ENTER = "\x03", "\x04", "\r"
_PATIENCE_S = 120.0


@dataclass
class Terminal:
    """What a person sees and types."""

    master: int
    process: subprocess.Popen[bytes]
    shown: str = ""

    def reads(self, text: str) -> None:
        """Waits until it is shown, from here on."""
        until = time.monotonic() + _PATIENCE_S
        while text not in self.shown:
            assert time.monotonic() < until, f"{text!r} is not in {self.shown[-2000:]!r}"
            self._more()
        self.shown = self.shown[self.shown.index(text) + len(text) :]

    def _more(self) -> None:
        if select.select([self.master], [], [], 0.2)[0]:
            try:
                self.shown += os.read(self.master, 65_536).decode(errors="replace")
            except OSError:  # the program has ended, and with it the terminal
                time.sleep(0.05)

    def types(self, text: str, *, clear: bool = False) -> None:
        """Types an answer; what is proposed is taken away before."""
        os.write(self.master, ("\x15" if clear else "").encode() + text.encode())

    def ends(self, key: str = "") -> int:
        """Its exit code; what is left to be read is in `shown`.

        Args:
            key: is pressed again after a while: while a question is being drawn nobody reads it.
        """
        until, pressed_at = time.monotonic() + _PATIENCE_S, float("-inf")
        while self.process.poll() is None:
            assert time.monotonic() < until, self.shown[-2000:]
            if key and time.monotonic() - pressed_at > 3:
                self.types(key)
                pressed_at = time.monotonic()
            self._more()
        self._more()
        return self.process.returncode


@contextmanager
def at_a_terminal(folder: Path, *more: str, columns: int = 200) -> Iterator[Terminal]:
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "200", "LINES": "50", "NO_COLOR": "1"}
    process = subprocess.Popen(
        [sys.executable, "-m", "kits.cli", "new", "lead-scoring", "p", *more],
        cwd=folder, stdin=slave, stdout=slave, stderr=slave, start_new_session=True, env=environment,
    )  # fmt: skip
    os.close(slave)
    try:
        yield Terminal(master, process)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        os.close(master)


@pytest.mark.slow
def test_a_bad_answer_is_refused_where_it_is_given_and_the_others_stay(tmp_path: Path) -> None:
    with at_a_terminal(tmp_path) as terminal:
        terminal.reads("in vain today")
        terminal.types(ENTER)
        terminal.reads("The figure that decides")
        terminal.types(ENTER)
        terminal.reads("must reach")
        terminal.types(f"nan{ENTER}", clear=True)
        terminal.reads("a number, such as")
        terminal.types(f"3.5{ENTER}", clear=True)
        terminal.reads("Currency")
        terminal.types(ENTER, clear=True)
        terminal.reads("three letters")
        terminal.types(f"CHF{ENTER}", clear=True)
        for asked in ("what became", "mean won", "mean lost", "must be scored", "no such time"):
            terminal.reads(asked)
            terminal.types(ENTER)
        terminal.reads("can call in a month")
        terminal.types(f"-3{ENTER}", clear=True)
        terminal.reads("0 or more")
        terminal.types(f"60{ENTER}", clear=True)
        for asked in ("that come in a month", "Margin", "Cost of working"):
            terminal.reads(asked)
            terminal.types(ENTER)
        terminal.reads("random order")
        terminal.types(f"7{ENTER}", clear=True)
        terminal.reads("from 0 to 0.5")
        terminal.types(f"0.1{ENTER}", clear=True)
        for asked in ("Language of the reasons", "are parted", "Where it will run", "Longest time"):
            terminal.reads(asked)
            terminal.types(ENTER)
        assert terminal.ends() == 0, terminal.shown
    project = Project.open(tmp_path / "p")
    assert (project.config.metric.target, project.config.costs.currency) == (3.5, "CHF")
    written = (tmp_path / "p" / "kit.yaml").read_text()
    assert "per_month: 60 " in written and "exploration: 0.1\n" in written


@pytest.mark.slow
@pytest.mark.parametrize(
    ("key", "said", "code"),
    [(CTRL_C, "", 130), (CTRL_D, "nothing more can be typed", 2)],
    ids=["ctrl-c", "ctrl-d"],
)
def test_who_ends_the_questions_is_told_in_a_line_and_nothing_is_made(
    tmp_path: Path, key: str, said: str, code: int
) -> None:
    with at_a_terminal(tmp_path) as terminal:
        terminal.reads("in vain today")
        returned = terminal.ends(key)
        assert said in terminal.shown, terminal.shown[-2000:]
        assert "Question(" not in terminal.shown and "does not fit" not in terminal.shown
        assert returned == code
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "answers",
    [{"exploration": "7"}, {"target": "nan"}, {"currency": ""}, {"per_month": "-1"}, {"value": "inf"},
     {"contact": "-0.01"}, {"latency_limit_ms": "0"}, {"currency": "E R"}],
    ids=str,
)  # fmt: skip
def test_without_a_terminal_a_bad_answer_makes_nothing(
    tmp_path: Path, answers: dict[str, str]
) -> None:
    with pytest.raises(UsageError, match="does not fit"):
        new("lead-scoring", tmp_path / "p", dict(answers), ask=False)
    assert not (tmp_path / "p").exists()


def test_without_a_terminal_the_usual_answers_hold(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "kits.cli", "new", "lead-scoring", "p"]
    done = subprocess.run(
        command, cwd=tmp_path, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("made p for lead-scoring")
    assert Project.open(tmp_path / "p").config.costs.currency == "EUR"


def test_a_question_is_read_to_its_end_on_a_narrow_terminal(tmp_path: Path) -> None:
    with at_a_terminal(tmp_path, columns=40) as terminal:
        terminal.reads("Which leads does sales call")
        terminal.reads("sentences)")
        assert terminal.ends(CTRL_C) == 130
