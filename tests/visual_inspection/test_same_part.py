"""Names that say which pictures are of one part."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from kits.core.blobs import FolderBlobStore
from kits.core.kit import Finding
from kits.visual_inspection import _same_part
from tests.visual_inspection.builders import dataset, parts


def told(folder: Path, names: list[str], labels: Sequence[str] = ()) -> list[Finding]:
    """What is said of so many parts with these names, every third of them in the test split."""
    store = FolderBlobStore(folder)
    items = parts(store, "train", len(names), 0, seed=1)
    named = [
        replace(
            item,
            sample=replace(item.sample, source=f"line/{name}"),
            split="test" if number % 3 == 0 else "train",
        )
        for number, (item, name) in enumerate(zip(items, names))
    ]
    for number, label in enumerate(labels):
        note = named[number].annotation
        assert note is not None
        named[number] = replace(named[number], annotation=replace(note, label=label))
    return list(_same_part.check(dataset(store, named)))


@pytest.mark.parametrize(
    "name",
    ["P471{n}_{v}.jpg", "{v}-P471{n}.jpg", "2026-11-02_471{n}_{v}.jpg", "gut/P471{n}/{v}.jpg"],
)
def test_pictures_of_one_part_in_two_splits_are_told(tmp_path: Path, name: str) -> None:
    names = [name.format(n=n, v=view) for n in range(6) for view in ("top", "side", "back")]
    (finding,) = told(tmp_path, names)
    assert "6 of these parts stand in more than one split" in finding.text
    (pattern,) = re.findall("'(.*)'", finding.fix)
    groups = {
        found[1]
        for one in names
        if (found := re.search(pattern, "line/" + one if "/" in pattern else one))
    }
    assert len(groups) == 6


@pytest.mark.parametrize(
    "name",
    [
        "B00{n}_{v}_OK.jpg",
        "2026-11-0{n}_SN4{n}_{v}_OK_1.jpg",
        "{v}_B00{n}_OK.jpg",
        "20261102_08150{v}_SN71{n}.jpg",
    ],
)
def test_a_serial_among_other_marks_is_found(tmp_path: Path, name: str) -> None:
    """As lines write them: serial, camera and verdict; or day, time and serial."""
    names = [name.format(n=n, v=v) for n in range(10, 20) for v in (1, 2)]
    (finding,) = told(tmp_path, names)
    (pattern,) = re.findall("'(.*)'", finding.fix)
    groups = [found[1] for one in names if (found := re.search(pattern, one))]
    assert len(groups) == 20 and len(set(groups)) == 10


def test_a_few_parts_taken_twice_are_told(tmp_path: Path) -> None:
    names = [f"P{n:03d}_1.jpg" for n in range(30)] + [f"P{n:03d}_2.jpg" for n in range(5, 12)]
    (finding,) = told(tmp_path, names)
    assert "7 parts have several pictures" in finding.text


def test_classes_that_are_numbered_from_one_are_no_views(tmp_path: Path) -> None:
    names = [f"good_{n:03d}.jpg" for n in range(12)] + [f"dent_{n:03d}.jpg" for n in range(6)]
    labels = ["good"] * 12 + ["dent"] * 6
    assert told(tmp_path, names, labels) == []


def test_a_lot_of_many_parts_is_no_part(tmp_path: Path) -> None:
    assert told(tmp_path, [f"L{2000 + n // 12}_{n:05d}.jpg" for n in range(120)]) == []


@pytest.mark.parametrize(
    "name",
    [
        "IMG_{n:04d}.jpg",
        "20261102_{n:06d}.jpg",
        "cam1_{n:05d}.jpg",
        "lot7_{n}.jpg",
        "{n}.jpg",
        "day-1/{n}.jpg",
        "20261102_0815{n:02d}_cam1_OK.jpg",
    ],
)
def test_numbered_pictures_are_parts_of_their_own(tmp_path: Path, name: str) -> None:
    assert told(tmp_path, [name.format(n=n) for n in range(18)]) == []


def test_pictures_of_one_part_that_count_as_several_parts_are_told(tmp_path: Path) -> None:
    """Where whole days stand in one split no part is divided, and three pictures of each still are no three parts."""
    names = [f"P471{n}_{view}.jpg" for n in range(6) for view in ("top", "side", "back")]
    store = FolderBlobStore(tmp_path)
    items = [
        replace(item, sample=replace(item.sample, source=name))
        for item, name in zip(parts(store, "train", len(names), 0, seed=1), names)
    ]
    (finding,) = _same_part.check(dataset(store, items))
    assert "the pictures of 6 of them count as parts of their own" in finding.text
    grouped = [replace(i, sample=replace(i.sample, group=i.sample.source[:5])) for i in items]
    assert not list(_same_part.check(dataset(store, grouped)))


@pytest.mark.parametrize("name", ["video{n}_frame_{v:06d}.jpg", "line3 {n}.mp4_{v:05d}.png"])
def test_pictures_of_one_film_are_one_part_however_many(tmp_path: Path, name: str) -> None:
    names = [name.format(n=n, v=30 * frame) for n in range(3) for frame in range(25)]
    (finding,) = told(tmp_path, names)
    assert "3 of these parts stand in more than one split" in finding.text
    (pattern,) = re.findall("'(.*)'", finding.fix)
    assert len({found[1] for one in names if (found := re.search(pattern, one))}) == 3


def test_copies_that_a_tool_made_of_one_picture_are_told(tmp_path: Path) -> None:
    names = [f"IMG_1{n}_jpg.rf.{n:04x}{v:04x}.jpg" for n in range(9) for v in range(3)]
    (finding,) = told(tmp_path, names)
    assert "9 of these parts stand in more than one split" in finding.text
    (pattern,) = re.findall("'(.*)'", finding.fix)
    assert len({found[1] for one in names if (found := re.search(pattern, one))}) == 9
