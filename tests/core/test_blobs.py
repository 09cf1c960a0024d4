"""Bytes under their digest: one by one, and many at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from kits.core.blobs import SMALL_BYTES, FolderBlobStore
from kits.core.errors import DataError
from kits.core.sample import digest_of

LARGE = b"x" * (SMALL_BYTES + 1)


@pytest.fixture
def store(tmp_path: Path) -> FolderBlobStore:
    return FolderBlobStore(tmp_path / "blobs")


def test_many_at_once_are_all_there_in_the_end(store: FolderBlobStore) -> None:
    contents = [f"mail {n}".encode() for n in range(50)]
    with store.at_once() as together:
        digests = [together.put(content) for content in contents]
        assert [together.get(digest) for digest in digests] == contents
        assert all(together.has(digest) for digest in digests)
    assert [store.get(digest) for digest in digests] == contents
    assert sorted(store.digests()) == sorted(digests)
    assert store.sweep() == 0


def test_nothing_has_its_name_before_all_is_on_the_disk(store: FolderBlobStore) -> None:
    with store.at_once() as together:
        digest = together.put(b"mail")
        assert not store.has(digest)
    assert store.has(digest)


def test_an_import_that_fails_leaves_nothing_behind(store: FolderBlobStore) -> None:
    known = store.put(b"known before")
    with pytest.raises(RuntimeError, match="in the middle"), store.at_once() as together:
        together.put(b"new")
        together.put(LARGE)
        raise RuntimeError("in the middle")
    assert list(store.digests()) == [known]
    assert store.sweep() == 0


def test_what_is_there_already_is_not_written_again(store: FolderBlobStore) -> None:
    digest = store.put(b"mail")
    before = store.path(digest).stat().st_mtime_ns
    with store.at_once() as together:
        assert together.put(b"mail") == digest
        assert together.put(b"twice") == together.put(b"twice")
        assert together.get(digest) == b"mail"
    assert store.path(digest).stat().st_mtime_ns == before
    assert store.put(b"twice") == digest_of(b"twice")
    assert len(list(store.digests())) == 2
    assert len(list(store.root.glob("??/*"))) == 1


def test_what_a_kill_left_half_way_is_swept(store: FolderBlobStore) -> None:
    together = store.at_once()
    with together as bulk:
        bulk.put(LARGE)
        torn = list(store.root.glob("??/.*.tmp"))
        assert len(torn) == 1
        left = torn[0].with_name(".left.0000.tmp")
        left.write_bytes(b"of an earlier life")
    assert store.sweep() == 1


def test_a_digest_that_is_none_is_refused(store: FolderBlobStore) -> None:
    with store.at_once() as together, pytest.raises(DataError, match="not a SHA-256"):
        together.get("../../etc/passwd")
    with pytest.raises(DataError, match="not in the store"):
        store.get(digest_of(b"absent"))
