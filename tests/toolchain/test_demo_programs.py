"""What a demo tells of a program that did not come up: its own last words, not only that it is missing."""

from __future__ import annotations

from pathlib import Path

from kits.toolchain.demo.programs import Programs


def test_a_program_that_ended_at_once_is_heard(tmp_path: Path) -> None:
    programs = Programs(tmp_path / "logs")
    command = ("cloud-sync", "serve", "--data", str(tmp_path / "no-hub"))
    assert programs.start(*command).wait(60) != 0
    said = programs.last_words(*command)
    assert "error:" in said and "fix:" in said
    assert all(line.startswith("    ") for line in said.splitlines())


def test_a_program_that_never_ran_said_nothing(tmp_path: Path) -> None:
    assert Programs(tmp_path / "logs").last_words("cloud-sync", "serve") == ""
