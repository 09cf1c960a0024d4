"""Which approach the data allows: a detector for boxes that people drew, good parts for masks, unless there are hardly any."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from kits.core.annotation import Annotation
from kits.core.blobs import FolderBlobStore
from kits.core.prediction import Box
from kits.visual_inspection._approach import MASKS, MIN_BOXES, choose_approach
from kits.visual_inspection.config import Config
from tests.needing import needing
from tests.visual_inspection.builders import dataset, parts

pytestmark = needing("ultralytics")


def chosen(folder: Path, good: int, boxes: int, author: str) -> tuple[str, str]:
    store = FolderBlobStore(folder)
    items = parts(store, "train", good, 1, seed=3)
    one = items[-1]
    note = Annotation("dent", tuple(Box(1, 1, 9, 9, "dent") for _ in range(boxes)), author=author)
    return choose_approach(dataset(store, [*items[:-1], replace(one, annotation=note)]), Config())


@pytest.mark.parametrize(
    ("good", "boxes", "author", "approach"),
    [
        (12, MIN_BOXES, "coco", "detector"),
        (12, MIN_BOXES - 1, "coco", "good-parts"),
        (12, MIN_BOXES, MASKS, "good-parts"),
        (3, 5, MASKS, "detector"),
    ],
)
def test_who_drew_the_boxes(
    tmp_path: Path, good: int, boxes: int, author: str, approach: str
) -> None:
    assert chosen(tmp_path, good, boxes, author)[0] == approach


def test_boxes_of_masks_that_would_do_are_told(tmp_path: Path) -> None:
    assert "model.approach: detector" in chosen(tmp_path, 12, MIN_BOXES, MASKS)[1]
