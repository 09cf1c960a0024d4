"""Samples over HTTP: pages, filters, and bytes that cannot hurt the viewer."""

from __future__ import annotations

import struct
import zlib
from datetime import timedelta
from pathlib import Path

import cv2
import numpy as np
import pytest

from cloud_sync.learning.pictures import picture_size
from cloud_sync.store.models import Sample
from kits.core.errors import DataError
from tests.cloud_sync.hub_builders import NOON, add_person, add_sample, open_hub, picture


@pytest.fixture
def opened(tmp_path: Path):
    with open_hub(tmp_path) as (client, hub):
        yield client, hub, add_person(hub, "rita", "reviewer")


def test_pages_follow_each_other_without_gap_or_overlap(opened) -> None:
    client, hub, headers = opened
    for number in range(7):
        add_sample(hub, f"s{number}", at=NOON + timedelta(minutes=number))
    seen: list[str] = []
    before = ""
    for _ in range(4):
        page = client.get(
            "/v1/samples", headers=headers, params={"limit": 3, "before": before}
        ).json()
        seen += [sample["id"] for sample in page["samples"]]
        before = page["next"]
        if not before:
            break
    assert seen == [f"s{number}" for number in reversed(range(7))]


def test_filters(opened) -> None:
    client, hub, headers = opened
    add_sample(hub, "act")
    add_sample(hub, "pass", verdict="pass", kept_for="audit")
    client.post("/v1/reviews", headers=headers, json={"sample_id": "act", "decision": "accept"})

    def ids(**query: object) -> set[str]:
        answer = client.get("/v1/samples", headers=headers, params=query)
        return {sample["id"] for sample in answer.json()["samples"]}

    assert ids(verdict="act") == {"act"}
    assert ids(reviewed=True) == {"act"}
    assert ids(reviewed=False) == {"pass"}
    assert ids(device="other") == set()
    assert client.get("/v1/samples?verdict=maybe", headers=headers).status_code == 422


def test_pictures_are_shown_with_closed_headers(opened) -> None:
    client, hub, headers = opened
    content = picture(1)
    add_sample(hub, "one", content=content)
    answer = client.get("/v1/samples/one/content", headers=headers)
    assert answer.content == content
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in answer.headers["content-security-policy"]
    assert "private" in answer.headers["cache-control"]
    assert client.get("/v1/samples/one/content").status_code == 401


def test_anything_but_a_picture_is_a_download(opened) -> None:
    client, hub, headers = opened
    add_sample(hub, "one", content=b"<script>alert(1)</script>")
    with hub.database.transaction() as session:
        session.get_one(Sample, "one").media_type = "text/html"
    answer = client.get("/v1/samples/one/content", headers=headers)
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"].startswith("attachment")
    assert client.get("/v1/samples/one/content?size=320", headers=headers).status_code == 422


def test_small_pictures_are_small_and_keep_their_shape(opened) -> None:
    client, hub, headers = opened
    _, packed = cv2.imencode(".jpg", np.zeros((300, 900, 3), np.uint8))
    add_sample(hub, "one", content=packed.tobytes())
    answer = client.get("/v1/samples/one/content?size=320", headers=headers)
    assert answer.headers["content-type"] == "image/jpeg"
    assert picture_size(answer.content) == (320, 107)
    assert client.get("/v1/samples/one/content?size=5000", headers=headers).status_code == 422


def test_a_picture_of_billions_of_pixels_is_refused_before_decoding(opened) -> None:
    client, hub, headers = opened
    body = b"IHDR" + struct.pack(">IIBBBBB", 60_000, 60_000, 8, 0, 0, 0, 0)
    bomb = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + body + struct.pack(">I", zlib.crc32(body))
    add_sample(hub, "bomb", content=bomb)
    answer = client.get("/v1/samples/bomb/content?size=320", headers=headers)
    assert answer.status_code == 422 and "60000" in answer.json()["what"]


@pytest.mark.parametrize("content", [b"", b"GIF89a", b"\xff\xd8\xff", b"\xff\xd8" + b"\xff" * 40])
def test_hostile_headers_are_errors_not_crashes(content: bytes) -> None:
    with pytest.raises(DataError):
        picture_size(content)


def test_bytes_that_have_not_arrived_are_404(opened) -> None:
    client, hub, headers = opened
    add_sample(hub, "one")
    with hub.database.transaction() as session:
        session.get_one(Sample, "one").blob_state = "expected"
    assert client.get("/v1/samples/one/content", headers=headers).status_code == 404
    assert client.get("/v1/samples/one", headers=headers).json()["has_blob"] is False
    assert client.get("/v1/samples/none", headers=headers).status_code == 404
