"""What the kit's checks say of data that cannot be learned from, before a training is tried."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from kits.core.blobs import FolderBlobStore
from kits.core.errors import DataError
from kits.core.kit import Finding, TrainTask
from kits.core.operating_point import Costs
from kits.visual_inspection import _checks, data, train
from kits.visual_inspection.config import Config
from kits.visual_inspection.demo import Part, draw
from tests.visual_inspection.builders import dataset, item, parts

FEW_GOOD = "8 good parts in the training split are fewer than 10"


@pytest.mark.parametrize(
    ("good", "defects", "approach", "level", "words", "fix"),
    [
        (8, 0, "auto", "fail", FEW_GOOD, "import more good parts"),
        (8, 3, "good-parts", "fail", FEW_GOOD, "or use model.approach: detector"),
        (8, 3, "auto", "pass", "detector can be trained", ""),
        (12, 0, "auto", "pass", "good-parts can be trained", ""),
        (12, 0, "detector", "fail", "no boxes", "model.approach: good-parts"),
    ],
)
def test_check_and_train_agree_on_what_can_be_learned(
    tmp_path: Path, good: int, defects: int, approach: str, level: str, words: str, fix: str
) -> None:
    store = FolderBlobStore(tmp_path / "blobs")
    version = dataset(store, parts(store, "train", good, defects, seed=1))
    config = Config.model_validate({"approach": approach})
    found = {f.check: f for f in data.check(version, config) if isinstance(f, Finding)}["learnable"]
    assert found.level == level
    assert words in found.text
    assert fix in found.fix
    if not defects:
        assert "detector" not in found.fix
    if level == "fail":
        with pytest.raises(DataError, match=words):
            train.train(TrainTask(version, config, Costs(), tmp_path / "run", seed=1, device="cpu"))


@pytest.mark.parametrize(
    ("size", "approach", "level", "said"),
    [
        ((1920, 1080), "auto", "pass", "as 1024×512 (2×4 tiles): a defect narrower than 7 pixels"),
        (
            (3840, 2160),
            "auto",
            "warn",
            "3840×2160 pixels as 1792×768 (3×7 tiles): a defect narrower than 9 pixels may vanish",
        ),
        ((3840, 2160), "detector", "", ""),
    ],
)
def test_large_pictures_that_a_model_sees_much_smaller_are_told(
    tmp_path: Path, size: tuple[int, int], approach: str, level: str, said: str
) -> None:
    store = FolderBlobStore(tmp_path / "blobs")
    drawn = cv2.resize(draw(np.random.default_rng(0), "").image, size)
    good = item(store, "a.jpg", Part(drawn, "good", ()), "train")
    config = Config.model_validate({"approach": approach})
    found = {f.check: f for f in data.check(dataset(store, [good]), config)}
    assert ("shrunk" in found) is bool(said)
    if said:
        assert found["shrunk"].level == level
        assert said in found["shrunk"].text
        assert ("tiles: [5, 8]" in found["shrunk"].fix) is (level == "warn")


def test_one_picture_of_another_size_among_many_is_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_checks, "_SAMPLED", 3)
    found = parts(FolderBlobStore(tmp_path), "train", 12, 0, seed=1)
    for number in range(1, 4):  # of four in a row one is looked at
        other = dict(found[number].sample.meta) | {"width": 4000, "height": 3000}
        items = list(found)
        items[number] = replace(found[number], sample=replace(found[number].sample, meta=other))
        version = dataset(FolderBlobStore(tmp_path), items)
        told = {f.check: f for f in data.check(version, Config())}["resolution"]
        assert (told.level, "4000×3000: 1" in told.evidence) == ("warn", True)


@pytest.mark.parametrize(
    ("train", "val", "level", "said"),
    [
        (32, 9, "warn", "set data.split.val: 0.30"),
        (8, 9, "warn", "collect more"),
        (2, 10, "pass", "thresholds follow `costs`"),
    ],
)
def test_it_is_told_when_costs_will_not_count(
    tmp_path: Path, train: int, val: int, level: str, said: str
) -> None:
    """Forty defects by lot leave nine in val, and one more would have let thresholds follow the costs."""
    store = FolderBlobStore(tmp_path / "blobs")
    items = parts(store, "train", 12, train, seed=1) + parts(store, "val", 11, val, seed=2)
    found = {f.check: f for f in data.check(dataset(store, items), Config())}["costs-weighed"]
    assert found.level == level
    assert f"11 good and {val} defective parts in val" in found.text
    assert said in f"{found.text} {found.fix}"


def test_of_good_parts_alone_no_costs_are_asked(tmp_path: Path) -> None:
    store = FolderBlobStore(tmp_path / "blobs")
    version = dataset(store, parts(store, "train", 12, 0, seed=1))
    assert "costs-weighed" not in {f.check for f in data.check(version, Config())}


def test_the_checks_say_whether_good_and_defective_parts_were_taken_alike(tmp_path: Path) -> None:
    store = FolderBlobStore(tmp_path / "blobs")
    version = dataset(store, parts(store, "train", 10, 10, seed=1))
    assert {f.check: f.level for f in data.check(version, Config())}["taken-alike"] == "pass"
