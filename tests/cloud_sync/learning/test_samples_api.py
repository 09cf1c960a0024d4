"""Samples over HTTP: pages, filters, and bytes that cannot hurt the viewer."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
import textwrap
import threading
import zlib
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import cv2
import numpy as np
import pytest
from sqlalchemy import select, text

from cloud_sync.intake.samples import SampleFilter, export
from cloud_sync.learning import pictures
from cloud_sync.learning.pictures import picture_size, thumbnail
from cloud_sync.store.models import Annotation, Sample
from cloud_sync.web.view_models import sample_cards
from kits.core.errors import DataError
from tests.cloud_sync.hub_builders import NOON, add_person, add_sample, open_hub, picture
from tests.hostile_pictures import HEIGHT, LONELY, WIDTH, lying_jpeg


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
    assert client.get("/v1/samples?limit=abc", headers=headers).json() == {
        "error": "DataError",
        "what": "query.limit: must be a whole number",
        "where": "/v1/samples",
        "fix": "",
    }


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


def test_a_mail_that_was_read_stays_in_no_cache(opened) -> None:
    """It lay in the browser's folder for a day, whoever used it, and after it was erased."""
    client, hub, headers = opened
    add_sample(hub, "one", content=b"Subject: to be erased")
    with hub.database.transaction() as session:
        session.get_one(Sample, "one").media_type = "message/rfc822"
    answer = client.get("/v1/samples/one/content", headers=headers)
    assert answer.headers["cache-control"] == "no-store"


def test_small_pictures_are_small_and_keep_their_shape(opened) -> None:
    client, hub, headers = opened
    _, packed = cv2.imencode(".jpg", np.zeros((300, 900, 3), np.uint8))
    add_sample(hub, "one", content=packed.tobytes())
    answer = client.get("/v1/samples/one/content?size=320", headers=headers)
    assert answer.headers["content-type"] == "image/jpeg"
    assert picture_size(answer.content) == (320, 107)
    assert client.get("/v1/samples/one/content?size=5000", headers=headers).status_code == 422


def test_a_small_picture_does_not_wait_for_large_ones(opened) -> None:
    """A page of sixty, of a storage that answers in 150 ms, had all other requests wait for 1.4 s."""
    client, hub, headers = opened
    add_sample(hub, "one", content=picture(1))
    with ExitStack() as large:
        while pictures.held_at_once.acquire(blocking=False):
            large.callback(pictures.held_at_once.release)
        answered = ThreadPoolExecutor(1).submit(
            client.get, "/v1/samples/one/content?size=320", headers=headers
        )
        assert answered.result(timeout=20).status_code == 200


@pytest.mark.parametrize("kind", ["bmp", "tiff", "webp"])
def test_kinds_that_not_every_browser_reads_are_shown_as_png(opened, kind: str) -> None:
    client, hub, headers = opened
    pixels = np.arange(40 * 60 * 3, dtype=np.uint16).reshape(40, 60, 3)
    pixels = pixels if kind == "tiff" else (pixels % 251).astype(np.uint8)
    lossless = [cv2.IMWRITE_WEBP_QUALITY, 101] if kind == "webp" else []
    content = cv2.imencode(f".{kind}", pixels, lossless)[1].tobytes()
    add_sample(hub, "one", content=content, media_type=f"image/{kind}")
    raw = client.get("/v1/samples/one/content", headers=headers)
    assert raw.content == content and raw.headers["content-disposition"].startswith("attachment")
    shown = client.get("/v1/samples/one/content?shown=true", headers=headers)
    assert (shown.headers["content-type"], shown.headers["content-disposition"]) == (
        "image/png",
        "inline",
    )
    found = cv2.imdecode(np.frombuffer(shown.content, np.uint8), cv2.IMREAD_UNCHANGED)
    assert np.abs(found - pixels / (256 if kind == "tiff" else 1)).max() < 1
    small = client.get("/v1/samples/one/content?size=32", headers=headers)
    assert picture_size(small.content) == (32, 21)


def test_two_pictures_at_a_time_are_in_memory_until_they_are_made_smaller_or_packed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    free: list[bool] = []
    whole = cv2.imencode

    def packing(*words: object) -> object:
        free.append(pictures._at_once.acquire(blocking=False))
        return whole(*words)

    content = cv2.imencode(".bmp", np.zeros((30, 40, 3), np.uint8))[1].tobytes()
    monkeypatch.setattr(pictures, "_at_once", threading.BoundedSemaphore(1))
    monkeypatch.setattr(cv2, "imencode", packing)
    assert picture_size(pictures.as_png(content)) == (40, 30)
    assert free == [False]


def test_pictures_that_are_none_are_told(opened) -> None:
    client, hub, headers = opened
    add_sample(hub, "one", content=b"II*\0 and nothing", media_type="image/tiff")
    answer = client.get("/v1/samples/one/content?shown=true", headers=headers)
    assert answer.status_code == 422 and "cannot be read" in answer.json()["what"]


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


@pytest.mark.parametrize("lonely", LONELY)
def test_a_size_that_decoders_read_differently_is_not_believed(lonely: bytes) -> None:
    content = lying_jpeg(lonely)
    decoded = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    assert decoded.shape[:2] == (HEIGHT, WIDTH)
    try:
        assert picture_size(content) == (WIDTH, HEIGHT)
    except DataError as error:
        assert "without size" in error.what


@pytest.mark.parametrize("side", [1, 31, 32, 33, 500, 999, 4000])
def test_small_versions_have_the_side_that_was_asked_for(side: int) -> None:
    _, packed = cv2.imencode(".jpg", np.zeros((max(1, side // 2), side, 3), np.uint8))
    for wanted in (32, 320):
        small = thumbnail(packed.tobytes(), wanted)
        assert max(picture_size(small)) == min(side, wanted)


def test_formats_whose_header_the_hub_does_not_read_are_bounded_too() -> None:
    """In a process of its own: OpenCV takes its limit from its first import."""
    code = """
        import os, resource
        from cloud_sync.learning.lookalikes import small_grey

        def peak_mb():
            return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

        assert small_grey(b"P4 64 64\\n" + bytes(64 * 8)) is not None
        bomb = b"P4 16000 16000\\n" + bytes(16000 * 2000)
        before = peak_mb()
        assert small_grey(bomb) is None
        assert peak_mb() - before < 100, peak_mb() - before
        assert "OPENCV_IO_MAX_IMAGE_PIXELS" not in os.environ
    """
    environment = {k: v for k, v in os.environ.items() if not k.startswith("OPENCV_")}
    command = [sys.executable, "-c", textwrap.dedent(code)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_bytes_that_have_not_arrived_are_404(opened) -> None:
    client, hub, headers = opened
    add_sample(hub, "one")
    with hub.database.transaction() as session:
        session.get_one(Sample, "one").blob_state = "expected"
    assert client.get("/v1/samples/one/content", headers=headers).status_code == 404
    assert client.get("/v1/samples/one", headers=headers).json()["has_blob"] is False
    assert client.get("/v1/samples/none", headers=headers).status_code == 404


def test_a_device_twenty_years_ahead_is_not_first_for_ever(opened) -> None:
    """Ids hold the device's own clock; the hub knows better when the picture was taken."""
    client, hub, headers = opened
    add_sample(hub, "zz-from-the-future", at=NOON - timedelta(hours=1))
    add_sample(hub, "aa-from-the-past", at=NOON + timedelta(hours=1))
    add_sample(hub, "mm-honest", at=NOON)
    with hub.database.session() as session:
        exported = [row["id"] for row in export(session, SampleFilter())]
    listed = client.get("/v1/samples", headers=headers).json()["samples"]
    assert exported == ["aa-from-the-past", "mm-honest", "zz-from-the-future"]
    assert [sample["id"] for sample in listed] == exported


def test_pages_stay_where_they_are_while_samples_arrive(opened) -> None:
    client, hub, headers = opened
    for name in ("a", "b", "c", "d"):
        add_sample(hub, name)  # all at the same moment

    def ask(before: str) -> tuple[list[str], str]:
        answer = client.get(
            "/v1/samples", headers=headers, params={"limit": 2, "before": before}
        ).json()
        return [sample["id"] for sample in answer["samples"]], answer["next"]

    first, following = ask("")
    add_sample(hub, "newer", at=NOON + timedelta(hours=1))
    second, end = ask(following)
    assert (first, second, end) == (["d", "c"], ["b", "a"], "")
    assert client.get("/v1/samples?before=nonsense", headers=headers).status_code == 422


def test_lists_are_read_from_an_index(opened) -> None:
    _client, hub, _headers = opened
    with hub.database.session() as session:
        query = "EXPLAIN QUERY PLAN SELECT id FROM sample {} ORDER BY captured_at DESC, id DESC"
        for condition in ("", "WHERE device = 'd'", "WHERE project = 'p'"):
            plan = session.execute(text(query.format(condition))).all()
            assert "USING INDEX" in plan[0][3]
            assert "captured" in plan[0][3]


def test_a_persons_word_outranks_what_the_line_said_later(opened) -> None:
    client, hub, headers = opened
    add_sample(hub, "one")
    add_sample(hub, "two")
    client.post("/v1/reviews", headers=headers, json={"sample_id": "one", "decision": "accept"})
    with hub.database.transaction() as session:
        for name, label in (("one", "good"), ("two", "early"), ("two", "late")):
            at = NOON + timedelta(days=7300)  # by the device's own clock
            at = at if label != "late" else NOON - timedelta(days=1)
            session.add(
                Annotation(
                    sample_id=name, label=label, body={"label": label}, source="device", at=at
                )
            )
            session.flush()
    with hub.database.session() as session:
        said = {row["id"]: row["annotation"]["label"] for row in export(session, SampleFilter())}
        cards = {
            card.id: card.truth
            for card in sample_cards(session, list(session.scalars(select(Sample))))
        }
    assert said == cards == {"one": "scratch", "two": "late"}
