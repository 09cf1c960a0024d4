"""Pictures that come in one piece: into the storage without a part file, many in one answer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from sqlalchemy import select

from cloud_sync.hub import Hub
from cloud_sync.intake import whole as whole_module
from cloud_sync.intake.ingest import Ingest
from cloud_sync.intake.link import Message
from cloud_sync.store import models
from cloud_sync.store.storage import Storage
from kits.core.errors import UnreachableError
from kits.core.frames import CHUNK_BYTES, BlobAck, encode_chunk
from kits.core.sample import digest_of
from kits.core.topics import DeviceTopics
from tests.cloud_sync.fleet_builders import add_device, blob_ref, decision, make_hub
from tests.cloud_sync.intake.intake_builders import SilentLink, frame_message, message

TOPICS = DeviceTopics("main", "press-1")


@pytest.fixture
def hub(tmp_path: Path, database_url: str) -> Iterator[Hub]:
    with make_hub(tmp_path, database_url=database_url) as hub:
        add_device(hub)
        yield hub


def pictures(count: int, size: int = 3000) -> list[bytes]:
    return [bytes([n]) * size for n in range(1, count + 1)]


def announced(contents: Sequence[bytes]) -> Message:
    rows = [decision(n, f"p-{n}", blob=blob_ref(c)) for n, c in enumerate(contents, 1)]
    return frame_message(*rows)


def piece(content: bytes, mid: int, digest: str = "") -> Message:
    payload = encode_chunk(content, 0, CHUNK_BYTES)
    return message(payload, mid, TOPICS.chunk(digest or digest_of(content), 0))


def sent(contents: Sequence[bytes]) -> list[Message]:
    return [piece(content, 10 + n) for n, content in enumerate(contents)]


def parts_begun(hub: Hub) -> int:
    with hub.database.session() as session:
        return len(session.scalars(select(models.BlobPart)).all())


def states(hub: Hub) -> list[str]:
    with hub.database.session() as session:
        return list(session.scalars(select(models.Sample.blob_state).order_by(models.Sample.id)))


def open_alerts(hub: Hub) -> list[str]:
    with hub.database.session() as session:
        return list(
            session.scalars(select(models.Alert.name).where(models.Alert.seen_at.is_(None)))
        )


def test_many_pictures_share_one_answer_and_leave_no_part_file(hub: Hub) -> None:
    contents = pictures(20)
    link = SilentLink(hub)
    ingest = Ingest(hub, link)
    ingest.process([announced(contents), *sent(contents)])
    assert parts_begun(hub) == 0
    link.acks.clear()
    ingest.finisher.step()
    [(_, answer)] = link.acks
    assert answer.blobs == {digest_of(content): BlobAck(done=True) for content in contents}
    assert states(hub) == ["stored"] * 20
    assert [hub.storage.get(digest_of(content)) for content in contents] == contents
    assert not hub.config.parts_dir.exists() or not list(hub.config.parts_dir.iterdir())


def test_what_is_asked_for_again_meanwhile_is_stored_once(hub: Hub) -> None:
    contents = pictures(1)
    link = SilentLink(hub)
    ingest = Ingest(hub, link)
    ingest.process([announced(contents), *sent(contents)])
    ingest.process(sent(contents))
    ingest.finisher.step()
    ingest.process(sent(contents))  # the answer was lost on its way
    assert [told.done for told in link.told_of(digest_of(contents[0]))] == [True, True]
    assert hub.metrics.blobs.labels("stored")._value.get() == 1
    assert parts_begun(hub) == 0


def test_what_finds_no_room_in_memory_goes_by_a_part_file(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(whole_module, "MAX_DEVICE_BYTES", 7000)
    contents = pictures(3)
    link = SilentLink(hub)
    ingest = Ingest(hub, link)
    ingest.process([announced(contents), *sent(contents)])
    assert parts_begun(hub) == 1
    ingest.finisher.step()
    assert all(link.told_of(digest_of(content))[-1].done for content in contents)
    more = pictures(5)[3:]
    rows = [decision(n, f"p-{n}", blob=blob_ref(c)) for n, c in enumerate(more, 4)]
    ingest.process([frame_message(*rows), *sent(more)])
    assert parts_begun(hub) == 0, "what was stored has made room"


def test_a_transaction_that_fails_takes_no_room(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(whole_module, "MAX_DEVICE_BYTES", 3000)
    contents = pictures(1)
    link = SilentLink(hub)
    ingest = Ingest(hub, link)
    ingest.process([announced(contents)])
    with monkeypatch.context() as patch:
        patch.setattr(ingest._parts, "persist", fail)
        ingest.process(sent(contents))
    ingest.process(sent(contents))
    assert parts_begun(hub) == 0
    ingest.finisher.step()
    assert link.told_of(digest_of(contents[0]))[-1].done


def fail(*_args: object) -> None:
    raise ValueError("a row that no table takes")


def test_other_bytes_than_announced_are_not_kept(hub: Hub) -> None:
    [content] = pictures(1)
    digest = digest_of(content)
    link = SilentLink(hub)
    ingest = Ingest(hub, link)
    ingest.process([announced([content]), piece(b"?" * len(content), 10, digest)])
    ingest.finisher.step()
    assert link.told_of(digest)[-1] == BlobAck(), "nothing of it is here"
    assert not hub.storage.has(digest)
    ingest.process(sent([content]))
    ingest.finisher.step()
    assert hub.storage.get(digest) == content


class Flaky(Storage):
    """Refuses some digests, or all of them."""

    refused: frozenset[str] = frozenset()
    away = False

    def put(self, content: bytes, *, expected: str = "") -> str:
        self._ask(expected)
        return super().put(content, expected=expected)

    def put_file(self, path: Path, digest: str) -> None:
        self._ask(digest)
        super().put_file(path, digest)

    def _ask(self, digest: str) -> None:
        if self.away or digest in self.refused:
            raise UnreachableError("the storage cannot be used", where="blobs/sha256")


def flaky(hub: Hub) -> Flaky:
    storage = hub.storage = Flaky(hub.storage._store, hub.storage._folder)
    return storage


def test_while_the_storage_is_away_pictures_wait_on_the_disk(hub: Hub) -> None:
    contents = pictures(2)
    storage, link = flaky(hub), SilentLink(hub)
    storage.away = True
    ingest = Ingest(hub, link)
    ingest.process([announced(contents), *sent(contents)])
    with pytest.raises(UnreachableError):
        ingest.finisher.step()
    ingest.process(sent(contents))  # nobody answered, so they come again
    assert parts_begun(hub) == 2
    assert open_alerts(hub) == ["storage-away"]
    storage.away = False
    ingest.finisher.step()
    assert states(hub) == ["stored"] * 2
    assert open_alerts(hub) == []


def test_one_picture_that_cannot_be_stored_holds_up_no_other(hub: Hub) -> None:
    contents = pictures(150)
    storage, link = flaky(hub), SilentLink(hub)
    storage.refused = frozenset({digest_of(contents[0])})
    ingest = Ingest(hub, link)
    ingest.process([announced(contents), *sent(contents)])
    with pytest.raises(UnreachableError):
        ingest.finisher.step()
    assert sorted(states(hub)) == ["expected", *["stored"] * 149]


def test_a_storage_that_came_back_before_the_start_is_no_longer_told_of(hub: Hub) -> None:
    [content] = pictures(1)
    storage, link = flaky(hub), SilentLink(hub)
    storage.away = True
    ingest = Ingest(hub, link)
    ingest.process([announced([content]), *sent([content])])
    with pytest.raises(UnreachableError):
        ingest.finisher.step()
    storage.away = False
    restarted = Ingest(hub, link)
    restarted.finisher.step()
    assert open_alerts(hub) == ["storage-away"], "nobody has seen yet that it is back"
    restarted.process(sent([content]))
    restarted.finisher.step()
    assert open_alerts(hub) == []


def test_a_picture_that_is_slow_to_be_stored_is_told_of_as_here(hub: Hub) -> None:
    contents = pictures(2)
    digest = digest_of(contents[0])
    link = SilentLink(hub)
    ingest = Ingest(hub, link)
    now = [100.0]
    ingest._parts.whole._clock = ingest._parts._clock = lambda: now[0]
    ingest.process([announced(contents), *sent(contents[:1])])
    now[0] += 2.5
    ingest.process(sent(contents[1:]))
    ingest.process([])
    assert link.told_of(digest) == [BlobAck(chunk_bytes=CHUNK_BYTES, have=((0, 0),))]
    ingest.finisher.step()
    assert link.told_of(digest)[-1].done
