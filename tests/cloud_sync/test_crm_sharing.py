"""Several processes of the hub ask one CRM: each takes its part of the requests, and that of who ended is taken over."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from cloud_sync.crm.sharing import BEAT_S, LIFE, Sharing
from cloud_sync.hub import Hub
from cloud_sync.store.models import CrmProcess
from tests.cloud_sync.fleet_builders import make_hub
from tests.cloud_sync.lead_builders import Clock


@pytest.fixture
def shared(tmp_path: Path, database_url: str) -> Iterator[Hub]:
    with make_hub(tmp_path, database_url=database_url) as hub:
        yield hub


def process(hub: Hub, clock: Clock, machine: str) -> Sharing:
    made = Sharing(hub, now=clock, machine=machine)
    made.beat()
    return made


def test_processes_have_equal_parts_and_who_ends_leaves_its_own(shared: Hub) -> None:
    clock = Clock()
    first = process(shared, clock, "a")
    assert first.share() == 1.0
    second, third = process(shared, clock, "b"), process(shared, clock, "c")
    first.beat()
    second.beat()
    assert [one.share() for one in (first, second, third)] == [1 / 3, 1 / 3, 1 / 3]
    third.stop()
    clock.tick(LIFE.total_seconds() - BEAT_S)
    first.beat()
    assert first.share() == 1 / 2
    clock.tick(BEAT_S + 1)  # the second one was killed on another machine
    first.beat()
    assert first.share() == 1.0
    second.beat()
    assert second.share() == 1 / 2


def test_who_is_started_in_place_of_one_that_was_killed_has_its_part_at_once(hub: Hub) -> None:
    clock = Clock()
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    living = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    with hub.database.transaction() as session:
        for pid in (dead.pid, living.pid):
            session.add(CrmProcess(id=f"here:{pid}:x", until=clock() + LIFE))
        session.add(CrmProcess(id=f"there:{dead.pid}:x", until=clock() + LIFE))
    made = process(hub, clock, "here")
    assert made.share() == 1 / 3
    with hub.database.session() as session:
        left = {name.rpartition(":")[0] for name in session.scalars(select(CrmProcess.id))}
    assert f"here:{dead.pid}" not in left and f"here:{living.pid}" in left
    living.communicate(b"\n")
    made.beat()
    assert made.share() == 1 / 2


def test_a_row_that_a_wrong_clock_wrote_counts_for_nothing(hub: Hub) -> None:
    clock = Clock()
    with hub.database.transaction() as session:
        session.add(CrmProcess(id="there:1:x", until=clock() + 100 * LIFE))
    assert process(hub, clock, "here").share() == 1.0
