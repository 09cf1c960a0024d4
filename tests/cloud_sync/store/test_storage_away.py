"""A storage that is away, or a file that cannot be read: pictures wait, nothing else does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from cloud_sync.hub import Hub
from cloud_sync.intake.finishing import Finisher
from cloud_sync.intake.ingest import Ingest
from cloud_sync.intake.parts import part_path
from cloud_sync.store import models
from cloud_sync.store.storage import Storage
from kits.core.errors import UnreachableError
from kits.core.frames import MIN_CHUNK_BYTES, encode_chunk
from kits.core.sample import digest_of
from kits.core.topics import DeviceTopics
from tests.cloud_sync.fleet_builders import (
    add_device,
    alert,
    blob_ref,
    decision,
    make_hub,
)
from tests.cloud_sync.intake.intake_builders import (
    SilentLink,
    frame_message,
    message,
)
from tests.cloud_sync.intake.part_builders import (
    announce,
    assert_stored,
    upload,
)


@pytest.fixture
def hub(tmp_path: Path, database_url: str) -> Iterator[Hub]:
    with make_hub(tmp_path, database_url=database_url) as hub:
        yield hub


class AwayStorage(Storage):
    """A storage that cannot be reached as long as `away` is set."""

    away = True

    def put_file(self, path: Path, digest: str) -> None:
        if self.away:
            raise UnreachableError("the storage cannot be used", where="s3://pictures")
        super().put_file(path, digest)


def test_a_storage_that_is_away_holds_up_pictures_only(hub: Hub) -> None:
    add_device(hub)
    storage = hub.storage = AwayStorage(hub.storage._store, hub.storage._folder)
    content = bytes(range(251)) * 100
    digest = digest_of(content)
    link = SilentLink(hub)
    ingest = Ingest(hub, link)
    pieces = range(-(-len(content) // MIN_CHUNK_BYTES))
    topics = DeviceTopics("main", "press-1")
    ingest.process(
        [
            frame_message(decision(1, blob=blob_ref(content))),
            *(
                message(encode_chunk(content, n, MIN_CHUNK_BYTES), 2 + n, topics.chunk(digest, n))
                for n in pieces
            ),
        ]
    )
    for _ in range(2):
        with pytest.raises(UnreachableError):
            ingest.finisher.step()
        ingest.finisher.submit([("press-1", digest)])  # as the sweep does after a while
    ingest.process([frame_message(alert(2), mid=99, klass="a")])
    assert link.told() == {1, 2}
    assert link.acknowledged == [1, *(2 + n for n in pieces), 99]
    assert not any(told.done for told in link.told_of(digest))
    with hub.database.session() as session:
        names = select(models.Alert.name).where(models.Alert.seen_at.is_(None))
        assert sorted(session.scalars(names)) == ["camera lost", "storage-away"]
    storage.away = False
    ingest.finisher.step()
    assert link.told_of(digest)[-1].done
    assert_stored(hub)
    with hub.database.session() as session:
        assert session.scalars(names).all() == ["camera lost"]


def open_alerts(hub: Hub) -> list[str]:
    with hub.database.session() as session:
        query = select(models.Alert.name).where(models.Alert.seen_at.is_(None))
        return list(session.scalars(query))


def test_an_upload_that_cannot_be_read_holds_up_no_other(hub: Hub) -> None:
    contents = [bytes([number]) * 20_000 for number in range(9)]
    names = [f"press-{number}" for number in range(9)]
    for name, content in zip(names, contents):
        add_device(hub, name)
        announce(hub, content, device=name)
        upload(hub, content, device=name)
    bad = [part_path(hub, (n, digest_of(c))) for n, c in zip(names[:4], contents)]
    whole = [path.read_bytes() for path in bad]
    for path in bad:
        path.unlink()
        path.mkdir()  # as a damaged disk, reading it is an OSError
    finisher = Finisher(hub, SilentLink(hub))
    for _ in range(2):  # the first time it may take them for a storage that is away
        finisher.submit([(n, digest_of(c)) for n, c in zip(names, contents)])
        with pytest.raises(OSError, match="directory"):
            finisher.step()
    assert [hub.storage.has(digest_of(content)) for content in contents] == [False] * 4 + [True] * 5
    assert open_alerts(hub) == ["storage-away"]
    with hub.database.session() as session:
        assert len(session.scalars(select(models.Alert)).all()) == 1, "told once"
    for path, content in zip(bad, whole):
        path.rmdir()
        path.write_bytes(content)
    finisher.submit([(n, digest_of(c)) for n, c in zip(names, contents)])
    finisher.step()
    assert all(hub.storage.has(digest_of(content)) for content in contents)
    assert open_alerts(hub) == []


def test_an_outage_that_ended_with_the_hub_off_is_over_and_the_next_one_is_told(hub: Hub) -> None:
    add_device(hub)
    storage = hub.storage = AwayStorage(hub.storage._store, hub.storage._folder)
    key = "press-1", digest_of(b"x" * 20_000)
    announce(hub, b"x" * 20_000)
    upload(hub, b"x" * 20_000)
    with pytest.raises(UnreachableError):
        Finisher(hub, SilentLink(hub)).step()
    assert open_alerts(hub) == ["storage-away"]
    storage.away = False
    finisher = Finisher(hub, SilentLink(hub))  # the hub was started again
    finisher.submit([key])
    finisher.step()
    assert open_alerts(hub) == []
    storage.away = True
    announce(hub, b"x" * 20_000, b"y" * 20_000)
    upload(hub, b"y" * 20_000)
    finisher.submit([("press-1", digest_of(b"y" * 20_000))])
    with pytest.raises(UnreachableError):
        finisher.step()
    assert open_alerts(hub) == ["storage-away"]
