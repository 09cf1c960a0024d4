"""Pictures in pieces: resumed, checked, bounded, and never in the way of rows."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from cloud_sync.hub import Hub
from cloud_sync.intake import parts as parts_module
from cloud_sync.intake.finishing import Finisher
from cloud_sync.intake.ingest import Ingest
from cloud_sync.intake.parts import Parts
from cloud_sync.intake.watch import clean
from cloud_sync.store import models
from kits.core.frames import MIN_CHUNK_BYTES, BlobAck, encode_chunk
from kits.core.sample import digest_of, utc_now
from kits.core.topics import DeviceTopics
from tests.cloud_sync.fleet_builders import (
    DeviceClient,
    add_device,
    blob_ref,
    decision,
    make_hub,
    running_intake,
)
from tests.cloud_sync.intake.intake_builders import (
    SilentLink,
    frame_message,
    message,
    refused,
)
from tests.cloud_sync.intake.part_builders import (
    ack_of,
    announce,
    assert_stored,
    chunk,
    finish,
    take,
    upload,
)

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
def test_a_picture_goes_on_where_it_stopped(
    sqlite: Hub, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts_module, "ACK_EVERY_S", 0.1)
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
        # slow chunks are told of in more than one acknowledgement
        while device.next_ack().blobs[digest_of(content)].have != ((0, 2),):
            pass
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
    assert_stored(hub)


def test_chunks_that_were_not_announced_are_refused(hub: Hub) -> None:
    add_device(hub)
    add_device(hub, "press-2")
    content = b"x" * 40_000
    not_named = BlobAck(refused="no sample of this device names it")
    assert ack_of(take(hub, Parts(hub), chunk(content, 0))) == not_named
    announce(hub, content)
    assert ack_of(take(hub, Parts(hub), chunk(content, 0, device="press-2"))) == not_named
    assert take(hub, Parts(hub), chunk(content, 0)) == ""


def test_a_blob_over_the_limit_is_refused_with_its_row(tmp_path: Path) -> None:
    content = b"x" * 40_000
    digest = digest_of(content)
    with make_hub(tmp_path, limits={"blob_bytes": 30_000}) as hub:
        add_device(hub)
        link = SilentLink(hub)
        ingest = Ingest(hub, link)
        for _ in range(2):
            ingest.process([frame_message(decision(1, blob=blob_ref(content)))])
        piece = encode_chunk(content, 0, MIN_CHUNK_BYTES)
        ingest.process([message(piece, 2, DeviceTopics("main", "press-1").chunk(digest, 0))])
        assert [told.refused for told in link.told_of(digest)] == ["larger than this hub takes"] * 3
        assert link.told() == {1}
        with hub.database.session() as session:
            assert session.scalars(select(models.Sample)).one().blob_state == "none"


def test_wrong_bytes_under_an_announced_digest_are_thrown_away(hub: Hub) -> None:
    add_device(hub)
    content, other = b"x" * 20_000, b"y" * 20_000
    digest = digest_of(content)
    announce(hub, content)
    upload(hub, other, digest=digest)
    [told] = finish(hub, ("press-1", digest))
    assert (told.done, told.have) == (False, ())
    assert not hub.storage.has(digest)
    upload(hub, content)
    assert [told.done for told in finish(hub, ("press-1", digest))] == [True]
    assert_stored(hub)


def test_a_torn_file_of_a_power_cut_is_written_again(hub: Hub) -> None:
    """The file had its name, but not its bytes yet, when the power went."""
    add_device(hub)
    content = bytes(range(251)) * 100
    digest = digest_of(content)
    torn = hub.config.data_dir / "blobs" / "sha256" / digest[:2] / digest[2:]
    torn.parent.mkdir(parents=True)
    torn.write_bytes(content[:1000])
    announce(hub, content)
    upload(hub, content)
    assert [told.done for told in finish(hub, ("press-1", digest))] == [True]
    assert hub.storage.get(digest) == content


def test_an_upload_whose_worker_died_is_finished_by_another(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_device(hub)
    content = b"x" * 20_000
    link = SilentLink(hub)
    finisher = Finisher(hub, link)
    finisher.step()
    announce(hub, content)
    upload(hub, content)
    finisher.step()
    assert link.acks == []  # its worker may be at it
    monkeypatch.setattr(finisher, "_idle_s", 0.0)
    finisher.step()
    assert link.told_of(digest_of(content))[-1].done
    assert_stored(hub)
    Finisher(hub, link).submit([("press-1", digest_of(content))])
    Finisher(hub, link).step()  # a third one that comes too late


def test_what_a_killed_hub_left_complete_is_finished_at_its_start(hub: Hub) -> None:
    add_device(hub)
    content = b"x" * 20_000
    announce(hub, content)
    upload(hub, content)
    link = SilentLink(hub)
    Finisher(hub, link).step()
    assert link.told_of(digest_of(content))[-1].done
    assert_stored(hub)


def test_who_asks_for_a_picture_that_is_being_stored_is_answered_in_a_while(hub: Hub) -> None:
    add_device(hub)
    content = b"x" * 20_000
    announce(hub, content)
    now = [100.0]
    parts = Parts(hub, clock=lambda: now[0])
    for number in (0, 1, 0):
        assert take(hub, parts, chunk(content, number)) == ""
    assert parts.completed() == 2 * [("press-1", digest_of(content))]  # in case its finisher died
    assert parts.due() == []
    now[0] += 2.5
    assert [ack.ack.have for ack in parts.due()] == [((0, 1),)]


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


def test_unfinished_uploads_are_bounded_and_no_device_has_all_of_them(tmp_path: Path) -> None:
    limits = {"parts_bytes": 100_000, "parts_device_bytes": 45_000}
    with make_hub(tmp_path, limits=limits) as hub:
        for device in ("press-1", "press-2", "press-3"):
            add_device(hub, device)
            announce(hub, *(bytes([n]) * 40_000 for n in range(2)), device=device)
        answers = [
            take(hub, Parts(hub), chunk(bytes([n]) * 40_000, 0, device))
            for device in ("press-1", "press-2", "press-3")
            for n in range(2)
        ]
    assert answers == ["", "parts full", "", "parts full", "parts full", "parts full"]


def test_what_killed_processes_left_in_the_folder_is_removed(hub: Hub) -> None:
    add_device(hub)
    content = b"x" * 40_000
    announce(hub, content)
    take(hub, Parts(hub), chunk(content, 0))
    folder = hub.config.parts_dir
    mine = f"press-1-{digest_of(content)}"
    for name in ("put-0123456789abcdef", "press-9-" + "a" * 64):
        (folder / name).write_bytes(b"left over")
    clean(hub, utc_now())
    assert len(list(folder.iterdir())) == 3  # somebody may be writing them
    clean(hub, utc_now() + timedelta(days=2))
    assert [path.name for path in folder.iterdir()] == [mine]


def test_a_folder_that_cannot_be_written_holds_up_pictures_only(hub: Hub) -> None:
    add_device(hub)
    content = b"x" * 20_000
    hub.config.parts_dir.write_text("a file where the folder should be")
    topics = DeviceTopics("main", "press-1")
    link = SilentLink(hub)
    Ingest(hub, link).process(
        [
            frame_message(decision(1, blob=blob_ref(content))),
            message(
                encode_chunk(content, 0, MIN_CHUNK_BYTES), 2, topics.chunk(digest_of(content), 0)
            ),
        ]
    )
    assert (sorted(link.acknowledged), link.told()) == ([1, 2], {1})
    assert refused(hub, "parts folder") == 1


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
    assert take(hub, workers[last % 2], chunk(content, last)) == ""
    assert [told.done for told in finish(hub, ("press-1", digest_of(content)))] == [True]
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
