"""What devices send arrives exactly once, is acknowledged after the commit, and may be hostile."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
import zstandard
from sqlalchemy import func, select, text
from sqlalchemy.event import listen as event_listen
from sqlalchemy.exc import DBAPIError, OperationalError

from cloud_sync.hub import Hub
from cloud_sync.intake.decode import ChunkIn, Refused, decode
from cloud_sync.intake.ingest import Ingest
from cloud_sync.intake.ledger import accounts
from cloud_sync.intake.link import Message, MqttLink
from cloud_sync.intake.parts import PartAck, Parts
from cloud_sync.intake.rows import write_frames
from cloud_sync.intake.space import DiskFullError, DiskGuard
from cloud_sync.store import models
from kits.core.events import Event, GapBody
from kits.core.frames import MIN_CHUNK_BYTES, BlobAck, decode_chunk, encode_chunk, unpack_frame
from kits.core.sample import digest_of
from kits.core.topics import DeviceTopics, ParsedTopic
from tests.cloud_sync.fleet_builders import (
    DeviceClient,
    add_device,
    alert,
    blob_ref,
    decision,
    event,
    frame_bytes,
    frame_in,
    gap,
    label,
    make_hub,
    running_intake,
    wait_for,
)

BROKERS = ["mosquitto", "embedded"]
LIMIT = 1 << 20


@pytest.fixture
def hub(tmp_path: Path, database_url: str) -> Iterator[Hub]:
    with make_hub(tmp_path, database_url=database_url) as hub:
        yield hub


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[Hub]:
    with make_hub(tmp_path) as hub:
        yield hub


def count(hub: Hub, table: type[models.Base]) -> int:
    with hub.database.session() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def refused(hub: Hub, reason: str) -> float:
    return hub.metrics.refused.labels(reason)._value.get()


class SilentLink(MqttLink):
    """A link whose broker is away: remembers what it was asked to acknowledge."""

    def __init__(self, hub: Hub) -> None:
        from cloud_sync.fleet.broker import BrokerAddress

        super().__init__(BrokerAddress("127.0.0.1", 1), "silent", hub.metrics)
        self.acknowledged: list[int] = []

    def acknowledge(self, message: Message) -> None:
        self.acknowledged.append(message.mid)


def message(payload: bytes, mid: int = 1, topic: str = "", device: str = "press-1") -> Message:
    return Message(topic or DeviceTopics("main", device).frames("s"), payload, mid, 1, 0)


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
def test_a_picture_goes_on_where_it_stopped(sqlite: Hub, kind: str) -> None:
    hub = sqlite
    token = add_device(hub)
    content = bytes(range(251)) * 400
    last = -(-len(content) // MIN_CHUNK_BYTES) - 1
    with running_intake(hub, kind) as broker:
        device = DeviceClient(broker, "press-1", token).connect()
        device.send(decision(1, blob=blob_ref(content)))
        assert device.next_ack().ranges == ((1, 1),)
        for number in range(3):
            device.send_chunk(content, number, MIN_CHUNK_BYTES)
        ack = device.next_ack(timeout_s=10)
        assert ack.blobs[digest_of(content)].have == ((0, 2),)
        device.close()
    with running_intake(hub, kind) as broker:  # the hub was started again
        device = DeviceClient(broker, "press-1", token).connect()
        device.send(decision(1, blob=blob_ref(content)))
        assert device.next_ack().blobs[digest_of(content)].have == ((0, 2),)
        for number in range(3, last + 1):
            device.send_chunk(content, number, MIN_CHUNK_BYTES)
        device.wait_done(digest_of(content))
        device.close()
    assert hub.storage.get(digest_of(content)) == content
    with hub.database.session() as session:
        assert session.scalars(select(models.Sample)).one().blob_state == "stored"
        assert session.scalars(select(models.BlobPart)).all() == []
    assert list(hub.config.parts_dir.iterdir()) == []


@pytest.mark.parametrize("kind", BROKERS)
def test_five_thousand_rows_drain(sqlite: Hub, kind: str) -> None:
    hub = sqlite
    token = add_device(hub)
    with running_intake(hub, kind) as broker:
        device = DeviceClient(broker, "press-1", token).connect()
        for first in range(1, 5001, 100):
            device.send(*(decision(seq) for seq in range(first, first + 100)))
        wait_for(lambda: count(hub, models.Event) == 5000, timeout_s=30)
        device.close()
    assert count(hub, models.Sample) == 5000


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


def test_nothing_is_acknowledged_when_the_commit_fails(sqlite: Hub) -> None:
    hub = sqlite
    add_device(hub)
    with hub.database.transaction() as session:
        session.execute(
            text(
                "CREATE TRIGGER full BEFORE INSERT ON sample "
                "BEGIN SELECT RAISE(ABORT, 'disk full'); END"
            )
        )
    link = SilentLink(hub)
    ingest = Ingest(hub, link)
    frame = message(frame_bytes(decision(1)))
    ingest.process([frame])
    assert count(hub, models.Event) == 0
    assert refused(hub, "database") == 1
    assert count(hub, models.Quarantine) == 1  # a person can look at what no table takes
    with hub.database.transaction() as session:
        session.execute(text("DROP TRIGGER full"))
    ingest.process([frame])
    assert count(hub, models.Event) == count(hub, models.Sample) == 1


def test_a_database_that_is_away_stops_acknowledgements(hub: Hub) -> None:
    add_device(hub)
    link = SilentLink(hub)
    ingest = Ingest(hub, link)
    with hub.database.transaction() as session:
        session.execute(text("ALTER TABLE event RENAME TO event_gone"))
    with pytest.raises(DBAPIError):
        ingest.process([message(frame_bytes(decision(1)))])
    assert link.acknowledged == []
    with hub.database.transaction() as session:
        session.execute(text("ALTER TABLE event_gone RENAME TO event"))
    ingest.process([message(frame_bytes(decision(1)))])
    assert link.acknowledged == [1]
    assert count(hub, models.Event) == 1


BOMB = zstandard.ZstdCompressor().compress(b"\0" * (9 << 20))


@pytest.mark.parametrize(
    ("topic", "payload", "reason"),
    [
        ("kw/v1/main/press-1/up/s", b"garbage", "frame"),
        ("kw/v1/main/press-1/up/s", b"", "frame"),
        ("kw/v1/main/press-1/up/s", BOMB, "frame"),
        ("kw/v1/main/press-1/up/s", b"x" * 300_000, "too large"),
        ("kw/v1/main/press-1/up/a", frame_bytes(decision(1)), "class"),
        ("kw/v1/main/press-1/up/s", frame_bytes(decision(1 << 63)), "frame"),
        ("kw/v1/main/press-1/up/f/" + "a" * 64 + "/0", b"short", "chunk"),
        ("kw/v1/main/press-1/st/online", b"maybe", "status"),
        ("kw/v1/main/press-1/st/reported", b"[]", "status"),
        ("kw/v1/main/press-1/st/reported", b"{" * 70_000, "too large"),
        ("kw/v1/main/PRESS/up/s", b"", "topic"),
        ("kw/v1/main/press-1/up/x", b"", "topic"),
    ],
)
def test_hostile_messages_are_refused_with_a_reason(
    topic: str, payload: bytes, reason: str
) -> None:
    result = decode(topic, payload)
    assert isinstance(result, Refused)
    assert result.reason == reason


def test_a_hostile_message_does_not_hold_up_the_others(hub: Hub) -> None:
    add_device(hub)
    link = SilentLink(hub)
    Ingest(hub, link).process(
        [message(b"garbage", 1), message(frame_bytes(decision(1)), 2), message(b"\xff", 3)]
    )
    assert link.acknowledged == [1, 2, 3]
    assert count(hub, models.Event) == 1
    assert refused(hub, "frame") == 2


def test_unknown_revoked_and_foreign_devices_are_ignored(hub: Hub) -> None:
    add_device(hub)
    add_device(hub, "press-2")
    with hub.database.transaction() as session:
        from cloud_sync.fleet import devices

        devices.revoke(session, "press-2", who="test")
    link = SilentLink(hub)
    Ingest(hub, link).process(
        [
            message(frame_bytes(decision(1)), device="press-2"),
            message(frame_bytes(decision(1)), device="stranger"),
            message(frame_bytes(decision(1)), topic="kw/v1/other-site/press-1/up/s"),
        ]
    )
    assert count(hub, models.Event) == 0
    assert refused(hub, "unknown device") == 3


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


def chunk(
    content: bytes, number: int, device: str = "press-1", digest: str = "",
    size: int = MIN_CHUNK_BYTES,
) -> ChunkIn:  # fmt: skip
    topic = ParsedTopic("main", device, "f", digest or digest_of(content), number)
    return ChunkIn(topic, decode_chunk(encode_chunk(content, number, size)))


def take(hub: Hub, parts: Parts, item: ChunkIn) -> PartAck | str:
    with hub.database.transaction() as session:
        taken = parts.take(session, item)
        parts.persist(session)
    return taken


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


def ack_of(taken: PartAck | str) -> BlobAck:
    assert isinstance(taken, PartAck)
    return taken.ack


def announce(hub: Hub, content: bytes) -> None:
    with hub.database.transaction() as session:
        write_frames(session, [frame_in(decision(1, blob=blob_ref(content)))], blob_limit=LIMIT)


def test_chunks_that_were_not_announced_are_refused(hub: Hub) -> None:
    add_device(hub)
    add_device(hub, "press-2")
    content = b"x" * 40_000
    not_named = BlobAck(refused="no sample of this device names it")
    assert ack_of(take(hub, Parts(hub), chunk(content, 0))) == not_named
    announce(hub, content)
    assert ack_of(take(hub, Parts(hub), chunk(content, 0, device="press-2"))) == not_named
    assert take(hub, Parts(hub), chunk(content, 0)) == ""


@pytest.mark.parametrize("again", [False, True])
def test_a_blob_over_the_limit_is_refused_with_its_row(tmp_path: Path, again: bool) -> None:
    content = b"x" * 40_000
    with make_hub(tmp_path, limits={"blob_bytes": 30_000}) as hub:
        token = add_device(hub)
        with running_intake(hub, "embedded") as broker:
            device = DeviceClient(broker, "press-1", token).connect()
            for _ in range(1 + again):
                device.send(decision(1, blob=blob_ref(content)))
                ack = device.next_ack()
                assert ack.ranges == ((1, 1),)
                assert ack.blobs[digest_of(content)].refused == "larger than this hub takes"
            device.send_chunk(content, 0, MIN_CHUNK_BYTES)
            assert device.next_ack().blobs[digest_of(content)].refused
            device.close()
        with hub.database.session() as session:
            assert session.scalars(select(models.Sample)).one().blob_state == "none"


def test_wrong_bytes_under_an_announced_digest_are_thrown_away(hub: Hub) -> None:
    add_device(hub)
    content, other = b"x" * 20_000, b"y" * 20_000
    announce(hub, content)
    parts = Parts(hub)
    assert take(hub, parts, chunk(other, 0, digest=digest_of(content))) == ""
    taken = take(hub, parts, chunk(other, 1, digest=digest_of(content)))
    assert isinstance(taken, PartAck)
    assert not taken.ack.done
    assert taken.ack.have == ()
    assert not hub.storage.has(digest_of(content))
    for number in range(2):
        taken = take(hub, parts, chunk(content, number))
    assert isinstance(taken, PartAck)
    assert taken.ack.done


def test_bytes_that_are_stored_already_are_done_at_once(hub: Hub) -> None:
    add_device(hub)
    content = b"x" * 20_000
    hub.storage.put(content)
    with hub.database.transaction() as session:
        session.add(models.Blob(digest=digest_of(content), size=len(content)))
    announce(hub, content)
    with hub.database.session() as session:
        assert session.scalars(select(models.Sample)).one().blob_state == "stored"
        states = Parts(hub).states(session, [("press-1", "epoch-1", digest_of(content))])
    assert [state.ack.done for state in states] == [True]


def test_unfinished_uploads_are_bounded(tmp_path: Path) -> None:
    with make_hub(tmp_path, limits={"parts_bytes": 30_000}) as hub:
        add_device(hub)
        content = b"x" * 40_000
        announce(hub, content)
        assert take(hub, Parts(hub), chunk(content, 0)) == "parts full"


def test_acknowledgements_of_chunks_are_due_after_eight_or_two_seconds(hub: Hub) -> None:
    add_device(hub)
    content = bytes(200) * 1000
    announce(hub, content)
    now = [100.0]
    parts = Parts(hub, clock=lambda: now[0])
    take(hub, parts, chunk(content, 0))
    assert parts.due() == []
    now[0] += 2.5
    assert [ack.ack.have for ack in parts.due()] == [((0, 0),)]
    for number in range(1, 9):
        take(hub, parts, chunk(content, number))
    assert [ack.ack.have for ack in parts.due()] == [((0, 8),)]


def test_a_row_of_a_newer_agent_is_kept_and_the_others_go_on(hub: Hub) -> None:
    add_device(hub)
    frame = json.loads(unpack_frame(frame_bytes(decision(1), decision(2), decision(3))))
    frame["rows"][1]["body"] = {"kind": "hologram", "depth": 3}
    payload = zstandard.ZstdCompressor().compress(json.dumps(frame).encode())
    link = SilentLink(hub)
    Ingest(hub, link).process([message(payload)])
    assert (count(hub, models.Event), count(hub, models.Sample)) == (3, 2)
    with hub.database.session() as session:
        kept = session.scalars(select(models.Event).where(models.Event.seq == 2)).one()
        assert kept.kind == "unreadable"
        assert "hologram" in str(kept.body["raw"])
        assert accounts(session)[0].complete
    assert refused(hub, "unreadable row") == 1


def test_a_message_nobody_can_read_is_kept_told_of_once_and_bounded(tmp_path: Path) -> None:
    with make_hub(tmp_path, limits={"quarantine_bytes": 5000}) as hub:
        add_device(hub)
        ingest = Ingest(hub, SilentLink(hub))
        for _ in range(3):
            ingest.process([message(b"garbage" * 100), message(frame_bytes(decision(1)), 2)])
        with hub.database.session() as session:
            kept = session.scalars(select(models.Quarantine)).one()
            assert (kept.device, kept.reason, kept.times) == ("press-1", "frame", 3)
            assert kept.payload == b"garbage" * 100
            [told] = session.scalars(select(models.Alert)).all()
            assert (told.name, told.device) == ("unreadable-message", "press-1")
        for number in range(20):
            ingest.process([message(bytes([number]) * 1000)])
        with hub.database.session() as session:
            sizes = session.scalars(select(models.Quarantine.size)).all()
        assert sum(sizes) <= 5000
        assert hub.metrics.quarantined._value.get() == 23


def test_what_strangers_send_is_not_kept(hub: Hub) -> None:
    add_device(hub)
    Ingest(hub, SilentLink(hub)).process([message(b"garbage", device="stranger")])
    assert count(hub, models.Quarantine) == 0


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


def test_chunks_of_one_picture_come_to_two_workers(hub: Hub) -> None:
    add_device(hub)
    content = bytes(range(251)) * 400
    announce(hub, content)
    last = -(-len(content) // MIN_CHUNK_BYTES) - 1
    workers = [Parts(hub), Parts(hub)]
    for number in range(last):
        assert take(hub, workers[number % 2], chunk(content, number)) == ""
    taken = take(hub, workers[last % 2], chunk(content, last))
    assert ack_of(taken).done
    assert hub.storage.get(digest_of(content)) == content
    again = take(hub, workers[(last + 1) % 2], chunk(content, 0))
    assert ack_of(again).done


def test_a_device_that_halves_its_chunks_loses_nothing_of_what_came(hub: Hub) -> None:
    add_device(hub)
    content = bytes(range(251)) * 400
    announce(hub, content)
    parts = Parts(hub)
    assert take(hub, parts, chunk(content, 1, size=2 * MIN_CHUNK_BYTES)) == ""
    assert take(hub, parts, chunk(content, 0)) == ""
    with hub.database.session() as session:
        [state] = parts.states(session, [("press-1", "epoch-1", digest_of(content))])
    assert (state.ack.chunk_bytes, state.ack.have) == (MIN_CHUNK_BYTES, ((0, 0), (2, 3)))


def test_text_that_a_database_cannot_hold_is_no_poison(hub: Hub) -> None:
    add_device(hub)
    nasty = decision(1, "s1", source="a\x00b", meta={"odd": float("nan"), "nul": "\x00"})
    link = SilentLink(hub)
    Ingest(hub, link).process([message(frame_bytes(nasty, decision(2)))])
    assert link.acknowledged == [1]
    assert count(hub, models.Sample) == 2
