"""Which approach the data allows, and why. Asked by `kit check` and by training.

A function of what is annotated; it reads no signal.
"""

from __future__ import annotations

from collections import Counter

from kits.core.dataset import Dataset, DatasetItem
from kits.core.errors import DataError
from kits.predictive_maintenance._device.trace import SENSOR_FAULT
from kits.predictive_maintenance._learning.recordings import LIFE, NORMAL_LABELS
from kits.predictive_maintenance._learning.remaining import LEAST_UNITS
from kits.predictive_maintenance.config import Approach, Config

_LEAST_FAULT_GROUPS = 3


def choose_approach(dataset: Dataset, config: Config) -> tuple[Approach, str]:
    """The configured approach, or the one the annotations allow, with the reason.

    What devices sent is not asked: windows that people reviewed improve the approach at work, and do not change it.
    """
    if config.approach != "auto":
        return config.approach, "chosen in kit.yaml"
    train = tuple(item for item in dataset.of("train") if not item.sample.device)
    if not dataset.of("train") and knows_machine(config):
        return "physics", "no data yet, but bearings or machine class are known"
    lives = _lives(dataset)
    if lives >= LEAST_UNITS:
        return "remaining-life", f"{lives} machines with a known end of life"
    if any(i.annotation and i.annotation.spans for i in dataset.items if not i.sample.device):
        return "condition", "faults are marked as stretches of time"
    groups = _fault_groups(train)
    total = sum(groups.values())
    if total >= _LEAST_FAULT_GROUPS and len(_labels(train)) >= 2:
        return (
            "fault-class",
            f"{len(groups)} fault(s) labelled on {total} machines, bearings or runs",
        )
    return "condition", f"normal running, and faults labelled on {total} machines only"


def require(dataset: Dataset, config: Config, approach: Approach) -> None:
    """Raises DataError when the approach cannot be trained on this data."""
    train = dataset.of("train")
    if approach == "remaining-life" and (lives := _lives(dataset)) < LEAST_UNITS:
        raise DataError(
            f"{lives} machines with a known end of life to learn from",
            fix=f"at least {LEAST_UNITS} are needed; until then: model.approach: condition",
        )
    if approach == "fault-class" and len(_labels(train)) < 2:
        raise DataError(
            "fewer than two labelled conditions in train",
            fix="label recordings with what was found, or use model.approach: condition",
        )
    if approach == "physics" and not knows_machine(config):
        raise DataError(
            "physics needs to know the machine",
            fix="set model.bearings and model.speed_rpm, or model.machine_class, in kit.yaml",
        )


def knows_machine(config: Config) -> bool:
    """Whether physics has something to go by."""
    return bool(config.bearings or config.machine_class)


def _lives(dataset: Dataset) -> int:
    """Machines to learn from: units left out in turn take the place of a val split, so those of val count."""
    items = (*dataset.of("train"), *dataset.of("val"))
    return len(
        {
            str(item.sample.meta.get("asset", "")) or item.sample.group
            for item in items
            if item.annotation and any(q.name == LIFE for q in item.annotation.quantities)
        }
    )


def _labels(items: tuple[DatasetItem, ...]) -> set[str]:
    found = {i.annotation.label for i in items if i.annotation and i.annotation.label}
    found.discard(SENSOR_FAULT)
    return {"normal" if label.lower() in NORMAL_LABELS else label for label in found}


def _fault_groups(items: tuple[DatasetItem, ...]) -> Counter[str]:
    """Fault → on how many groups it is labelled."""
    pairs = {
        (i.annotation.label, i.sample.group or i.sample.id)
        for i in items
        if i.annotation and i.annotation.label
    }
    return Counter(
        label for label, _ in pairs if label.lower() not in NORMAL_LABELS and label != SENSOR_FAULT
    )
