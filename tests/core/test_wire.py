"""Frames, chunks, topics and signatures: what travels between device and hub."""

from __future__ import annotations

import pytest
import zstandard
from pydantic import ValidationError

from kits.core import frames, topics
from kits.core.errors import ConfigError, DataError
from kits.core.events import MAX_NAME, MAX_WORDS, AlertBody, DecisionBody, Event, GapBody, Stamp
from kits.core.frames import Ack, BlobAck, Frame
from kits.core.sample import new_sample_id, sample_id_for
from kits.core.signing import SigningKey
from tests.core.builders import AT

STAMP = Stamp(wall=AT, mono_ns=1, boot="b1")


def alert(seq: int) -> Event:
    body = AlertBody(name="camera_lost", text="no picture for 5 s")
    return Event(seq=seq, klass="a", at=STAMP, body=body)


def test_a_frame_reads_back_equal():
    frame = Frame(epoch="e1", rows=(alert(1), alert(2)))
    assert frames.decode_frame(frames.encode_frame(frame)) == frame


def test_every_kind_of_body_survives_the_wire():
    gap = GapBody(klass="t", first_seq=3, last_seq=9, rows=7, bytes=100, reason="budget")
    frame = Frame(epoch="e", rows=(Event(seq=1, klass="l", at=STAMP, body=gap),))
    assert frames.decode_frame(frames.encode_frame(frame)).rows[0].body == gap


def test_words_that_are_cut_say_so():
    body = AlertBody(name="n" * (MAX_NAME + 1), text="w" * (MAX_WORDS + 1), where="w" * MAX_WORDS)
    assert body.name == "n" * (MAX_NAME - 1) + "…"
    assert body.text == "w" * (MAX_WORDS - 1) + "…"
    assert body.where == "w" * MAX_WORDS


@pytest.mark.parametrize("name", ["", "a/b", "..", ".hidden", "a b", "a?b", "a\n", "ü", "x" * 65])
def test_the_id_of_a_sample_fits_into_an_address(name):
    fields = {"captured_at": AT, "media_type": "image/png", "bundle": "b", "verdict": "pass"}
    for good in (new_sample_id(), sample_id_for(b"x", "part.png"), "press-1.0.3_a"):
        DecisionBody(sample_id=good, score=0.5, **fields)
    with pytest.raises(ValidationError, match="sample_id"):
        DecisionBody(sample_id=name, score=0.5, **fields)


@pytest.mark.parametrize("payload", [b"", b"junk", zstandard.compress(b"{}"), b"\x28\xb5\x2f\xfd"])
def test_hostile_frames_are_refused(payload):
    with pytest.raises(DataError):
        frames.decode_frame(payload)


def test_a_frame_that_unpacks_to_gigabytes_is_refused_early():
    bomb = zstandard.compress(b" " * (frames.MAX_UNPACKED_BYTES + 1000))
    assert len(bomb) < 10_000
    with pytest.raises(DataError, match="unpacks to more than"):
        frames.decode_frame(bomb)


def test_too_many_rows_are_refused():
    rows = ",".join(alert(i).model_dump_json() for i in range(1, frames.MAX_ROWS + 2))
    payload = zstandard.compress(f'{{"v":1,"epoch":"e","rows":[{rows}]}}'.encode())
    with pytest.raises(DataError):
        frames.decode_frame(payload)


def test_a_newer_frame_version_is_named():
    payload = zstandard.compress(b'{"v":2,"epoch":"e","rows":[]}')
    with pytest.raises(DataError, match="version 2"):
        frames.decode_frame(payload)


def test_unknown_keys_of_a_newer_agent_are_ignored():
    row = alert(1).model_dump_json()[:-1] + ',"colour":"red"}'
    payload = zstandard.compress(f'{{"v":1,"epoch":"e","rows":[{row}]}}'.encode())
    assert frames.decode_frame(payload).rows[0] == alert(1)


def test_chunks_put_a_blob_together_again():
    content = bytes(range(256)) * 300
    size = frames.MIN_CHUNK_BYTES
    chunks = [frames.decode_chunk(frames.encode_chunk(content, n, size)) for n in range(5)]
    assert chunks[0].count == 5
    assert b"".join(chunk.body for chunk in chunks) == content


def test_a_damaged_chunk_is_refused():
    payload = bytearray(frames.encode_chunk(b"x" * 1000, 0))
    payload[-1] ^= 1
    with pytest.raises(DataError, match="damaged on the way"):
        frames.decode_chunk(bytes(payload))


def test_acks_read_back_equal():
    ack = Ack(epoch="e", ranges=((1, 5), (7, 7)), blobs={"ab": BlobAck(have=((0, 3),))})
    assert frames.decode_ack(frames.encode_ack(ack)) == ack
    with pytest.raises(DataError):
        frames.decode_ack(b"[]")


def test_an_acknowledgement_of_an_older_hub_refuses_nothing():
    ack = frames.decode_ack(b'{"epoch":"e","blobs":{"ab":{"done":false,"have":[[0,1]]}}}')
    assert ack.blobs["ab"] == BlobAck(have=((0, 1),))
    assert ack.blobs["ab"].refused == ""


def test_ranges_merge_neighbours():
    assert frames.to_ranges([7, 1, 2, 3, 2]) == ((1, 3), (7, 7))


def test_topics_read_back_what_they_were_made_of():
    device = topics.DeviceTopics("plant", "press-3")
    digest = "a" * 64
    parsed = topics.parse_up(device.chunk(digest, 12))
    assert parsed == topics.ParsedTopic("plant", "press-3", "f", digest, 12)
    assert topics.parse_up(device.frames("s")).kind == "s"
    assert topics.parse_up(device.online).kind == "online"


@pytest.mark.parametrize(
    "topic",
    [
        "kw/v1/plant/press-3/down/ack",
        "kw/v1/plant/+/up/a",
        "kw/v1/plant/press/3/up/a",
        "kw/v1/plant/press-3/up/x",
        "kw/v1/plant/press-3/up/f/short/1",
        "kw/v2/plant/press-3/up/a",
        "",
    ],
)
def test_foreign_topics_are_not_ours(topic):
    assert topics.parse_up(topic) is None


@pytest.mark.parametrize("name", ["", "Press", "a/b", "a+", "-a", "x" * 33])
def test_names_that_would_break_a_topic_are_refused(name):
    with pytest.raises(ConfigError, match="cannot be a"):
        topics.check_name(name, "device")


def test_a_key_file_is_private_and_reads_back(tmp_path):
    path = tmp_path / "k.pem"
    key = SigningKey.create(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert SigningKey.load(path).signer().public_key == key.signer().public_key
    with pytest.raises(ConfigError, match="exists already"):
        SigningKey.create(path)
    path.write_text("nonsense")
    with pytest.raises(ConfigError, match="not a private key"):
        SigningKey.load(path)
