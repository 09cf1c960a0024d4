"""Into how many tiles pictures are cut, and what is said of defects that are too small for that."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from kits.core.annotation import Annotation
from kits.core.blobs import FolderBlobStore
from kits.core.prediction import Box
from kits.visual_inspection import data
from kits.visual_inspection._scale import narrow_defect, scale_of
from kits.visual_inspection.config import Config, GoodPartsConfig
from tests.visual_inspection.builders import dataset, parts


@pytest.mark.parametrize(
    ("size", "narrow", "tiles"),
    [
        ((256, 320), 0.0, (1, 1)),
        ((1200, 1600), 0.0, (2, 3)),
        ((1200, 1600), 40.0, (2, 3)),
        ((1200, 1600), 5.0, (4, 6)),  # as large as it is would be 5×7, which is too many
        ((480, 640), 5.0, (2, 3)),
        ((3000, 4000), 0.0, (4, 6)),
        ((400, 8000), 0.0, (1, 16)),
    ],
)
def test_tiles_come_from_the_size_of_picture_and_defects(
    size: tuple[int, int], narrow: float, tiles: tuple[int, int]
) -> None:
    scale = scale_of(GoodPartsConfig(), *size, narrow)
    assert (scale.rows, scale.columns) == tiles
    assert scale.tiles <= GoodPartsConfig().max_tiles


def test_tiles_by_hand_and_the_most_allowed_are_obeyed() -> None:
    by_hand = scale_of(GoodPartsConfig(tiles=(6, 8)), 3000, 4000, 5.0)
    assert (by_hand.rows, by_hand.columns, by_hand.pixels(3.0)) == (6, 8, 6)
    few = scale_of(GoodPartsConfig(max_tiles=9), 3000, 4000)
    assert (few.rows, few.columns) == (3, 3)


def test_the_narrowest_tenth_of_the_training_boxes_counts(tmp_path: Path) -> None:
    store = FolderBlobStore(tmp_path / "blobs")
    items = parts(store, "train", 12, 0, seed=1)
    boxes = tuple(Box(0, 0, 100, 4 if n == 0 else 50, "dent") for n in range(12))
    many, few = (
        replace(items[0], annotation=Annotation(label="dent", boxes=boxes[:n])) for n in (12, 5)
    )
    assert 4 < narrow_defect(dataset(store, [*items[1:], many])) <= 50
    assert narrow_defect(dataset(store, [*items[1:], few])) == 0
    assert narrow_defect(dataset(store, [*items[1:], replace(many, split="val")])) == 0


def test_boxes_too_small_for_a_detector_are_told_with_what_helps(tmp_path: Path) -> None:
    store = FolderBlobStore(tmp_path / "blobs")
    items = parts(store, "train", 12, 1, seed=1)
    told = {}
    for width in (8000, 4000, 1000):
        meta = {"width": width, "height": width * 3 // 4}
        note = Annotation(label="dent", boxes=(Box(0, 0, 10, 10, "dent"),))
        large = replace(items[-1], sample=replace(items[-1].sample, meta=meta), annotation=note)
        version = dataset(store, [*items[:-1], large])
        found = data.check(version, Config())
        told[width] = next(one for one in found if one.check == "tiny-defects")
    assert "model.detector.image_size: 800, which takes 6 times as long" in told[1000].fix
    assert "model.detector.tiles: [3, 3], which takes 9 times as long" in told[1000].fix
    better = Config.model_validate({"detector": {"tiles": [3, 3]}})
    assert next(f for f in data.check(version, better) if f.check == "tiny-defects").level == "pass"
    assert told[4000].fix.startswith("model.detector.tiles: [10, 13]"), "no image_size would do"
    assert "too small for a detector" in told[8000].fix
