"""`kit label` in a terminal, as a person uses it: keys in, text out, killed in the middle."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kits.toolchain.labelling.terminal import split_keys
from kits.toolchain.project import Project
from tests.toolchain.notes import notes, notes_kit

__all__ = ["notes", "notes_kit"]
KIT = (sys.executable, "-c", "from kits.cli import main; main()")
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]|\x1b[()][A-Z0-9]|\x1b[=>]")
PATIENCE_S = 30


class Terminal:
    """A program in a pseudo-terminal of 100 × 30; `wait` reads until it has shown something."""

    def __init__(self, root: Path, *options: str) -> None:
        self.descriptor, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 100, 0, 0))
        words = [*KIT, "label", "--author", "ada", *options]
        env = {**os.environ, "TERM": "xterm-256color", "NO_COLOR": "1"}
        for size in ("COLUMNS", "LINES"):
            env.pop(size, None)
        self.program = subprocess.Popen(
            words, cwd=root, env=env, stdin=theirs, stdout=theirs, stderr=theirs
        )
        os.close(theirs)
        self.shown = ""

    def wait(self, *texts: str) -> str:
        """What was shown since the last key, once all of these texts are in it."""
        until = time.monotonic() + PATIENCE_S
        while not all(text in self.shown for text in texts):
            assert time.monotonic() < until, f"{texts} did not come; shown: {self.shown[-2000:]}"
            if select.select([self.descriptor], [], [], 0.5)[0]:
                content = self._read()
                assert content or all(text in self.shown for text in texts), self.shown[-2000:]
                self.shown += _ESCAPES.sub("", content).replace("\xa0", " ")
        return self.shown

    def press(self, keys: str) -> Terminal:
        self.shown = ""
        os.write(self.descriptor, keys.encode())
        return self

    def ended(self) -> int:
        """Its exit code; what it said last is in `shown`."""
        until = time.monotonic() + PATIENCE_S
        while content := self._read():
            assert time.monotonic() < until
            self.shown += _ESCAPES.sub("", content).replace("\xa0", " ")
        return self.program.wait(PATIENCE_S)

    def _read(self) -> str:
        try:
            return os.read(self.descriptor, 65536).decode(errors="replace")
        except OSError:  # how Linux says that the other end is gone
            return ""


@pytest.fixture
def sit(notes: Project) -> Iterator[Callable[..., Terminal]]:
    opened: list[Terminal] = []

    def start(*options: str) -> Terminal:
        opened.append(Terminal(notes.root, *options))
        return opened[-1]

    yield start
    for terminal in opened:
        terminal.program.kill()
        terminal.program.wait()
        os.close(terminal.descriptor)


def lines(project: Project) -> list[dict[str, object]]:
    return [json.loads(line) for line in (project.root / "labels.jsonl").read_text().splitlines()]


def labels(project: Project) -> list[str]:
    return [str(line["annotation"]["label"]) for line in lines(project) if "annotation" in line]  # type: ignore[index]


def test_a_first_sitting_makes_labels_takes_one_back_and_keeps_the_rest(
    sit: Callable[..., Terminal], notes: Project
) -> None:
    terminal = sit("--round", "10")
    assert "no labels yet: n makes one" in terminal.wait("1 of 10", "q keep and quit")
    terminal.press("n").wait("new label:")
    terminal.press("parcel\r").wait("2 of 10", " 1  parcel")
    terminal.press("nrefund\r").wait("3 of 10", " 2  refund")
    terminal.press("2").wait("4 of 10", "3 labelled in this round")
    terminal.press("u").wait("3 of 10", "taken back")
    terminal.press("m12").wait("parcel✓", "refund✓")
    terminal.press("\r").wait("4 of 10")
    terminal.press("o").wait("5 of 10")
    terminal.press("s").wait("6 of 10", "4 labelled in this round")
    terminal.press("/re").wait("search: re", "refund")
    terminal.press("\r").wait("7 of 10")
    terminal.press("q")
    assert terminal.ended() == 0
    assert "5 of 40 notes are labelled" in terminal.shown
    assert "the next 50 labels buy" in terminal.shown
    assert terminal.shown.rstrip().endswith("next: kit train")
    assert labels(notes) == ["parcel", "refund", "refund", "parcel|refund", "oos", "refund"]
    dataset = Project.open(notes.root).dataset()
    assert sum(item.annotation is not None for item in dataset.items) == 5
    assert {item.annotation.author for item in dataset.items if item.annotation} == {"ada"}


@pytest.mark.slow
def test_a_round_ends_with_the_curve_and_the_next_one_begins(
    sit: Callable[..., Terminal], notes: Project
) -> None:
    terminal = sit("--round", "4")
    terminal.wait("1 of 4")
    terminal.press("nparcel\r").wait("2 of 4")
    shown = terminal.press("111").wait("Enter: the next round")
    assert "accuracy by number of labels" in shown and "points of accuracy" in shown
    terminal.press("\r").wait("1 of 4", "parcel")
    terminal.press("q")
    assert terminal.ended() == 0 and "4 of 40 notes are labelled" in terminal.shown


def test_a_guess_is_accepted_with_enter(sit: Callable[..., Terminal], notes: Project) -> None:
    terminal = sit("--round", "6")
    terminal.wait("1 of 6")
    terminal.press("\r").wait("there is no guess to accept")
    terminal.press("nparcel\r").wait("2 of 6")
    terminal.press("11111").wait("Enter: the next round")
    terminal.press("\r").wait("1 of 6", "parcel guess")
    terminal.press("\r").wait("2 of 6")
    terminal.press("q")
    assert terminal.ended() == 0
    assert labels(notes) == ["parcel"] * 7


def test_killed_in_the_middle_every_statement_is_kept_and_work_goes_on(
    sit: Callable[..., Terminal], notes: Project
) -> None:
    terminal = sit("--round", "10")
    terminal.wait("1 of 10")
    terminal.press("nparcel\r").wait("2 of 10")
    terminal.press("11").wait("4 of 10")
    terminal.program.kill()
    terminal.ended()
    with (notes.root / "labels.jsonl").open("a") as journal:
        journal.write('{"sample": "torn')
    again = sit("--round", "10")
    again.wait("1 of 10", "parcel")
    again.press("1").wait("2 of 10")
    again.press("q")
    assert again.ended() == 0
    assert "4 of 40 notes are labelled" in again.shown
    assert "1 damaged lines of labels.jsonl do not count" in again.shown


def test_a_search_that_finds_nothing_says_how_a_label_is_made(sit: Callable[..., Terminal]) -> None:
    terminal = sit()
    terminal.wait("1 of 40")
    terminal.press("/zzz").wait("search: zzz", "then n makes one")
    terminal.press("\x03")
    assert terminal.ended() == 0


@pytest.mark.slow
def test_a_second_person_is_told_that_the_first_one_is_at_it(
    sit: Callable[..., Terminal], notes: Project
) -> None:
    first = sit()
    first.wait("1 of 40")
    second = sit()
    second.wait("somebody is labelling in this project")
    assert second.ended() == 2
    first.press("\x03")
    assert first.ended() == 0


def test_a_hostile_note_neither_moves_the_cursor_nor_names_the_window(
    notes: Project, sit: Callable[..., Terminal]
) -> None:
    from kits.toolchain.importing import ImportOptions, import_data

    text = "Pay\x1b]0;owned\x07 me\n" + "\x1b[2J[bold]not bold[/bold] " * 30
    (notes.root / "notes" / "bad.txt").write_text(text)
    import_data(notes, notes.root / "notes", ImportOptions(replace=True))
    terminal = sit("--round", "41")
    found = False
    for number in range(1, 42):
        terminal.wait(f"{number} of 41", "q keep and quit")
        assert "\x1b]0;" not in terminal.shown
        if "[bold]not bold[/bold]" in terminal.shown:
            found = True
            break
        terminal.press("s")
    assert found


def test_a_long_text_is_read_by_scrolling(notes: Project, sit: Callable[..., Terminal]) -> None:
    from kits.toolchain.importing import ImportOptions, import_data

    text = "Long\n" + "\n".join(f"line {number}" for number in range(60))
    (notes.root / "notes" / "long.txt").write_text(text)
    import_data(notes, notes.root / "notes", ImportOptions())
    terminal = sit("--round", "41")
    for number in range(1, 42):
        terminal.wait(f"{number} of 41", "q keep and quit")
        if "line 0" in terminal.shown:
            break
        terminal.press("s")
    assert "line 10" in terminal.shown and "line 59" not in terminal.shown
    assert "more lines: ↓" in terminal.shown
    terminal.press("\x1b[6~" * 6).wait("line 59")
    assert "line 0 " not in terminal.shown


def test_without_a_terminal_it_says_what_else_there_is(notes: Project) -> None:
    done = kit(notes, "label")
    assert done.returncode == 2 and "--page" in done.stderr and "--json" in done.stderr


def kit(notes: Project, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*KIT, *words], cwd=notes.root, stdin=subprocess.DEVNULL, capture_output=True, text=True,
        check=False,
    )  # fmt: skip


def test_programs_are_told_how_far_it_is_and_what_comes_next(notes: Project) -> None:
    state = json.loads(kit(notes, "label", "--json", "--round", "7").stdout)
    assert state["n"] == 40 and state["labelled"] == 0 and len(state["next"]) == 7
    assert state["curve"]["gain"] is None and state["bundle"] == ""


@pytest.mark.slow
def test_while_nothing_is_labelled_every_command_leads_to_labelling(notes: Project) -> None:
    assert kit(notes, "data", "import", "notes").stdout.endswith("next: kit label\n")
    checked = kit(notes, "check")
    assert "fix: kit label shows the most telling ones first" in checked.stdout
    assert checked.stdout.endswith("next: kit label\n")


def test_a_table_goes_round_by_command_and_a_wrong_one_changes_nothing(
    notes: Project, tmp_path: Path
) -> None:
    table = tmp_path / "round.csv"
    written = kit(notes, "label", "--export", str(table), "--round", "5")
    assert written.stdout.endswith(f"next: kit label --import {table}\n")
    rows = table.read_text(encoding="utf-8-sig").splitlines()
    filled = [rows[0], *(row + "parcel" for row in rows[1:])]
    table.write_text("\n".join([*filled, "f-none,,,,parcel"]))
    refused = kit(notes, "label", "--import", str(table))
    assert refused.returncode == 3 and "line 7" in refused.stderr
    assert not (notes.root / "labels.jsonl").exists()
    table.write_text("\n".join(filled))
    taken = kit(notes, "label", "--import", str(table), "--author", "office")
    assert taken.returncode == 0 and "5 labels taken in" in taken.stdout
    again = json.loads(kit(notes, "label", "--apply", "--json").stdout)
    assert again["changed"] == 0 and again["dataset"] == Project.open(notes.root).dataset().id


def test_keys_are_told_apart_also_when_they_come_together() -> None:
    assert split_keys("a\x1b[A\x1b[6~\r") == ["a", "up", "pagedown", "enter"]
    assert split_keys("\x1b") == ["escape"]
    assert split_keys("\x1b[1;5Cx\x00é") == ["x", "é"]
    assert split_keys("\x1bOA\x7f\x03") == ["up", "backspace", "end"]
