"""Several processes of the hub ask one CRM: each takes its part of the requests, and that of who ended is taken over."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from cloud_sync.crm.connection.sharing import BEAT_S, LIFE, Sharing
from cloud_sync.hub import Hub
from cloud_sync.store.models import CrmProcess
from tests.cloud_sync.crm.lead_builders import Clock
from tests.cloud_sync.fleet_builders import make_hub


@pytest.fixture
def shared(tmp_path: Path, database_url: str) -> Iterator[Hub]:
    with make_hub(tmp_path, database_url=database_url) as hub:
        yield hub


def process(hub: Hub, clock: Clock) -> Sharing:
    made = Sharing(hub, now=clock)
    made.beat()
    return made


def test_processes_have_equal_parts_and_who_ends_leaves_its_own(shared: Hub) -> None:
    clock = Clock()
    first = process(shared, clock)
    assert first.share() == 1.0
    second, third = process(shared, clock), process(shared, clock)
    first.beat()
    second.beat()
    assert [one.share() for one in (first, second, third)] == [1 / 3, 1 / 3, 1 / 3]
    third.stop()
    clock.tick(LIFE.total_seconds() - BEAT_S)
    first.beat()
    assert first.share() == 1 / 2
    clock.tick(BEAT_S + 1)  # the second one was killed
    first.beat()
    assert first.share() == 1.0
    second.beat()
    assert second.share() == 1 / 2


def test_containers_with_one_hostname_and_one_pid_are_two(
    shared: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: "hub")
    monkeypatch.setattr(os, "getpid", lambda: 1)
    clock = Clock()
    first, second = process(shared, clock), process(shared, clock)
    for _ in range(3):
        first.beat()
        second.beat()
    assert [one.share() for one in (first, second)] == [1 / 2, 1 / 2]
    with shared.database.session() as session:
        assert len(session.scalars(select(CrmProcess.id)).all()) == 2


def test_a_row_that_a_wrong_clock_wrote_counts_for_nothing(hub: Hub) -> None:
    clock = Clock()
    with hub.database.transaction() as session:
        session.add(CrmProcess(id="there:1:x", until=clock() + 100 * LIFE))
    assert process(hub, clock).share() == 1.0
