"""Judges a runtime on recordings: figures with intervals, the operating point, what the report draws.

Each approach has its own figures (`_judging/condition.py`, `_judging/life.py`, `_judging/faults.py`); a figure that
does not apply is left out with a note. Strict onsets only, and the same row for alarms at random.
"""

from __future__ import annotations

from pydantic import BaseModel

from kits.core.dataset import DatasetItem
from kits.core.errors import DataError
from kits.core.kit import EvaluateTask, Evaluation
from kits.core.operating_point import OperatingPoint
from kits.predictive_maintenance._device.trace import SENSOR_FAULT
from kits.predictive_maintenance._judging import condition, faults, life
from kits.predictive_maintenance._judging.picture import picture
from kits.predictive_maintenance._judging.plots import plots
from kits.predictive_maintenance._judging.tracks import replay
from kits.predictive_maintenance._learning.recordings import Recording, load
from kits.predictive_maintenance.config import Config
from kits.predictive_maintenance.runtime import MachineRuntime

__all__ = ["choose_operating_point", "evaluate", "picture", "plots", "replay"]


def choose_operating_point(task: EvaluateTask, config: BaseModel) -> OperatingPoint:
    """Levels and delays: from the tolerated false alarms, or from the costs where faults are labelled.

    Raises:
        DataError: nothing among the items to choose on.
    """
    assert isinstance(config, Config)
    runtime = _runtime(task)
    if runtime.spec.remaining is not None:
        return life.choose(task, runtime, config)
    if runtime.spec.faults is not None:
        return faults.choose(task, runtime, _load(task, task.items))
    return condition.choose(task, runtime, config, _load(task, task.items))


def evaluate(task: EvaluateTask) -> Evaluation:
    """Metrics with intervals at the task's operating point.

    Raises:
        DataError: no recording that can be judged.
    """
    runtime = _runtime(task)
    recordings = [r for r in _load(task, task.items) if r.label != SENSOR_FAULT]
    if not recordings:
        raise DataError("no recording to evaluate on", fix="import recordings for this split")
    if runtime.spec.remaining is not None:
        judged = life.judge(task, runtime, recordings)
    elif runtime.spec.faults is not None:
        judged = faults.judge(task, runtime, recordings)
    else:
        judged = condition.judge(task, runtime, recordings)
    return Evaluation(
        kit=task.dataset.header.kit,
        dataset=task.dataset.id,
        split=task.split,
        n=len(recordings),
        seed=task.seed,
        metrics=judged.metrics,
        slices=judged.slices,
        results=judged.results,
        notes=judged.notes,
    )


def _runtime(task: EvaluateTask) -> MachineRuntime:
    assert isinstance(task.runtime, MachineRuntime)
    return task.runtime


def _load(task: EvaluateTask, items: tuple[DatasetItem, ...]) -> list[Recording]:
    return load(task.dataset, items, task.progress)
