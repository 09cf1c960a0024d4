"""Uploads in pieces, without a broker."""

from __future__ import annotations

from sqlalchemy import select

from cloud_sync.hub import Hub
from cloud_sync.intake.decode import ChunkIn
from cloud_sync.intake.finishing import Finisher
from cloud_sync.intake.parts import PartAck, Parts
from cloud_sync.intake.rows import write_frames
from cloud_sync.store import models
from kits.core.frames import MIN_CHUNK_BYTES, BlobAck, decode_chunk, encode_chunk
from kits.core.sample import digest_of
from kits.core.topics import ParsedTopic
from tests.cloud_sync.fleet_builders import (
    blob_ref,
    decision,
    frame_in,
)
from tests.cloud_sync.intake.intake_builders import (
    LIMIT,
    SilentLink,
)


def assert_stored(hub: Hub) -> None:
    """The one picture of this hub is whole, and nothing of the way it came is left."""
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


def announce(hub: Hub, *contents: bytes, device: str = "press-1") -> None:
    rows = [
        decision(n, f"{device}-{n}", blob=blob_ref(content))
        for n, content in enumerate(contents, 1)
    ]
    with hub.database.transaction() as session:
        write_frames(session, [frame_in(*rows, device=device)], blob_limit=LIMIT)


def upload(hub: Hub, content: bytes, *, digest: str = "", device: str = "press-1") -> None:
    """All chunks but nothing more: it waits to be finished."""
    parts = Parts(hub)
    for number in range(-(-len(content) // MIN_CHUNK_BYTES)):
        assert take(hub, parts, chunk(content, number, device, digest)) == ""


def finish(hub: Hub, key: tuple[str, str]) -> list[BlobAck]:
    """Lets a complete upload be stored; what its device is told."""
    link = SilentLink(hub)
    finisher = Finisher(hub, link)
    finisher.submit([key])
    finisher.step()
    return link.told_of(key[1], key[0])
