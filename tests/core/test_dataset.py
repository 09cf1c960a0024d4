"""Dataset versions are immutable, named by digest, and refuse leakage."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kits.core import dataset
from kits.core.annotation import Annotation
from kits.core.blobs import FolderBlobStore
from kits.core.dataset import DatasetHeader
from kits.core.errors import DataError
from kits.core.prediction import Quantity
from tests.core.builders import item

HEADER = DatasetHeader(kit="visual-inspection", labels=("good",), split_rule="by group", seed=0)


@pytest.fixture
def blobs(tmp_path):
    return FolderBlobStore(tmp_path / "blobs")


def test_order_of_import_does_not_change_the_id(blobs):
    one = dataset.build(HEADER, [item("a"), item("b")], blobs)
    two = dataset.build(HEADER, [item("b"), item("a")], blobs)
    assert one.id == two.id


def test_a_version_reads_back_equal(blobs, tmp_path):
    made = dataset.build(HEADER, [item("a"), item("b", "test")], blobs)
    read = dataset.load(dataset.save(made, tmp_path), blobs)
    assert read.items == made.items
    assert read.id == made.id


@pytest.mark.parametrize("sign", ["\u2028", "\x85", "\x1c", "\r"])
def test_a_name_with_a_sign_that_ends_a_line_elsewhere_reads_back(blobs, tmp_path, sign):
    made = dataset.build(HEADER, [item("a", "train", f"part{sign}7")], blobs)
    assert dataset.load(dataset.save(made, tmp_path), blobs).items == made.items


def test_a_changed_version_is_refused(blobs, tmp_path):
    path = dataset.save(dataset.build(HEADER, [item("a")], blobs), tmp_path)
    path.write_text(path.read_text().replace("good", "evil"))
    with pytest.raises(DataError, match="changed after it was made"):
        dataset.load(path, blobs)


def test_what_has_no_label_is_counted_as_such_whatever_else_is_said_of_it(blobs):
    urgent = Annotation(quantities=(Quantity("urgency", 3.0, "level"),))
    said = [Annotation(label="good"), urgent, Annotation(), None]
    items = [replace(item(f"s{n}"), annotation=one) for n, one in enumerate(said)]
    made = dataset.build(HEADER, items, blobs)
    assert made.counts()["train"] == {"good": 1, "(none)": 3}


def test_a_group_in_two_splits_is_refused(blobs):
    with pytest.raises(DataError, match="group 'part-7' is in train and in test"):
        dataset.build(HEADER, [item("a", "train", "part-7"), item("b", "test", "part-7")], blobs)


def test_a_sample_twice_is_refused(blobs):
    with pytest.raises(DataError, match="twice"):
        dataset.build(HEADER, [item("a"), item("a")], blobs)


def test_a_malformed_line_is_named(blobs):
    made = dataset.build(HEADER, [item("a")], blobs)
    content = dataset.to_bytes(made) + b'{"sample": 1}\n'
    with pytest.raises(DataError, match="line 3"):
        dataset.from_bytes(content, blobs)


def test_a_header_of_a_newer_version_says_so_and_a_malformed_one_says_where(blobs):
    with pytest.raises(DataError, match="line 1 has 'season', which this version") as told:
        dataset.from_bytes(b'{"kit":"k","labels":[],"split_rule":"","seed":0,"season":1}\n', blobs)
    assert told.value.fix == "update Kitwright here"
    with pytest.raises(DataError, match="line 1 is malformed: seed") as told:
        dataset.from_bytes(b'{"kit":"k","labels":[],"split_rule":"","seed":"x"}\n', blobs)
    assert told.value.fix == ""


def test_counts_by_split_and_label(blobs):
    made = dataset.build(HEADER, [item("a"), item("b"), item("c", "test", label="dent")], blobs)
    assert made.counts() == {"train": {"good": 2}, "val": {}, "test": {"dent": 1}}


def test_blobs_are_stored_once_and_checked(blobs):
    digest = blobs.put(b"pixels")
    assert blobs.put(b"pixels") == digest
    assert list(blobs.digests()) == [digest]
    blobs.path(digest).write_bytes(b"Pixels")
    with pytest.raises(DataError, match="damaged"):
        blobs.get(digest)


def test_a_digest_from_outside_cannot_leave_the_store(blobs):
    with pytest.raises(DataError, match="not a SHA-256"):
        blobs.get("../../etc/passwd")
