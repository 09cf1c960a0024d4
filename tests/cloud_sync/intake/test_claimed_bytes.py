"""A device names bytes by digest and size: bytes of another size are not its sample's, whoever brought them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from cloud_sync.hub import Hub
from cloud_sync.intake.ingest import Ingest
from cloud_sync.intake.watch import clean
from cloud_sync.store.models import Sample
from kits.core.events import BlobRef
from kits.core.frames import encode_chunk
from kits.core.sample import digest_of, utc_now
from kits.core.topics import DeviceTopics
from tests.cloud_sync.fleet_builders import add_device, blob_ref, decision
from tests.cloud_sync.hub_builders import add_person, open_hub, picture
from tests.cloud_sync.intake.intake_builders import SilentLink, frame_message, message, refused

LIAR, HONEST = "camera-1", "camera-2"
BYTES = picture(1)


def claimed(size: int) -> BlobRef:
    return blob_ref(BYTES).model_copy(update={"size": size})


@pytest.fixture
def served(tmp_path: Path, database_url: str) -> Iterator[tuple[TestClient, Hub]]:
    with open_hub(tmp_path, database_url=database_url) as (client, hub):
        add_device(hub, LIAR)
        add_device(hub, HONEST)
        client.headers.update(add_person(hub, "ada", "engineer"))
        yield client, hub


def stored(hub: Hub) -> list[str]:
    """Devices whose sample has its bytes."""
    with hub.database.session() as session:
        return list(session.scalars(select(Sample.device).where(Sample.blob_state == "stored")))


def tell(ingest: Ingest) -> None:
    """Both of the same bytes, one of them with a size that they do not have."""
    ingest.process(
        [
            frame_message(decision(1, "lie", claimed(1)), mid=1, device=LIAR),
            frame_message(decision(1, "truth", blob_ref(BYTES)), mid=2, device=HONEST),
        ]
    )


def put(client: TestClient) -> None:
    assert client.put(f"/v1/blobs/{digest_of(BYTES)}", content=BYTES).status_code == 201


def send(ingest: Ingest, device: str) -> None:
    topic = DeviceTopics("main", device).chunk(digest_of(BYTES), 0)
    ingest.process([message(encode_chunk(BYTES, 0), 3, topic, device)])


def assert_only_the_truth_is_shown(client: TestClient, hub: Hub) -> None:
    assert stored(hub) == [HONEST]
    assert client.get("/v1/samples/lie/content").status_code == 404
    assert client.get("/v1/samples/truth/content").content == BYTES


def test_bytes_that_are_here_are_not_a_smaller_picture(served: tuple[TestClient, Hub]) -> None:
    """A bundle's, for example: whoever runs it knows its digest, and small pictures are read whole."""
    client, hub = served
    put(client)
    tell(Ingest(hub, SilentLink(hub)))
    assert refused(hub, "blob size") == 1
    assert_only_the_truth_is_shown(client, hub)


def test_nor_are_those_that_come_later(served: tuple[TestClient, Hub]) -> None:
    client, hub = served
    ingest = Ingest(hub, SilentLink(hub))
    tell(ingest)
    put(client)
    send(ingest, LIAR)
    clean(hub, utc_now())
    assert_only_the_truth_is_shown(client, hub)


def test_nor_those_that_another_device_sends(served: tuple[TestClient, Hub]) -> None:
    client, hub = served
    ingest = Ingest(hub, SilentLink(hub))
    tell(ingest)
    send(ingest, HONEST)
    ingest.finisher.step()
    assert_only_the_truth_is_shown(client, hub)
