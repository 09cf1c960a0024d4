"""While the hub cannot write, nothing is acknowledged; when it can, nothing was lost."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select, text
from sqlalchemy.event import listen as event_listen
from sqlalchemy.exc import DBAPIError, OperationalError

from cloud_sync.hub import Hub
from cloud_sync.intake.ingest import Ingest
from cloud_sync.intake.space import DiskFullError, DiskGuard
from cloud_sync.store import models
from tests.cloud_sync.fleet_builders import add_device, decision, frame_bytes, make_hub
from tests.cloud_sync.intake.intake_builders import SilentLink, count, frame_message, message


@pytest.fixture
def hub(tmp_path: Path, database_url: str) -> Iterator[Hub]:
    with make_hub(tmp_path, database_url=database_url) as hub:
        yield hub


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[Hub]:
    with make_hub(tmp_path) as hub:
        yield hub


def test_a_database_that_is_away_stops_acknowledgements(hub: Hub) -> None:
    add_device(hub)
    link = SilentLink(hub)
    ingest = Ingest(hub, link)
    with hub.database.transaction() as session:
        session.execute(text("ALTER TABLE event RENAME TO event_gone"))
    with pytest.raises(DBAPIError):
        ingest.process([frame_message(decision(1))])
    assert (link.acknowledged, link.acks) == ([], [])
    with hub.database.transaction() as session:
        session.execute(text("ALTER TABLE event_gone RENAME TO event"))
    ingest.process([frame_message(decision(1))])
    assert (link.acknowledged, link.told()) == ([1], {1})
    assert count(hub, models.Event) == 1


def test_a_hub_that_hears_again_after_a_restart_says_so_and_tells_of_the_next_time(
    hub: Hub,
) -> None:
    def open_alerts() -> list[str]:
        with hub.database.session() as session:
            query = select(models.Alert.text).where(models.Alert.seen_at.is_(None))
            return list(session.scalars(query))

    deaf = SilentLink(hub)
    deaf.trouble = "the broker does not let the hub listen"
    Ingest(hub, deaf)._look_at_link()
    assert open_alerts() == [deaf.trouble]
    link = SilentLink(hub)
    ingest = Ingest(hub, link)  # started again
    ingest._look_at_link()
    assert open_alerts() == [deaf.trouble], "nobody has answered yet"
    link.listening = True
    ingest._look_at_link()
    assert open_alerts() == []
    link.trouble = "it does not again"
    ingest._look_at_link()
    assert open_alerts() == [link.trouble]
    link.trouble = "for another reason"
    ingest._look_at_link()
    assert open_alerts() == [link.trouble]


def test_below_the_reserve_nothing_is_taken_and_it_goes_on_by_itself(hub: Hub) -> None:
    add_device(hub)
    link, room, now = SilentLink(hub), [1 << 40], [0.0]
    ingest = Ingest(hub, link)
    ingest._disk = DiskGuard(hub, free=lambda _folder: room[0], clock=lambda: now[0])
    ingest.process([message(frame_bytes(decision(1)), 1)])
    room[0], now[0] = 1000, 2.0
    for _ in range(3):
        with pytest.raises(DiskFullError):
            ingest.process([message(frame_bytes(decision(2)), 2)])
        now[0] += 2
    assert link.acknowledged == [1]
    with hub.database.session() as session:
        [told] = session.scalars(select(models.Alert)).all()
        assert (told.name, told.seen_at) == ("hub-disk-full", None)
    assert hub.metrics.stalled._value.get() == 1
    room[0] = 1 << 40
    now[0] += 2
    ingest.process([message(frame_bytes(decision(2)), 2)])
    assert link.acknowledged == [1, 2]
    with hub.database.session() as session:
        assert session.scalars(select(models.Alert.seen_by)).one() == "hub: over"


def test_a_database_that_cannot_grow_acknowledges_nothing_and_recovers(sqlite: Hub) -> None:
    """SQLITE_FULL, as a full disk gives it, by the database's own cap on its pages."""
    add_device(sqlite)
    link = SilentLink(sqlite)
    ingest = Ingest(sqlite, link)
    event_listen(sqlite.database.engine, "checkout", cap_pages)
    rows = [decision(seq, meta={"pad": "x" * 400}) for seq in range(1, 201)]
    ingest.process([message(frame_bytes(decision(999, "small")), 1)])
    CAP[0] = 1
    with pytest.raises(OperationalError, match="full"):
        ingest.process([message(frame_bytes(*rows), 2)])
    assert link.acknowledged == [1]
    assert count(sqlite, models.Event) == 1
    CAP[0] = 0
    ingest.process([message(frame_bytes(*rows), 2)])
    assert link.acknowledged == [1, 2]
    assert count(sqlite, models.Sample) == 201


CAP = [0]


def cap_pages(connection: sqlite3.Connection, _record: object, _proxy: object) -> None:
    connection.execute(f"PRAGMA max_page_count={CAP[0] or 1 << 30}")
