"""The hub's disk runs short: refused, told of, and over by itself, whatever happens in between."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from cloud_sync.hub import Hub
from cloud_sync.intake.space import DiskFullError, DiskGuard
from cloud_sync.store.models import Alert
from tests.cloud_sync.fleet_builders import make_hub

SHORT, ROOMY = 1000, 1 << 40


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    with make_hub(tmp_path) as hub:
        yield hub


def alerts(hub: Hub) -> list[tuple[str, bool]]:
    """Name of each alert, and whether it is open."""
    with hub.database.session() as session:
        rows = session.scalars(select(Alert).order_by(Alert.id))
        return [(row.name, row.seen_at is None) for row in rows]


def look_after_a_start(hub: Hub, free: int) -> None:
    DiskGuard(hub, free=lambda _folder: free).check()


def test_an_alert_of_a_life_before_is_closed_and_the_next_time_is_told_of(hub: Hub) -> None:
    with pytest.raises(DiskFullError):
        look_after_a_start(hub, SHORT)
    look_after_a_start(hub, ROOMY)
    assert alerts(hub) == [("hub-disk-full", False)]
    with pytest.raises(DiskFullError):
        look_after_a_start(hub, SHORT)
    assert alerts(hub) == [("hub-disk-full", False), ("hub-disk-full", True)]


def test_what_could_not_be_told_of_is_told_of_at_the_next_look(hub: Hub) -> None:
    now = [0.0]
    guard = DiskGuard(hub, free=lambda _folder: SHORT, clock=lambda: now[0])
    with hub.database.transaction() as session:
        no_room = "SELECT RAISE(ABORT, 'database or disk is full')"
        session.execute(text(f"CREATE TRIGGER full BEFORE INSERT ON alert BEGIN {no_room}; END"))
    with pytest.raises(IntegrityError):
        guard.check()
    with pytest.raises(DiskFullError):
        guard.check()  # and nothing is taken meanwhile
    with hub.database.transaction() as session:
        session.execute(text("DROP TRIGGER full"))
    now[0] += 2
    with pytest.raises(DiskFullError):
        guard.check()
    assert alerts(hub) == [("hub-disk-full", True)]
