"""Crashes between COMMIT, acknowledgement and delivery: the receiver sees each row exactly once."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select

from cloud_sync.config import dump
from cloud_sync.hub import Hub
from cloud_sync.store.models import Effect, Event
from tests.cloud_sync.fleet_builders import add_device, make_hub
from tests.cloud_sync.receivers import Receiver, receiver
from tests.failure.conftest import Record
from tests.integration.hub import ROOT

SEED = 20261125


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[tuple[Hub, Receiver]]:
    with receiver() as state:
        notify = {"webhook": {"url": state.url, "timeout_s": 5}}
        with make_hub(tmp_path, notify=notify) as hub:
            add_device(hub)
            (tmp_path / "hub.yaml").write_text(dump(hub.config))
            yield hub, state


def crash(scene: tuple[Hub, Receiver], rows: int) -> dict[str, object]:
    """One crash for nearly each row; what the receiver saw."""
    hub, state = scene
    command = [sys.executable, "-m", "tests.failure.effect_lives"]
    done = subprocess.run(
        [*command, str(hub.config.data_dir), str(rows), str(SEED)],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr[-2000:]
    crashes = json.loads(done.stdout.splitlines()[-1])
    names = [body["data"]["name"] for body in state.taken.values()]
    with hub.database.session() as session:
        stored = session.scalar(select(func.count()).select_from(Event))
        states = session.scalars(select(Effect.state).distinct()).all()
    assert stored == rows
    assert list(states) == ["done"]
    assert state.wrong_signatures == 0
    assert sorted(names) == sorted(f"alert-{seq}" for seq in range(1, rows + 1))
    again = sum(state.posts.values()) - len(state.posts)
    # the window exists, and was met: what crashed after the receiver's answer came twice
    assert again > 0 or not crashes["delivered"]
    return {
        "crashes": sum(count for name, count in crashes.items() if name not in ("lives", "none")),
        **{
            f"crashes {name}": count for name, count in crashes.items() if count and name != "lives"
        },
        "rows": rows,
        "webhooks taken by the receiver": len(names),
        "rows told of twice": len(names) - len(set(names)),
        "rows never told of": rows - len(set(names)),
        "repeats recognised by their id": again,
        "seed": SEED,
    }


def test_some_crashes_between_commit_and_delivery(
    scene: tuple[Hub, Receiver], record: Record
) -> None:
    record(crash(scene, 18))


@pytest.mark.slow
def test_a_thousand_crashes_between_commit_and_delivery(
    scene: tuple[Hub, Receiver], record: Record
) -> None:
    figures = crash(scene, 1020)  # a life may end before it comes to its point
    assert isinstance(figures["crashes"], int)
    assert figures["crashes"] >= 1000
    record(figures)
