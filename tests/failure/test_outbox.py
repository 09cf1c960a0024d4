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


def whole_life(folder: Path) -> list[str]:
    """An undisturbed life: the names of its effects."""
    assert outbox_steps.run(folder, NEVER) == 0
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


def kill_everywhere(folder: Path, *, every: int, power_cuts: bool) -> Counter[str]:
    """Kills before each commit, rename and deletion and before each `every`-th effect; what, by name."""
    names = whole_life(folder / "whole")
    states = [comparable(line["state"]) for line in told(folder / "whole")]
    killed: Counter[str] = Counter()
    for number, name in enumerate(names, 1):
        if number % every and name.split()[0] not in ("COMMIT", "rename", "unlink"):
            continue
        life = folder / f"kill-{number}"
        assert outbox_steps.run(life, number) == -signal.SIGKILL
        lines = told(life)
        if power_cuts and lines:
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


def test_killed_before_every_commit_and_file_effect(memory: Path, record: Record) -> None:
    killed = kill_everywhere(memory, every=15, power_cuts=False)
    record({"kills": killed.total(), **killed, "neither old nor new": 0})
    assert killed["COMMIT"] > 20
    assert killed["rename"] >= 3


@pytest.mark.slow
def test_killed_before_every_effect_also_without_unsynced_writes(
    memory: Path, record: Record
) -> None:
    killed = kill_everywhere(memory, every=1, power_cuts=True)
    record(
        {"kills": killed.total(), **killed, "power cuts": killed.total(), "neither old nor new": 0}
    )
    assert killed.total() > 300
