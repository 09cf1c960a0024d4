"""Learns mean and spread of the good samples."""

from __future__ import annotations

import json

import numpy as np

from kits.core.errors import DataError
from kits.core.kit import TrainOutcome, TrainTask

from .data import GOOD, value_of


def train(task: TrainTask) -> TrainOutcome:
    """Leaves `model.json` in `task.out_dir`. Raises DataError without good samples."""
    values = [
        value_of(json.loads(task.dataset.content(item)))
        for item in task.dataset.of("train")
        if item.annotation is not None and item.annotation.label == GOOD
    ]
    if not values:
        raise DataError("no good sample to learn from", fix="kit check")
    smallest = float(getattr(task.config, "smallest_spread"))
    model = {"mean": float(np.mean(values)), "spread": max(float(np.std(values)), smallest)}
    task.out_dir.mkdir(parents=True, exist_ok=True)
    (task.out_dir / "model.json").write_text(json.dumps(model))
    return TrainOutcome(figures=model)
