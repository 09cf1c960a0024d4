"""Names that say which pictures are of one part."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from kits.core.blobs import FolderBlobStore
from kits.core.kit import Finding
from kits.visual_inspection import _same_part
from tests.visual_inspection.builders import dataset, parts


def told(folder: Path, names: list[str]) -> list[Finding]:
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
        "IMG_{n:04d}.jpg",
        "20261102_{n:06d}.jpg",
        "cam1_{n:05d}.jpg",
        "lot7_{n}.jpg",
        "{n}.jpg",
        "day-1/{n}.jpg",
    ],
)
def test_numbered_pictures_are_parts_of_their_own(tmp_path: Path, name: str) -> None:
    assert told(tmp_path, [name.format(n=n) for n in range(18)]) == []
