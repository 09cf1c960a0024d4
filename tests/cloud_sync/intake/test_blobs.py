"""Bytes over HTTP: put with digest, head, and ranges that let a cut download go on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from cloud_sync.api.ranges import parse_range
from cloud_sync.app import create_app
from cloud_sync.config import parse
from cloud_sync.hub import Hub
from cloud_sync.store.models import Blob
from kits.core.packed import MAX_BLOBS, MAX_PACK_BYTES, pack
from kits.core.sample import digest_of
from kits.core.signing import SigningKey
from tests.cloud_sync.fleet_builders import token_for
from tests.cloud_sync.tables import make_tables

CONTENT = bytes(range(256)) * 40


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[tuple[TestClient, Hub]]:
    limits = {"bundle_bytes": 50_000, "blob_bytes": 20_000, "body_bytes": 1000}
    config = parse({"broker": {"kind": "external"}, "limits": limits}, tmp_path)
    SigningKey.create(config.keys_dir / "hub.pem")
    app = create_app(config, jobs=False)
    make_tables(app.state.hub.database)
    with TestClient(app) as client:
        client.headers.update(token_for(app.state.hub))
        yield client, app.state.hub


def put(client: TestClient, content: bytes = CONTENT, digest: str = "") -> int:
    address = f"/v1/blobs/{digest or digest_of(content)}"
    return client.put(address, content=content, headers={"Content-Type": "image/png"}).status_code


def test_put_head_get(opened: tuple[TestClient, Hub]) -> None:
    client, hub = opened
    address = f"/v1/blobs/{digest_of(CONTENT)}"
    assert client.head(address).status_code == 404
    assert client.get(address).status_code == 404
    assert put(client) == put(client) == 201
    head = client.head(address)
    assert (head.status_code, head.headers["content-length"]) == (200, str(len(CONTENT)))
    got = client.get(address)
    assert got.content == CONTENT
    assert got.headers["content-type"] == "image/png"
    assert "sandbox" in got.headers["content-security-policy"]
    assert list(hub.config.parts_dir.iterdir()) == []


@pytest.mark.parametrize("claimed", ["text/html\r\nSet-Cookie: a=b", "€/x", "image", "", "a\0/b"])
def test_what_a_device_calls_its_bytes_is_no_header(
    opened: tuple[TestClient, Hub], claimed: str
) -> None:
    """Such bytes could not be fetched: the server ended the connection without an answer."""
    client, hub = opened
    digest = hub.storage.put(CONTENT)
    with hub.database.transaction() as session:
        session.add(Blob(digest=digest, size=len(CONTENT), media_type=claimed))
    got = client.get(f"/v1/blobs/{digest}")
    assert (got.status_code, got.content) == (200, CONTENT)
    assert got.headers["content-type"] == "application/octet-stream"
    assert "set-cookie" not in got.headers


def test_what_a_person_uploads_stays_even_if_a_device_had_sent_it(
    opened: tuple[TestClient, Hub],
) -> None:
    client, hub = opened
    with hub.database.transaction() as session:
        session.add(Blob(digest=digest_of(CONTENT), size=len(CONTENT), kept=False))
    assert put(client) == 201
    with hub.database.session() as session:
        assert session.get_one(Blob, digest_of(CONTENT)).kept


def test_bytes_with_another_digest_are_refused(opened: tuple[TestClient, Hub]) -> None:
    client, hub = opened
    assert put(client, b"other", digest_of(CONTENT)) == 422
    assert not hub.storage.has(digest_of(CONTENT))
    assert put(client, b"x", "nonsense") == 422
    assert put(client, b"x" * 50_001) == 413
    assert list(hub.config.parts_dir.iterdir()) == []


def test_ranges(opened: tuple[TestClient, Hub]) -> None:
    client, _hub = opened
    put(client)
    address = f"/v1/blobs/{digest_of(CONTENT)}"
    part = client.get(address, headers={"Range": "bytes=100-"})
    assert part.status_code == 206
    assert part.content == CONTENT[100:]
    assert part.headers["content-range"] == f"bytes 100-{len(CONTENT) - 1}/{len(CONTENT)}"
    assert client.get(address, headers={"Range": "bytes=-5"}).content == CONTENT[-5:]
    outside = client.get(address, headers={"Range": f"bytes={len(CONTENT)}-"})
    assert outside.status_code == 416
    assert outside.headers["content-range"] == f"bytes */{len(CONTENT)}"


@pytest.mark.parametrize(
    ("header", "span"),
    [
        ("", None), ("bytes=0-0", (0, 0)), ("bytes=5-99", (5, 9)), ("bytes=-3", (7, 9)),
        ("bytes=-99", (0, 9)), ("bytes=3-", (3, 9)), ("bytes=-", None), ("bytes=1-2,4-5", None),
        ("items=1-2", None), ("bytes=0-" + "9" * 5000, None),
    ],
)  # fmt: skip
def test_what_a_range_header_means(header: str, span: tuple[int, int] | None) -> None:
    assert parse_range(header, 10) == span


@pytest.mark.parametrize("header", ["bytes=10-", "bytes=5-4", "bytes=-0"])
def test_ranges_outside_are_unsatisfiable(header: str) -> None:
    with pytest.raises(ValueError, match="bytes"):
        parse_range(header, 10)


def test_many_small_blobs_come_in_one_body(opened: tuple[TestClient, Hub]) -> None:
    client, _ = opened
    leads = [f'{{"id":"{n}"}}'.encode() for n in range(300)]
    digests = [digest_of(one) for one in leads]
    asked = client.post("/v1/blobs/missing", json={"digests": digests[:3]})
    assert asked.json() == {"missing": digests[:3]}
    for _ in range(2):
        stored = client.put("/v1/blobs/pack?type=application/json", content=pack(leads))
        assert (stored.status_code, stored.json()) == (201, {"digests": digests})
    assert client.post("/v1/blobs/missing", json={"digests": digests}).json() == {"missing": []}
    got = client.get(f"/v1/blobs/{digests[7]}")
    assert (got.content, got.headers["content-type"]) == (leads[7], "application/json")


@pytest.mark.parametrize(
    "body",
    [b"\0\0\0", b"\0\0\0\x09short", b"\xff" * 20, pack([b"a"]) * (MAX_BLOBS + 1)],
    ids=["no length", "cut off", "absurd length", "too many"],
)
def test_a_pack_that_is_cut_off_or_too_full_stores_nothing(
    opened: tuple[TestClient, Hub], body: bytes
) -> None:
    client, hub = opened
    assert client.put("/v1/blobs/pack", content=body).status_code == 422
    with hub.database.session() as session:
        assert session.query(Blob).count() == 0


def test_a_pack_larger_than_any_may_be_is_not_read(opened: tuple[TestClient, Hub]) -> None:
    client, _ = opened
    assert client.put("/v1/blobs/pack", content=b"\0" * (MAX_PACK_BYTES + 1)).status_code == 413
