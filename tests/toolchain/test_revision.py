"""The commit of a project's folder: what lies in a folder from elsewhere starts no program."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from kits.toolchain.revision import git_revision

WHO = ("-c", "user.name=x", "-c", "user.email=x@example.com", "-c", "core.fsmonitor=false")


def git(folder: Path, *words: str) -> None:
    subprocess.run(["git", "-C", str(folder), *WHO, *words], check=True)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """With one commit of one file."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "kit.yaml").write_text("kit: x")
    (folder / ".gitattributes").write_text("* filter=own\n")
    for words in (["init", "-q"], ["add", "."], ["commit", "-qm", "x"]):
        git(folder, *words)
    return folder


def touch(folder: Path) -> None:
    """As after unpacking: git has to look at the file itself."""
    os.utime(folder / "kit.yaml", (1_000_000_000, 1_000_000_000))


def test_a_commit_and_whether_files_were_changed_since(folder: Path, tmp_path: Path) -> None:
    touch(folder)
    clean = git_revision(folder)
    assert len(clean) == 40
    (folder / "new.txt").write_text("not git's yet")
    assert git_revision(folder) == clean
    (folder / "kit.yaml").write_text("kit: y")
    assert git_revision(folder) == f"{clean}-dirty"
    assert git_revision(tmp_path) == ""


@pytest.mark.parametrize(
    ("key", "within"),
    [("core.fsmonitor", ""), ("filter.own.clean", ""), ("filter.own.process", ""), ("filter.own.clean", "elsewhere")],
)  # fmt: skip
def test_a_folder_from_elsewhere_starts_no_program(
    folder: Path, tmp_path: Path, key: str, within: str
) -> None:
    mark = tmp_path / "started"
    program = f"touch {mark}; cat"
    if within:
        git(folder, "config", "include.path", within)
        git(folder, "config", "--file", str(folder / ".git" / within), key, program)
    else:
        git(folder, "config", key, program)
    touch(folder)
    told = git_revision(folder)
    assert not mark.exists()
    assert told.endswith("-perhaps-dirty") == key.startswith("filter.")


def test_hooks_of_a_folder_are_not_run(folder: Path, tmp_path: Path) -> None:
    mark = tmp_path / "started"
    hook = folder / ".git" / "hooks" / "post-index-change"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch {mark}\n")
    hook.chmod(0o755)
    touch(folder)
    assert len(git_revision(folder)) == 40
    assert not mark.exists()


def test_a_filter_that_a_person_has_for_all_their_folders_is_theirs(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = tmp_path / "gitconfig"
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(mine))
    git(folder, "config", "--global", "filter.own.clean", "cat")
    touch(folder)
    assert len(git_revision(folder)) == 40


def test_a_submodule_from_elsewhere_starts_no_program(folder: Path, tmp_path: Path) -> None:
    mark, inner = tmp_path / "started", folder / "part"
    inner.mkdir()
    (inner / "a.txt").write_text("a")
    for words in (["init", "-q"], ["add", "."], ["commit", "-qm", "x"]):
        git(inner, *words)
    git(folder, "add", "part")
    git(folder, "commit", "-qm", "y")
    (inner / ".gitattributes").write_text("* filter=own\n")
    git(inner, "config", "filter.own.clean", f"touch {mark}; cat")
    os.utime(inner / "a.txt", (1_000_000_000, 1_000_000_000))
    assert len(git_revision(folder)) == 40
    assert not mark.exists()
