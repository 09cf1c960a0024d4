"""Files are written whole and durably, privately where that was said, and leave nothing behind."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kits.core.files import make_folder, sweep_torn, write_atomically
from kits.core.signing import SigningKey
from kits.toolchain.releasing.keyfile import write_key

DEEP = Path("a") / "b" / "c.key"
NEW_KEY = Ed25519PrivateKey.generate()


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Path]]:
    """What is made durable, and what gets its name, in order."""
    seen: list[tuple[str, Path]] = []
    fsync, replace, link = os.fsync, Path.replace, os.link

    def watched_fsync(descriptor: int) -> None:
        seen.append(("fsync", Path(f"/proc/self/fd/{descriptor}").readlink()))
        fsync(descriptor)

    def named(call):
        def watched(source: Path, target: Path, **more: object) -> None:
            call(source, target, **more)
            seen.append(("named", Path(target)))

        return watched

    monkeypatch.setattr(os, "fsync", watched_fsync)
    monkeypatch.setattr(Path, "replace", named(replace))
    monkeypatch.setattr(os, "link", named(link))
    return seen


def test_a_file_and_every_new_folder_above_it_outlive_a_power_cut(
    tmp_path: Path, steps: list[tuple[str, Path]]
) -> None:
    write_atomically(tmp_path / DEEP, b"x")
    order = [
        (what, path.suffix if what == "fsync" and path.suffix else path) for what, path in steps
    ]
    assert set(order[:2]) == {("fsync", tmp_path), ("fsync", tmp_path / "a")}
    assert order[2:] == [
        ("fsync", ".tmp"),
        ("named", tmp_path / DEEP),
        ("fsync", tmp_path / "a" / "b"),
    ]


@pytest.mark.parametrize("write", [SigningKey.create, lambda path: write_key(path, NEW_KEY, None)])
def test_a_new_key_outlives_a_power_cut(
    tmp_path: Path, steps: list[tuple[str, Path]], write
) -> None:
    """A root that names the hub's new online key may be in force a moment later."""
    write(tmp_path / "keys" / "k.pem")
    assert steps[-2:] == [("named", tmp_path / "keys" / "k.pem"), ("fsync", tmp_path / "keys")]
    assert mode(tmp_path / "keys" / "k.pem") == 0o600


def test_private_is_private_whatever_was_there(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_bytes(b"old")
    path.chmod(0o644)
    write_atomically(path, b"new", private=True)
    assert (path.read_bytes(), mode(path)) == (b"new", 0o600)
    write_atomically(tmp_path / "page", b"x")
    umask = os.umask(0)
    os.umask(umask)
    assert mode(tmp_path / "page") == 0o666 & ~umask
    write_atomically(tmp_path / "made" / "secret", b"x", private=True)
    assert mode(tmp_path / "made") == 0o700, "it was 0755 for whoever runs a command by sudo"
    make_folder(tmp_path / "keys" / "deep", 0o700)
    assert mode(tmp_path / "keys" / "deep") == 0o700


def test_of_two_writers_of_a_new_file_one_succeeds(tmp_path: Path) -> None:
    done: list[bytes] = []
    begin = threading.Barrier(8)

    def write(content: bytes) -> None:
        begin.wait()
        try:
            write_atomically(tmp_path / "k", content, new=True)
        except FileExistsError:
            return
        done.append(content)

    writers = [threading.Thread(target=write, args=(bytes([n]) * 9,)) for n in range(8)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert len(done) == 1
    assert (tmp_path / "k").read_bytes() == done[0]
    assert [path.name for path in tmp_path.iterdir()] == ["k"]


def test_a_disk_without_links_still_takes_new_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_links(*_: object, **__: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", no_links)
    write_atomically(tmp_path / "k", b"1", new=True)
    with pytest.raises(FileExistsError):
        write_atomically(tmp_path / "k", b"2", new=True)
    assert (tmp_path / "k").read_bytes() == b"1"
    assert [path.name for path in tmp_path.iterdir()] == ["k"]


def test_what_a_killed_writer_left_is_swept_and_what_is_being_written_is_not(
    tmp_path: Path,
) -> None:
    torn, fresh, other = tmp_path / ".b.kwb.1a2b.tmp", tmp_path / ".c.tmp", tmp_path / "d.tmp"
    for path in (torn, fresh, other):
        path.write_bytes(b"half")
    long_ago = time.time() - 7200
    for path in (torn, other):
        os.utime(path, (long_ago, long_ago))
    assert sweep_torn(tmp_path) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == [".c.tmp", "d.tmp"]
    assert sweep_torn(tmp_path / "absent") == 0


_NO_ROOM = """
import resource, signal, sys
from pathlib import Path
from kits.core.files import write_atomically

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (10, 10))
try:
    write_atomically(Path("kept"), b"x" * 100)
except OSError as error:
    print(error.filename)
"""


def test_a_file_for_which_there_is_no_room_is_named_and_keeps_what_it_was(tmp_path: Path) -> None:
    """Whoever types a command is told which, where the system names none."""
    (tmp_path / "kept").write_bytes(b"before")
    done = subprocess.run(
        [sys.executable, "-c", _NO_ROOM], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout == "kept\n"
    assert [(one.name, one.read_bytes()) for one in tmp_path.iterdir()] == [("kept", b"before")]
