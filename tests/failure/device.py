"""A real agent in a process of its own that dies where a test says, also as if the power had gone.

Two kinds of places can be named: the steps of an installation, which the agent passes by name, and
commit points, the calls of `fsync` and `rename` below the state folder, which are counted. A power
cut is a death after which every byte that no `fsync` had made durable is lost: files are cut back to
what was synced, renames in a folder that was not synced afterwards are undone.
"""

from __future__ import annotations

import os
import stat
import sys
from dataclasses import dataclass, field
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from edge_agent import log
from edge_agent.agent import Agent
from edge_agent.config import load_config
from kits.core.ending import ending_on_signals
from tests import forked

DIED = 9
_ROWS = ("outbox", "spool", "engines")


@dataclass(frozen=True)
class Death:
    """Where and how a life ends.

    Attributes:
        step: name of a step; empty: none.
        commit: number of a commit point, from 1; 0: none.
        before: at the commit point, but before it takes effect.
        power: what was not synced is lost.
    """

    step: str = ""
    commit: int = 0
    before: bool = False
    power: bool = False


NO_DEATH = Death()


@dataclass
class Disk:
    """What would be left after a power cut, by watching `fsync` and `replace`."""

    root: Path
    death: Death
    commits: int = 0
    synced: dict[int, int] = field(default_factory=dict)
    renames: list[tuple[Path, Path, bytes | None]] = field(default_factory=list)

    def watch(self) -> None:
        """From now on: what is there already is durable."""
        self.synced = {f.stat().st_ino: f.stat().st_size for f in self._files()}
        fsync, replace = os.fsync, os.replace

        def watched_fsync(number: int) -> None:
            path = Path(f"/proc/self/fd/{number}").readlink()
            mine = self._mine(path)
            self._point(mine, before=True)
            fsync(number)
            found = os.fstat(number)
            if stat.S_ISDIR(found.st_mode):
                self.renames = [r for r in self.renames if r[1].parent != path]
            else:
                self.synced[found.st_ino] = found.st_size
            self._point(mine, before=False)

        def watched_replace(src: Any, dst: Any, **more: Any) -> None:
            source, target = Path(src), Path(dst)
            mine = self._mine(target)
            self._point(mine, before=True)
            old = target.read_bytes() if mine and target.exists() else None
            replace(src, dst, **more)
            if mine:
                self.renames.append((source, target, old))
            self._point(mine, before=False)

        os.fsync, os.replace = watched_fsync, watched_replace  # type: ignore[assignment]

    def _mine(self, path: Path) -> bool:
        """Whether it belongs to updates; rows have tests of their own."""
        if self.root not in (path, *path.parents):
            return False
        return not any(str(path.relative_to(self.root)).startswith(name) for name in _ROWS)

    def _files(self) -> list[Path]:
        return [f for f in self.root.rglob("*") if f.is_file() and self._mine(f)]

    def _point(self, mine: bool, *, before: bool) -> None:
        if not mine:
            return
        self.commits += before
        if self.death.commit == self.commits and self.death.before == before:
            self.die()

    def at_step(self, name: str) -> None:
        """The agent passes a step; how many commit points lie before it is written down."""
        with (self.root.parent / "steps.txt").open("a") as steps:
            steps.write(f"{self.commits} {name}\n")
        if name == self.death.step:
            self.die()

    def die(self) -> None:
        """Ends the process at once."""
        if self.death.power:
            for file in self._files():
                found = file.stat()
                if found.st_size > self.synced.get(found.st_ino, 0):
                    os.truncate(file, self.synced.get(found.st_ino, 0))
            for source, target, old in reversed(self.renames):
                if target.exists():
                    source.write_bytes(target.read_bytes())
                    target.unlink()
                if old is not None:
                    target.write_bytes(old)
        os._exit(DIED)


def start(config: Path, kit: Path, death: Death) -> BaseProcess:
    """Starts an agent."""
    return forked.start(run, config, kit, death, daemon=True)


def run(config: Path, kit: Path, death: Death) -> None:
    """The agent's life; ends by SIGTERM or by its death."""
    sys.path.insert(0, str(kit))
    settings = load_config(config)
    with (config.parent / "agent.log").open("a") as errors:
        os.dup2(errors.fileno(), 2)
    log.setup("info")
    disk = Disk(settings.state_dir, death)
    disk.watch()
    agent = Agent(settings, checkpoint=disk.at_step)
    with ending_on_signals(agent.stop):
        agent.run()
