"""Learns nothing but writes down its settings, as a training would its weights."""

from __future__ import annotations

from kits.core.bundle import LicenceNote
from kits.core.errors import DataError
from kits.core.kit import TrainOutcome, TrainTask
from kits.core.stats import proportion


def train(task: TrainTask) -> TrainOutcome:
    (task.out_dir / "model.txt").write_text(task.config.model_dump_json())
    if task.config.fail:
        raise DataError("the lamp went out")
    return TrainOutcome(
        figures={"epochs": 1.0},
        baseline={"escape_rate": proportion(1, 2)},
        licences=(LicenceNote(part="weights", source="this test", licence="Apache-2.0"),),
        notes=("started from scratch",),
    )
