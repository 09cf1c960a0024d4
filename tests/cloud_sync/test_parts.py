"""Pictures in pieces: resumed, checked, bounded, and never in the way of rows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from cloud_sync.hub import Hub
from cloud_sync.intake.decode import ChunkIn
from cloud_sync.intake.parts import PartAck, Parts
from cloud_sync.intake.rows import write_frames
from cloud_sync.store import models
from kits.core.frames import MIN_CHUNK_BYTES, BlobAck, decode_chunk, encode_chunk
from kits.core.sample import digest_of
from kits.core.topics import ParsedTopic
from tests.cloud_sync.fleet_builders import (
    DeviceClient,
    add_device,
    blob_ref,
    decision,
    frame_in,
    make_hub,
    running_intake,
)
from tests.cloud_sync.intake_builders import LIMIT

BROKERS = ["mosquitto", "embedded"]


@pytest.fixture
def hub(tmp_path: Path, database_url: str) -> Iterator[Hub]:
    with make_hub(tmp_path, database_url=database_url) as hub:
        yield hub


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[Hub]:
    with make_hub(tmp_path) as hub:
        yield hub


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
