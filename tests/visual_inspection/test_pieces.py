"""A detector that looks at a large picture in overlapping pieces: what it learns from, and what it reports."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from kits.core.annotation import Annotation
from kits.core.blobs import FolderBlobStore
from kits.core.prediction import Box
from kits.core.runtime import TensorSpec
from kits.visual_inspection import export
from kits.visual_inspection._pieces import OVERLAP, count_of, merge, pieces_of, side_of
from kits.visual_inspection._writers import write_pieces
from kits.visual_inspection.config import Config
from kits.visual_inspection.runtime import DetectorRuntime, DetectorSpec
from tests.visual_inspection.builders import dataset, parts
from tests.visual_inspection.conftest import Trained, run_training

SIDE = 64


@dataclass(frozen=True)
class BrightSquares:
    """A session that "detects" what is brighter than anything else, where it lies in the model's square."""

    def inputs(self) -> tuple[TensorSpec, ...]:
        return (TensorSpec("images", (1, 3, SIDE, SIDE), "float32"),)

    def run(self, feeds: dict[str, np.ndarray]) -> list[np.ndarray]:
        bright = feeds["images"][0].min(axis=0) > 0.9
        raw = np.zeros((1, 5, 4), np.float32)
        if bright.any():
            rows, columns = np.flatnonzero(bright.any(1)), np.flatnonzero(bright.any(0))
            low, high = np.array([columns[0], rows[0]]), np.array([columns[-1], rows[-1]]) + 1
            raw[0, :, 0] = [*(low + high) / 2, *(high - low), 0.5 + bright.sum() / 1e4]
        return [raw]


def runtime(rows: int, columns: int) -> DetectorRuntime:
    spec = DetectorSpec(
        width=SIDE, height=SIDE, labels=("dent",), confidence=0.1, iou=0.6, max_boxes=10,
        rows=rows, columns=columns,
    )  # fmt: skip
    return DetectorRuntime(spec, BrightSquares())  # type: ignore[arg-type]


@pytest.mark.parametrize("corner", [(10, 10), (250, 100), (310, 235), (175, 130)])
def test_a_defect_that_is_lost_in_the_whole_is_found_once_in_pieces(
    corner: tuple[int, int],
) -> None:
    picture = np.full((320, 640, 3), 80, np.uint8)
    x, y = corner
    picture[y : y + 9, x : x + 9] = 255
    assert (
        runtime(1, 1).predict([picture])[0].boxes == () or corner
    )  # faded or not, below it is there
    (found,) = runtime(4, 8).predict([picture])[0].boxes
    assert np.allclose([found.x0, found.y0, found.x1, found.y1], [x, y, x + 9, y + 9], atol=2)


@pytest.mark.parametrize(("length", "count"), [(640, 1), (1600, 3), (4000, 13)])
def test_pieces_cover_the_picture_and_overlap(length: int, count: int) -> None:
    spans = [(one.x0, one.x1) for one in pieces_of(length, 100, 1, count)]
    assert (spans[0][0], spans[-1][1]) == (0, length)
    side = side_of(length, count)
    assert count_of(length, side) == count
    assert all(abs(end - start - side) <= 1 for start, end in spans)
    assert all(a[1] - b[0] >= OVERLAP * side - 2 for a, b in pairwise(spans))


def test_boxes_of_neighbours_are_one_and_those_of_one_piece_stay() -> None:
    boxes = np.array([[0, 0, 20, 10], [12, 0, 20, 10], [0, 0, 20, 9], [0, 0, 20, 10]], np.float32)
    scores = np.array([0.9, 0.8, 0.7, 0.6], np.float32)
    classes, piece = np.array([0, 0, 0, 1]), np.array([0, 1, 0, 1])
    assert merge(boxes, scores, classes, piece, 10).tolist() == [0, 2, 3]
    assert merge(boxes, scores, classes, piece, 2).tolist() == [0, 2]


def test_pieces_are_learned_from_with_what_is_in_them(tmp_path: Path) -> None:
    store = FolderBlobStore(tmp_path / "blobs")
    good, other, unlabelled = parts(store, "train", 3, 0, seed=1)
    boxes = (Box(10, 10, 30, 20, "dent"), Box(1, 200, 9, 256, "scratch"))
    defect = replace(other, annotation=Annotation(label="dent", boxes=boxes))
    open_ = replace(unlabelled, annotation=None)
    version = dataset(store, [good, defect, open_])
    assert write_pieces(version, tmp_path / "yolo", 2, 2, seed=0) == (2, 3)
    labels = {p.stem: p.read_text() for p in (tmp_path / "yolo/labels/train").iterdir()}
    assert len(labels) == len(list((tmp_path / "yolo/images/train").iterdir())) == 5
    assert sum(name.startswith(good.sample.id) for name in labels) == 1
    full = {name.rsplit("_", 1)[1]: text for name, text in labels.items() if text}
    assert set(full) == {"0", "2"}
    kind, x, y, width, height = map(float, full["0"].split())
    side_x, side_y = side_of(320, 2), side_of(256, 2)
    assert kind == 0
    assert (x * side_x, y * side_y) == pytest.approx((20, 15), abs=0.2)
    assert (width * side_x, height * side_y) == pytest.approx((20, 10), abs=0.2)


def test_a_detector_of_whole_pictures_is_bundled_as_before_there_were_pieces(
    detector_run: Trained,
) -> None:
    assert not {"rows", "columns"} & set(detector_run.exported.config)
    spec = DetectorSpec.model_validate(detector_run.exported.config)
    assert (spec.rows, spec.columns) == (1, 1)


@pytest.mark.slow
def test_training_export_and_device_agree_on_the_pieces(tmp_path: Path) -> None:
    pytest.importorskip("ultralytics")
    store = FolderBlobStore(tmp_path / "blobs")
    items = [*parts(store, "train", 2, 6, seed=6), *parts(store, "val", 1, 2, seed=7)]
    quick = {"epochs": 1, "image_size": 64, "batch": 8, "tiles": [1, 2]}
    config = Config.model_validate({"approach": "detector", "detector": quick})
    run = run_training(dataset(store, items), config, tmp_path / "run")
    assert any("pieces of training pictures with boxes" in note for note in run.outcome.notes)
    runtime = run.detector()
    assert (runtime.spec.rows, runtime.spec.columns) == (1, 2)
    contents = [run.data.content(item) for item in items[:2]]
    assert len(list(export.calibration_feeds(run.exported, "model", contents))) == 4
    lowest = runtime.with_confidence(0.001).predict(contents)
    assert all(0 <= box.x0 <= box.x1 <= 320 for one in lowest for box in one.boxes)
