"""Whoever asks for large bytes and reads them slowly, or not at all, keeps none of them in the hub's memory."""

from __future__ import annotations

import os
import socket
import tracemalloc
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from cloud_sync.app import create_app
from cloud_sync.crm.simulator.serving import serve_app
from cloud_sync.hub import Hub
from cloud_sync.store.models import Dataset
from kits.core.sample import digest_of
from tests.cloud_sync.hub_builders import PROJECT, add_person, add_sample, open_hub
from tests.waiting import PATIENCE_S

LARGE = b"\x89PNG" + os.urandom(16 << 20)
READERS = 12
MOST_HELD = 5 << 20
"""Bytes of one reader: of 16 MB."""


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[str, str, Hub]]:
    """Address, a viewer's token, and the hub whose sample and dataset version are large."""
    with open_hub(tmp_path) as (_client, hub):
        add_sample(hub, "large", content=LARGE)
        with hub.database.transaction() as session:
            session.add(Dataset(id=digest_of(LARGE), project=PROJECT, n=1, created_by="x"))
        viewer = add_person(hub, "vera", "viewer")["Authorization"]
        app = create_app(hub.config)
        with serve_app(app) as url:
            yield url, viewer, hub
        app.state.hub.close()


def address(what: str) -> str:
    return "/v1/samples/large/content" if what == "sample" else f"/v1/datasets/{digest_of(LARGE)}"


@pytest.mark.parametrize("what", ["sample", "dataset"])
def test_a_viewer_who_does_not_read_holds_no_memory(
    served: tuple[str, str, Hub], what: str
) -> None:
    """Forty of them held 3 GB, and a hub lets in a hundred times as many."""
    url, viewer, _hub = served
    ask = f"GET {address(what)} HTTP/1.1\r\nHost: x\r\nAuthorization: {viewer}\r\n\r\n".encode()
    place = urlsplit(url)
    tracemalloc.start()
    try:
        with ExitStack() as readers:
            for _ in range(READERS):
                reader = socket.create_connection((place.hostname, place.port), timeout=30)
                readers.enter_context(reader)
                reader.sendall(ask)
                assert reader.recv(12).endswith(b"200")
            held = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert held < READERS * MOST_HELD


@pytest.mark.parametrize("what", ["sample", "dataset"])
def test_large_bytes_come_whole(served: tuple[str, str, Hub], what: str) -> None:
    url, viewer, _hub = served
    got = httpx.get(url + address(what), headers={"Authorization": viewer}, timeout=PATIENCE_S)
    assert digest_of(got.content) == digest_of(LARGE)
    assert got.headers["content-length"] == str(len(LARGE))


def test_large_bytes_that_are_damaged_are_told_as_small_ones_are(
    served: tuple[str, str, Hub],
) -> None:
    """They were cut off without a word, and each try wrote a trace into the log."""
    url, viewer, hub = served
    digest = digest_of(LARGE)
    file = hub.config.data_dir / "blobs" / "sha256" / digest[:2] / digest[2:]
    with file.open("r+b") as bytes_:
        bytes_.seek(100)
        bytes_.write(b"other")
    for what in ("sample", "dataset"):
        got = httpx.get(url + address(what), headers={"Authorization": viewer}, timeout=PATIENCE_S)
        assert got.status_code == 422 and got.json()["what"] == "a stored blob is damaged"
