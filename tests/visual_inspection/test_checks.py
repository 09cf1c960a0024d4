"""What the kit's checks say of data that cannot be learned from, before a training is tried."""

from __future__ import annotations

from pathlib import Path

import pytest

from kits.core.blobs import FolderBlobStore
from kits.core.errors import DataError
from kits.core.kit import Finding, TrainTask
from kits.core.operating_point import Costs
from kits.visual_inspection import data, train
from kits.visual_inspection.config import Config
from tests.visual_inspection.builders import dataset, parts

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
