"""Training: decides which model the data allows and hands over to it.

`good-parts` is in `_good_parts.py`, `detector` in `_detector_train.py`.
"""

from __future__ import annotations

import importlib.util
from dataclasses import replace

from kits.core.dataset import Dataset
from kits.core.kit import TrainOutcome, TrainTask
from kits.visual_inspection._good_parts import MIN_GOOD, is_good, train_good_parts
from kits.visual_inspection.config import Config

MIN_BOXES = 150


def train(task: TrainTask) -> TrainOutcome:
    """Learns by the configured approach, leaves its files in `task.out_dir`.

    Raises:
        DataError: too few good parts, or no boxes for a detector.
        MachineError: a package or weights are missing.
    """
    assert isinstance(task.config, Config)
    task.out_dir.mkdir(parents=True, exist_ok=True)
    approach, why = choose_approach(task.dataset, task.config)
    if approach == "detector":
        from kits.visual_inspection._detector_train import train_detector

        outcome = train_detector(task, task.config.detector)
    else:
        outcome = train_good_parts(task, task.config.good_parts)
    return replace(outcome, notes=(f"approach {approach}: {why}", *outcome.notes))


def choose_approach(dataset: Dataset, config: Config) -> tuple[str, str]:
    """(`good-parts` or `detector`, why)."""
    if config.approach != "auto":
        return config.approach, "as configured"
    train = dataset.of("train")
    good = sum(is_good(item) for item in train)
    boxes = sum(len(item.annotation.boxes) for item in train if item.annotation)
    if good < MIN_GOOD and boxes:
        return "detector", f"only {good} good parts, but {boxes} boxes to learn from"
    if boxes >= MIN_BOXES:
        if importlib.util.find_spec("ultralytics"):
            return "detector", f"{boxes} training boxes are enough for classes and places"
        return "good-parts", f"{boxes} boxes would do for a detector, but it is not installed"
    return "good-parts", f"{good} good parts, and {boxes} boxes are fewer than {MIN_BOXES}"
