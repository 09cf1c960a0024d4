"""The outbox is killed before each of its effects: afterwards it is old or new, never neither.

The oracle is written after a step has returned, so: all steps of the oracle have happened, the one under
way has happened wholly or not at all, and no bytes are missing or left over.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from edge_agent.sync.outbox import Outbox
from tests.failure import outbox_steps
from tests.failure.conftest import Record
from tests.failure.outbox_steps import BUDGETS, State

NEVER = 1 << 30


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[Path]:
    """A folder in memory: a killed process leaves the same there as on a disk, and nothing waits."""
    shared = Path("/dev/shm")
    if not os.access(shared, os.W_OK):
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(dir=shared) as folder:
        yield Path(folder)


def told(folder: Path) -> list[dict[str, Any]]:
    """The lines of an oracle; the last one may have been cut by the kill."""
    path = folder / "oracle"
    lines = path.read_text().splitlines() if path.exists() else []
    return [json.loads(line) for line in lines if line.endswith("}")]


def whole_life(folder: Path, copy_every: int = 0) -> list[str]:
    """An undisturbed life: the names of its effects."""
    assert outbox_steps.run(folder, NEVER, copy_every) == 0
    names: list[str] = json.loads((folder / "names").read_text())
    return names


def comparable(state: State) -> State:
    """Without what differs between two lives: epoch and times."""
    return {
        "seqs": {klass: [seq for seq, _ in rows] for klass, rows in state["rows"].items()},
        "ready": state["ready"],
        "blobs": state["blobs"],
        "counts": {name: [c[0], *c[2:]] for name, c in state["counts"].items()},
    }


def check(folder: Path, states: list[State], earliest: int, latest: int) -> None:
    """Opens what was left and finds one of the states between two steps, and the bytes it names."""
    outbox = Outbox(folder / "state", BUDGETS)
    found = outbox_steps.state_of(outbox)
    assert outbox.damages == 0
    assert found["spool"] == found["blobs"], "bytes are missing or left over"
    for digest in found["blobs"]:
        outbox.spool.get(digest)
    assert not list((folder / "state" / "spool").rglob("*.tmp"))
    assert comparable(found) in states[earliest : latest + 1]
    outbox.append([outbox_steps.Entry(outbox_steps.AlertBody(name="b", text="after"), "a")])
    outbox.close()


def killed_lives(folder: Path, every: int) -> Iterator[tuple[Path, str]]:
    """Kills a life before each chosen effect; what it left, and the effect's name."""
    for number, name in enumerate(whole_life(folder / "whole"), 1):
        if outbox_steps.chosen(number, name, every):
            life = folder / f"kill-{number}"
            assert outbox_steps.run(life, number) == -signal.SIGKILL
            yield life, name


def copied_lives(folder: Path, every: int) -> Iterator[tuple[Path, str]]:
    """The same of a single life, which copies what a kill would leave."""
    for number, name in enumerate(whole_life(folder / "whole", every), 1):
        if outbox_steps.chosen(number, name, every):
            yield folder / f"kill-{number}", name


def check_all(folder: Path, lives: Iterator[tuple[Path, str]]) -> Counter[str]:
    """How many lives ended before which kind of effect; each is also cut off from power."""
    killed: Counter[str] = Counter()
    states: list[State] = []
    for life, name in lives:
        states = states or [comparable(line["state"]) for line in told(folder / "whole")]
        lines = told(life)
        if lines:
            cut_power(life, lines, states)
        check(life, states, max(0, len(lines) - 1), len(lines))
        shutil.rmtree(life)
        killed[name.split()[0]] += 1
    return killed


def cut_power(life: Path, lines: list[dict[str, Any]], states: list[State]) -> None:
    """The same end with all writes dropped that nothing has synced: acknowledgements may be undone."""
    synced = max(n for n, line in enumerate(lines) if line["durable"])
    copy = life.with_name(life.name + "-power")
    shutil.copytree(life, copy)
    wal, size = copy / "state" / "outbox.sqlite-wal", (copy / "synced").read_text()
    if wal.exists() and size:
        os.truncate(wal, min(wal.stat().st_size, int(size)))
        wal.with_name("outbox.sqlite-shm").unlink(missing_ok=True)
    check(copy, states, synced, len(lines))
    shutil.rmtree(copy)


def told_figures(killed: Counter[str]) -> dict[str, object]:
    kills = killed.total()
    return {"kills": kills, **killed, "power cuts": kills, "neither old nor new": 0}


def test_killed_before_every_commit_and_file_effect(memory: Path, record: Record) -> None:
    killed = check_all(memory, copied_lives(memory, every=5))
    record(told_figures(killed))
    assert killed["COMMIT"] > 20
    assert killed["rename"] >= 3
    assert killed.total() > 100


@pytest.mark.slow
def test_killed_before_every_effect_also_without_unsynced_writes(
    memory: Path, record: Record
) -> None:
    killed = check_all(memory, killed_lives(memory, every=1))
    record(told_figures(killed))
    assert killed.total() > 300
