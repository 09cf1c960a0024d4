"""Files that arrive in a folder: which are new, which are whole, and which have been taken."""

from __future__ import annotations

import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge_agent.sources import arriving as arriving_files
from edge_agent.sources.arriving import Arriving, ends
from tests.edge_agent.few_descriptors import few_descriptors
from tests.edge_agent.parts import picture
from tests.edge_agent.test_hot_folder import NEVER_S, encoded


def test_a_small_picture_inside_of_one_does_not_end_it() -> None:
    small, whole = encoded(".jpg", 1), encoded(".jpg", 2)
    segment = b"\xff\xe1" + (2 + len(small)).to_bytes(2, "big") + small
    content = whole[:2] + segment + whole[2:]
    assert ends("image/jpeg", content)
    assert not any(ends("image/jpeg", content[:n]) for n in range(len(content)))


def test_a_file_whose_times_are_set_once_it_was_taken_is_put_away_and_not_decided_again(
    tmp_path: Path,
) -> None:
    arriving = Arriving(tmp_path, NEVER_S)
    assert list(arriving.look()) == []
    (tmp_path / "1.png").write_bytes(picture(1))
    assert [one.again for one in arriving.look()] == [False]
    os.utime(tmp_path / "1.png", ns=(1, 1))
    assert [one.again for one in arriving.look()] == [True]
    assert list(arriving.look()) == []
    arriving.forget(tmp_path / "1.png")
    assert [one.again for one in arriving.look()] == [False]


def test_what_shows_no_end_is_taken_once_it_rests_and_a_torn_one_is_a_part_too(
    tmp_path: Path,
) -> None:
    now = [0.0]
    arriving = Arriving(tmp_path, 0.3, clock=lambda: now[0])
    assert list(arriving.look()) == []
    (tmp_path / "1.tif").write_bytes(encoded(".tif"))
    (tmp_path / "2.jpg").write_bytes(encoded(".jpg")[:-20])
    for seconds in (1.0, 1.2):
        now[0] = seconds
        assert list(arriving.look()) == []
    (tmp_path / "2.jpg").write_bytes(encoded(".jpg")[:-10])
    now[0] = 1.4
    assert [(one.path.name, one.first_seen_mono) for one in arriving.look()] == [("1.tif", 1.0)]
    now[0] = 1.8
    assert [(one.path.name, one.media_type) for one in arriving.look()] == [("2.jpg", "image/jpeg")]
    assert list(arriving.look()) == []


def test_a_file_for_which_the_agent_has_no_descriptor_left_is_no_damaged_picture(
    tmp_path: Path,
) -> None:
    arriving = Arriving(tmp_path, settle_s=0.0)
    assert list(arriving.look()) == []
    for number in (1, 2):
        (tmp_path / f"{number}.png").write_bytes(picture(number))
    looking = arriving.look()
    assert next(looking).content == picture(1)
    with few_descriptors():
        left = list(looking)
    assert left == []
    assert "open files" in arriving.held_up
    assert [one.content for one in arriving.look()] == [picture(2)]
    assert arriving.held_up == ""


def test_a_bitmap_whose_length_is_reserved_before_it_is_copied_is_taken_whole(
    tmp_path: Path,
) -> None:
    """As Windows copies to a share: the rest was judged as black, which no defect shows on."""
    arriving, whole = Arriving(tmp_path, NEVER_S), encoded(".bmp", side=256)
    assert list(arriving.look()) == []
    with (tmp_path / "1.bmp").open("wb", buffering=0) as file:
        file.truncate(len(whole))
        for at in range(0, len(whole), 50_000):
            assert list(arriving.look()) == []
            file.write(whole[at : at + 50_000])
    assert [one.content for one in arriving.look()] == [whole]
    dark = whole[:54] + bytes(len(whole) - 54)
    (tmp_path / "2.bmp").write_bytes(dark)
    assert [one.content for one in arriving.look()] == [dark]


def noise(seed: int) -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 255, (128, 128, 3), np.uint8)
    return bytes(cv2.imencode(".jpg", pixels)[1])


def test_a_copy_that_halts_again_and_again_is_one_part(tmp_path: Path) -> None:
    """Decided twice, the second order met the part that passed by then."""
    now, whole = [0.0], noise(1)
    arriving = Arriving(tmp_path, 0.3, clock=lambda: now[0])
    assert list(arriving.look()) == []

    def taken(content: bytes) -> list[bool]:
        (tmp_path / "1.jpg").write_bytes(content)
        list(arriving.look())
        now[0] += 1.0
        return [one.again for one in arriving.look()]

    assert taken(whole[:9000]) == [False]
    assert taken(whole[:12000]) == [True]
    (tmp_path / "1.jpg").write_bytes(whole)
    assert [(one.again, one.content) for one in arriving.look()] == [(True, whole)]
    assert taken(noise(2)[:9000]) == [False], "a camera with one name for all its pictures"
    (tmp_path / "1.jpg").write_bytes(noise(3))
    assert [one.again for one in arriving.look()] == [False]


def test_pictures_that_begin_alike_are_two_parts(tmp_path: Path) -> None:
    """As of a camera with one name for all, of which one was cut within its headers or its black."""
    now = [0.0]
    arriving = Arriving(tmp_path, 0.3, clock=lambda: now[0])
    assert list(arriving.look()) == []
    dark = encoded(".bmp", level=0, side=128)
    for begun, other in ((noise(1)[:300], noise(2)), (dark[:9000], dark[:-900] + bytes([9]) * 900)):
        suffix = ".jpg" if begun.startswith(b"\xff\xd8") else ".bmp"
        (tmp_path / f"1{suffix}").write_bytes(begun)
        list(arriving.look())
        now[0] += 1.0
        assert [one.again for one in arriving.look()] == [False]
        (tmp_path / f"1{suffix}").write_bytes(other)
        assert [one.again for one in arriving.look()] == [False]


def test_a_file_that_does_not_grow_is_not_read_again_and_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, whole = list[str](), Path.read_bytes
    monkeypatch.setattr(Path, "read_bytes", lambda path: read.append(path.name) or whole(path))
    arriving = Arriving(tmp_path, NEVER_S)
    assert list(arriving.look()) == []
    (tmp_path / "1.jpg").write_bytes(encoded(".jpg")[:-20])
    for _ in range(3):
        assert list(arriving.look()) == []
    assert read == ["1.jpg"]
    (tmp_path / "1.jpg").write_bytes(encoded(".jpg"))
    assert [one.path.name for one in arriving.look()] == ["1.jpg"]


def test_a_file_beyond_all_bounds_is_a_part_that_cannot_be_read(tmp_path: Path) -> None:
    now = [0.0]
    arriving = Arriving(tmp_path, 0.3, clock=lambda: now[0])
    assert list(arriving.look()) == []
    with (tmp_path / "1.jpg").open("wb") as file:
        file.truncate(1 << 40)
    assert list(arriving.look()) == []
    now[0] = 0.4
    assert [(one.path.name, one.content) for one in arriving.look()] == [("1.jpg", b"")]


def test_a_subfolder_that_nobody_may_see_hides_only_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "lost+found").mkdir()
    (tmp_path / "line-1").mkdir()
    whole = os.scandir

    def scandir(folder: str) -> object:
        if folder.endswith("lost+found"):
            raise PermissionError(13, "Permission denied", folder)
        return whole(folder)

    monkeypatch.setattr(os, "scandir", scandir)
    arriving = Arriving(tmp_path, NEVER_S)
    assert list(arriving.look()) == []
    (tmp_path / "line-1" / "1.png").write_bytes(picture(1))
    assert [one.path.name for one in arriving.look()] == ["1.png"]


def test_files_go_in_the_order_in_which_they_were_written(tmp_path: Path) -> None:
    arriving = Arriving(tmp_path, NEVER_S)
    assert list(arriving.look()) == []
    for number, name in enumerate(("b.png", "c.png", "a.png")):
        (tmp_path / name).write_bytes(picture(number))
        os.utime(tmp_path / name, ns=(number, number))
    assert [one.path.name for one in arriving.look()] == ["b.png", "c.png", "a.png"]


def test_what_is_not_for_the_agent_is_left_alone(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "secret.png").write_bytes(picture(1))
    root = tmp_path / "root"
    (root / "decided" / "2026-01-01").mkdir(parents=True)
    arriving = Arriving(root, 0.0)
    assert list(arriving.look()) == []
    for name in (".hidden.png", "~tmp.png", "1.png.tmp", "notes.txt", "decided/2026-01-01/1.png"):
        (root / name).write_bytes(picture(1))
    (root / "link.png").symlink_to(elsewhere / "secret.png")
    (root / "folder").symlink_to(elsewhere)
    os.mkfifo(root / "pipe.png")
    (root / "own").mkdir()
    (root / "own" / "decided").mkdir()
    (root / "own" / "decided" / "part.png").write_bytes(picture(2))
    assert [one.path.relative_to(root).as_posix() for one in arriving.look()] == [
        "own/decided/part.png"
    ]


def test_how_long_the_line_takes_delays_no_look(tmp_path: Path) -> None:
    now = [0.0]
    arriving = Arriving(tmp_path, NEVER_S, clock=lambda: now[0])
    assert list(arriving.look()) == []
    (tmp_path / "1.png").write_bytes(picture(1))
    for _ in arriving.look():
        now[0] = 5.0
    assert arriving.took_s == 0.0


@pytest.mark.parametrize(
    ("media_type", "content"),
    [
        ("image/bmp", b"BM\0\0\0\0" + bytes(20)),  # a length of nothing
        ("image/bmp", b"BM"),
        ("image/webp", b"RIFF"),
        ("image/tiff", encoded(".tif")),
        ("application/json", b"{}"),
        ("image/jpeg", b""),
    ],
)
def test_what_may_still_grow_shows_no_end(media_type: str, content: bytes) -> None:
    assert not ends(media_type, content)


def test_no_decision_waits_until_a_picture_is_told_from_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[int] = []
    whole = arriving_files._digest
    monkeypatch.setattr(
        arriving_files, "_digest", lambda content: told.append(len(content)) or whole(content)
    )
    arriving = Arriving(tmp_path, NEVER_S)
    assert list(arriving.look()) == []
    (tmp_path / "1.png").write_bytes(picture(1))
    (tmp_path / "2.png").write_bytes(picture(2))
    looking = arriving.look()
    first = next(looking)
    assert told == []
    arriving.forget(first.path)  # it was moved
    next(looking)
    assert told == [] and next(looking, None) is None
    assert told == [len(picture(2))]
