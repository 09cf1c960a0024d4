"""What devices send arrives exactly once, and is acknowledged after the commit."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from cloud_sync.background import start_ingest
from cloud_sync.hub import Hub
from cloud_sync.intake.ledger import accounts
from cloud_sync.intake.rows import write_frames
from cloud_sync.store import models
from kits.core.events import Event, GapBody
from kits.core.sample import utc_now
from tests.cloud_sync.fleet_builders import (
    DeviceClient,
    add_device,
    alert,
    decision,
    event,
    frame_in,
    gap,
    label,
    make_hub,
    running_intake,
)
from tests.cloud_sync.intake.intake_builders import LIMIT, count
from tests.waiting import wait_for

BROKERS = ["mosquitto", "embedded"]


@pytest.fixture
def hub(tmp_path: Path, database_url: str) -> Iterator[Hub]:
    with make_hub(tmp_path, database_url=database_url) as hub:
        yield hub


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[Hub]:
    with make_hub(tmp_path) as hub:
        yield hub


@pytest.mark.parametrize("word", [b"0", b"1"])
def test_what_the_broker_kept_and_a_last_will_are_no_signs_of_life(
    sqlite: Hub, word: bytes
) -> None:
    """A hub that connects anew took machines that had been dead for days for heard of."""
    hub, long_ago = sqlite, utc_now() - timedelta(days=3)
    token = add_device(hub)

    def standing() -> models.Device:
        with hub.database.session() as session:
            return session.get_one(models.Device, "press-1")

    def set_back(**values: object) -> None:
        with hub.database.transaction() as session:
            session.execute(update(models.Device).values(last_seen_at=long_ago, **values))

    with running_intake(hub, "mosquitto") as broker, ExitStack() as parts:
        device = DeviceClient(broker, "press-1", token).connect()
        set_back(online=word == b"0")
        device.publish(device.topics.online, word, retain=True)
        wait_for(lambda: standing().online == (word == b"1"))
        assert (standing().last_seen_at == long_ago) == (word == b"0")
        set_back(online=word == b"0")
        start_ingest(hub, broker, parts)
        wait_for(lambda: standing().online == (word == b"1"))
        assert standing().last_seen_at == long_ago
        device.close()


@pytest.mark.parametrize("kind", BROKERS)
def test_a_frame_sent_twice_gives_one_row_and_two_acknowledgements(sqlite: Hub, kind: str) -> None:
    hub = sqlite
    token = add_device(hub)
    with running_intake(hub, kind) as broker:
        device = DeviceClient(broker, "press-1", token).connect()
        device.send(decision(1), decision(2))
        assert device.next_ack().ranges == ((1, 2),)
        device.send(decision(1), decision(2))
        assert device.next_ack().ranges == ((1, 2),)
        device.close()
    assert count(hub, models.Event) == count(hub, models.Sample) == 2
    with hub.database.session() as session:
        epoch = session.scalars(select(models.Epoch)).one()
        assert (epoch.rows, epoch.duplicates, epoch.highest_seq) == (2, 2, 2)


@pytest.mark.parametrize("kind", BROKERS)
def test_two_thousand_rows_drain(sqlite: Hub, kind: str) -> None:
    hub = sqlite
    token = add_device(hub)
    with running_intake(hub, kind) as broker:
        device = DeviceClient(broker, "press-1", token).connect()
        for first in range(1, 2001, 100):
            device.send(*(decision(seq) for seq in range(first, first + 100)))
        wait_for(lambda: count(hub, models.Event) == 2000)
        device.close()
    assert count(hub, models.Sample) == 2000


def test_every_class_reaches_its_table_once(hub: Hub) -> None:
    add_device(hub)
    frames = [
        frame_in(decision(1, "sample-1")),
        frame_in(alert(2), klass="a"),
        frame_in(label(3, "sample-1"), gap(4), klass="l"),
    ]
    for _ in range(2):
        with hub.database.transaction() as session:
            write_frames(session, frames, blob_limit=LIMIT)
    for table in (models.Sample, models.Alert, models.Annotation, models.Gap):
        assert count(hub, table) == 1
    with hub.database.session() as session:
        stated = session.scalars(select(models.Annotation)).one()
        assert (stated.label, stated.source, stated.author) == ("good", "device", "line")
        assert session.scalars(select(models.Gap)).one().rows == 50


def test_an_all_clear_closes_the_alert_of_its_name_and_itself(hub: Hub) -> None:
    add_device(hub)
    frames = [frame_in(alert(1), alert(2, name="disk full"), alert(3, "info"), klass="a")]
    with hub.database.transaction() as session:
        write_frames(session, frames, blob_limit=LIMIT)
    with hub.database.session() as session:
        waiting = session.scalars(select(models.Alert).where(models.Alert.seen_at.is_(None))).all()
        assert [row.name for row in waiting] == ["disk full"]


def test_a_sample_id_of_another_device_is_not_overwritten(hub: Hub) -> None:
    add_device(hub)
    add_device(hub, "press-2")
    frames = [
        frame_in(decision(1, "taken")),
        frame_in(decision(1, "taken", source="evil"), device="press-2"),
    ]
    with hub.database.transaction() as session:
        outcome = write_frames(session, frames, blob_limit=LIMIT)
    assert outcome.odd == ["sample id taken"]
    with hub.database.session() as session:
        assert session.scalars(select(models.Sample)).one().device == "press-1"


def test_a_declared_loss_counts_only_what_is_not_here(hub: Hub) -> None:
    add_device(hub)
    body = GapBody(klass="s", first_seq=1, last_seq=20, rows=15, reason="over budget")

    def given_up() -> list[int]:
        with hub.database.session() as session:
            account = accounts(session)[0]
            assert account.expected == account.here + account.lost + account.missing
            return [gap.rows for gap in account.gaps]

    def arrive(*events: Event, klass: str = "s") -> None:
        with hub.database.transaction() as session:
            write_frames(session, [frame_in(*events, klass=klass)], blob_limit=LIMIT)

    arrive(event(21, "l", body), klass="l")
    assert given_up() == [15]
    arrive(*(decision(n, f"s{n}") for n in range(1, 9)))  # 8 of 20: at most 12 can be lost
    assert given_up() == [12]
    arrive(*(decision(n, f"s{n}") for n in range(1, 21)))
    assert given_up() == []
