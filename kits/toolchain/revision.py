"""The commit that a project's folder stands at, as git tells it; a folder from elsewhere starts no program here.

What a work tree says of itself in its own `.git` names programs that git runs: a monitor of files, hooks, and filters by
which it sees whether a file was changed. The first two are switched off; where it has filters of its own, git is not asked
that.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

PATIENCE_S = 10
_HARMLESS = ("-c", "core.fsmonitor=false", "-c", f"core.hooksPath={os.devnull}")
_OWN = frozenset({"local", "worktree"})
DIRTY = "-dirty"
UNKNOWN = "-perhaps-dirty"


def git_revision(folder: Path) -> str:
    """The commit, `-dirty` when files were changed since, `-perhaps-dirty` when that may not be asked; empty without git."""
    revision = _git(folder, "describe", "--always", "--abbrev=40")
    if not revision:
        return ""
    if _has_filters(folder):
        return revision + UNKNOWN
    # submodules have a configuration of their own
    changed = _git(
        folder, "status", "--porcelain", "--untracked-files=no", "--ignore-submodules=all"
    )
    return revision + DIRTY if changed else revision


def _has_filters(folder: Path) -> bool:
    """Whether the folder's own configuration names one; what you have set for all of yours (git-lfs) is yours."""
    told = _git(
        folder, "config", "--show-scope", "--name-only", "--null", "--get-regexp", r"^filter\."
    )
    return told is None or not _OWN.isdisjoint(told.split("\0")[::2])


def _git(folder: Path, *words: str) -> str | None:
    """What git says; None: it is not there, or fails in another way than by finding nothing."""
    command = ["git", *_HARMLESS, "-C", str(folder), *words]
    try:
        done = subprocess.run(  # noqa: S603  fixed program, our own words
            command, capture_output=True, text=True, timeout=PATIENCE_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    nothing = done.returncode == 1 and not done.stderr
    return done.stdout.strip() if done.returncode == 0 or nothing else None
