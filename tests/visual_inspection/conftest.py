"""Trained artefacts, made once per session."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import pytest

from kits.core.blobs import FolderBlobStore
from kits.core.dataset import Dataset
from kits.core.kit import Exported, TrainOutcome, TrainTask
from kits.core.operating_point import Costs
from kits.core.runtime import OnnxSession
from kits.visual_inspection import export, train
from kits.visual_inspection.config import Config
from kits.visual_inspection.runtime import (
    DetectorRuntime,
    DetectorSpec,
    GoodPartsRuntime,
    GoodPartsSpec,
)
from tests.quick_disk import no_waiting_for_the_disk  # noqa: F401  a fixture
from tests.visual_inspection.builders import dataset, parts

# ultralytics asks once, when it is imported, which some tests do themselves
os.environ["ULTRALYTICS_SAFE_LOAD"] = "1"


@dataclass(frozen=True)
class Trained:
    data: Dataset
    config: Config
    run: Path
    outcome: TrainOutcome
    exported: Exported

    @property
    def model(self) -> bytes:
        return self.exported.models["model"]

    def good_parts(self) -> GoodPartsRuntime:
        spec = GoodPartsSpec.model_validate(self.exported.config)
        return GoodPartsRuntime(spec, OnnxSession(self.model, threads=1))

    def detector(self) -> DetectorRuntime:
        spec = DetectorSpec.model_validate(self.exported.config)
        return DetectorRuntime(spec, OnnxSession(self.model, threads=1))


def run_training(data: Dataset, config: Config, run: Path) -> Trained:
    run.mkdir(parents=True, exist_ok=True)
    outcome = train.train(TrainTask(data, config, Costs(), run, seed=1, device="cpu"))
    return Trained(data, config, run, outcome, export.export(run, data, config))


@pytest.fixture(scope="session")
def good_parts_run(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """Learned from 40 good parts only."""
    root = tmp_path_factory.mktemp("good-parts")
    store = FolderBlobStore(root / "blobs")
    items = [
        *parts(store, "train", 40, 0, seed=1),
        *parts(store, "val", 20, 0, seed=2),
        *parts(store, "test", 20, 20, seed=3),
    ]
    return run_training(dataset(store, items), Config(), root / "run")


@pytest.fixture(scope="session")
def fused_run(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """Learned from 40 good and 48 defective parts, at half the size and with half the bank: a quarter of the work."""
    root = tmp_path_factory.mktemp("fused")
    store = FolderBlobStore(root / "blobs")
    items = [
        *parts(store, "train", 40, 48, seed=4),
        *parts(store, "val", 20, 20, seed=5),
        *parts(store, "test", 20, 20, seed=3),
    ]
    smaller = {"image_size": 128, "bank_size": 500, "max_patches": 10_000, "augment": False}
    config = Config.model_validate({"approach": "good-parts", "good_parts": smaller})
    return run_training(dataset(store, items), config, root / "run")


@pytest.fixture(scope="session")
def detector_run(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """One epoch on 16 pictures at 64 pixels: proves the path, not the quality."""
    root = tmp_path_factory.mktemp("detector")
    store = FolderBlobStore(root / "blobs")
    items = [*parts(store, "train", 4, 12, seed=6), *parts(store, "val", 2, 4, seed=7)]
    quick = {"approach": "detector", "detector": {"epochs": 1, "image_size": 64, "batch": 8}}
    return run_training(dataset(store, items), Config.model_validate(quick), root / "run")
