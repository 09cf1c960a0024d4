"""Training: hands over to the approach that the data allows, see `_learning/approach.py`.

`good-parts` is in `_good_parts.py`, `detector` in `_detector_train.py`.
"""

from __future__ import annotations

from dataclasses import replace

from kits.core.kit import TrainOutcome, TrainTask
from kits.visual_inspection._approach import choose_approach, require_samples
from kits.visual_inspection._good_parts import train_good_parts
from kits.visual_inspection.config import Config


def train(task: TrainTask) -> TrainOutcome:
    """Learns by the configured approach, leaves its files in `task.out_dir`.

    Raises:
        DataError: too few good parts, or no boxes for a detector.
        MachineError: a package or weights are missing.
    """
    assert isinstance(task.config, Config)
    task.out_dir.mkdir(parents=True, exist_ok=True)
    approach, why = choose_approach(task.dataset, task.config)
    require_samples(task.dataset, approach)
    if approach == "detector":
        from kits.visual_inspection._detector_train import train_detector

        outcome = train_detector(task, task.config.detector)
    else:
        outcome = train_good_parts(task, task.config.good_parts)
    return replace(outcome, notes=(f"approach {approach}: {why}", *outcome.notes))
