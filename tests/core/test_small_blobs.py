"""Many small blobs in one file: found, erased, whole after a kill, and used by several programs at once."""

from __future__ import annotations

import multiprocessing
import random
import shutil
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from kits.core.blobs import SMALL_BYTES, FolderBlobStore
from kits.core.errors import DataError
from kits.core.sample import digest_of

WRITER = """
import sys
from pathlib import Path
from kits.core.blobs import FolderBlobStore

with FolderBlobStore(Path(sys.argv[1])).at_once() as together:
    for number in range(int(sys.argv[2]), int(sys.argv[3])):
        together.put(f"lead {number}".encode() * 50)
    print("put", flush=True)
print("done", flush=True)
"""


def lead(number: int) -> bytes:
    return f"lead {number}".encode() * 50


def fill(store: FolderBlobStore, numbers: range) -> list[str]:
    with store.at_once() as together:
        return [together.put(lead(number)) for number in numbers]


def writer(folder: Path, first: int, last: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", WRITER, str(folder), str(first), str(last)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


@pytest.fixture
def store(tmp_path: Path) -> FolderBlobStore:
    return FolderBlobStore(tmp_path / "blobs")


def test_thousands_of_small_ones_are_one_file_and_a_large_one_its_own(
    store: FolderBlobStore,
) -> None:
    large = b"x" * (SMALL_BYTES + 1)
    with store.at_once() as together:
        digests = [together.put(lead(number)) for number in range(2000)]
        digests.append(together.put(large))
    files = [path for path in store.root.rglob("*") if path.is_file()]
    assert len(files) == 2
    assert store.path(digests[-1]) in files
    assert sorted(store.digests()) == sorted(digests)
    assert [store.get(digest) for digest in digests[:-1]] == [lead(n) for n in range(2000)]
    assert store.get(digests[-1]) == large


def test_one_persons_bytes_are_erased_from_among_all_others(store: FolderBlobStore) -> None:
    digests = fill(store, range(500))
    assert any(lead(77) in path.read_bytes() for path in store.root.iterdir())
    assert store.delete(digests[77]) == len(lead(77))
    for path in store.root.iterdir():
        content = path.read_bytes()
        assert lead(77)[:60] not in content
        assert bytes.fromhex(digests[77]) not in content
    assert not store.has(digests[77])
    assert store.delete(digests[77]) == 0
    with pytest.raises(DataError, match="not in the store"):
        store.get(digests[77])
    assert [store.get(d) for d in digests[:77]] == [lead(number) for number in range(77)]


def test_of_many_who_are_erased_one_after_the_other_nothing_is_left(store: FolderBlobStore) -> None:
    """Deleting one moves those beside it about in their pages."""
    chance = random.Random(3)
    contents = {f"{n:08x} secret ".encode() * chance.randint(1, 50) for n in range(900)}
    with store.at_once() as together:
        digests = {together.put(content): content for content in sorted(contents)}
    gone = chance.sample(sorted(digests), 600)
    for digest in gone:
        store.delete(digest)
    before = store.root.joinpath("small.sqlite").stat().st_size
    store.clear_traces()
    files = [path.read_bytes() for path in store.root.iterdir()]
    assert not [one for one in gone if any(digests[one][:16] in file for file in files)]
    assert sum(map(len, files)) < before * 2 / 3
    assert all(store.get(one) == content for one, content in digests.items() if one not in gone)


def test_where_there_are_no_small_ones_there_are_no_traces(store: FolderBlobStore) -> None:
    store.clear_traces()
    assert not list(store.root.glob("*"))


def test_a_store_with_a_file_of_each_goes_on(store: FolderBlobStore) -> None:
    old = [store.put(lead(number)) for number in range(5)]
    new = fill(store, range(10))
    assert new[:5] == old
    assert sorted(store.digests()) == sorted(new)
    assert [store.get(digest) for digest in new] == [lead(number) for number in range(10)]
    assert store.delete(old[0]) == len(lead(0))
    assert not store.has(old[0])


def test_after_a_kill_all_are_there_or_none(tmp_path: Path) -> None:
    """Killed at ten moments from the last `put` to the end, with readers and a next writer afterwards."""
    for moment in range(10):
        folder = tmp_path / str(moment)
        before = fill(FolderBlobStore(folder), range(3))
        process = writer(folder, 3, 4000)
        assert process.stdout is not None
        process.stdout.readline()
        threading.Event().wait(moment * 0.006)
        process.send_signal(signal.SIGKILL)
        process.wait()
        store = FolderBlobStore(folder)
        found = list(store.digests())
        assert len(found) in (3, 4000)
        assert [store.get(digest) for digest in before] == [lead(number) for number in range(3)]
        after = fill(store, range(3, 50))
        assert all(store.has(digest) for digest in (*found, *after))
        assert not list(store.root.glob("*.tmp"))


def test_several_programs_write_at_once(tmp_path: Path) -> None:
    writers = [writer(tmp_path, 300 * n, 300 * n + 600) for n in range(4)]
    assert [process.communicate()[0] for process in writers] == ["put\ndone\n"] * 4
    store = FolderBlobStore(tmp_path)
    assert set(store.digests()) == {digest_of(lead(number)) for number in range(1500)}


def test_threads_read_while_others_are_added(store: FolderBlobStore) -> None:
    digests = fill(store, range(200))

    def read(start: int) -> list[bytes]:
        return [store.get(digest) for digest in digests[start:]]

    with ThreadPoolExecutor(4) as pool:
        reading = [pool.submit(read, start) for start in range(20)]
        fill(store, range(200, 3000))
        assert all(
            done.result() == [lead(n) for n in range(start, 200)]
            for start, done in enumerate(reading)
        )
    assert store.get(digest_of(lead(2999))) == lead(2999)


def copy(store: FolderBlobStore, digest: str, target: Path) -> None:
    target.write_bytes(store.get(digest))


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_an_open_store_goes_to_another_process(
    store: FolderBlobStore, tmp_path: Path, method: str
) -> None:
    digests = fill(store, range(3))
    assert store.get(digests[0]) == lead(0)
    arguments = (store, digests[1], tmp_path / "copied")
    process = multiprocessing.get_context(method).Process(target=copy, args=arguments)  # type: ignore[attr-defined]  # the stubs' base class has none
    process.start()
    process.join()
    assert (tmp_path / "copied").read_bytes() == lead(1)
    assert store.get(digests[2]) == lead(2)


def test_a_folder_that_is_made_anew_is_read_anew(store: FolderBlobStore) -> None:
    old = fill(store, range(3))
    assert store.get(old[0]) == lead(0)
    shutil.rmtree(store.root)
    assert not store.has(old[0])
    new = fill(store, range(3, 6))
    assert [store.has(digest) for digest in (*old, *new)] == [False] * 3 + [True] * 3


def test_damage_is_told(store: FolderBlobStore) -> None:
    digests = fill(store, range(3))
    file = store.root / "small.sqlite"
    file.write_bytes(file.read_bytes().replace(b"lead 1lead 1", b"lead 1LEAD 1"))
    with pytest.raises(DataError, match="damaged"):
        store.get(digests[1])
    assert store.get(digests[2]) == lead(2)
    file.write_bytes(b"no database" * 1000)
    with pytest.raises(DataError, match="cannot be used"):
        FolderBlobStore(store.root.parent).get(digests[2])
    with pytest.raises(DataError, match="cannot be used"):
        fill(FolderBlobStore(store.root.parent), range(5, 9))


def test_a_digest_that_is_none_is_refused_before_anything_is_read(store: FolderBlobStore) -> None:
    fill(store, range(3))
    for digest in ("", "../../etc/passwd", "A" * 64, "0" * 63 + "/"):
        with pytest.raises(DataError, match="not a SHA-256"):
            store.get(digest)
        with pytest.raises(DataError, match="not a SHA-256"):
            store.has(digest)
        with pytest.raises(DataError, match="not a SHA-256"):
            store.delete(digest)
