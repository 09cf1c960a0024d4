"""A run's files → the ONNX model with the config its runtime needs; calibration inputs.

The graphs are made by training, because they are small; here they are only handed on. Trees run on CPUs alone;
distances, linear classifiers and networks may go to a GPU, and then to FP16 if the gate lets them. Nothing is
quantised.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import cast

from pydantic import BaseModel, JsonValue

from kits.core.dataset import Dataset
from kits.core.kit import Exported, left_by_training
from kits.core.runtime import Array
from kits.predictive_maintenance.runtime import ROLE, MachineSpec
from kits.predictive_maintenance.train import MODEL_FILE, SPEC_FILE


def export(run_dir: Path, dataset: Dataset, config: BaseModel) -> Exported:
    """The deployable model of a run.

    Raises:
        DataError: the run holds no training of this kit.
    """
    del dataset, config
    spec = MachineSpec.model_validate_json(left_by_training(run_dir, SPEC_FILE))
    model = run_dir / MODEL_FILE
    trees = (spec.remaining is not None and spec.remaining.method != "network") or (
        spec.faults is not None and spec.faults.method == "trees"
    )
    return Exported(
        models={ROLE: model.read_bytes()} if model.is_file() else {},
        config=cast(dict[str, JsonValue], spec.model_dump(mode="json")),
        labels=labels_of(spec),
        quantize_roles=() if trees else (ROLE,),
        precisions=("fp16",),
        cpu_roles=(ROLE,) if trees else (),
    )


def labels_of(spec: MachineSpec) -> tuple[str, ...]:
    """What a person may call a sample of this machine."""
    if spec.faults is not None:
        return (*spec.faults.classes, "sensor-fault")
    known = ("outer", "inner", "ball") if spec.physics.bearings else ()
    return ("normal", *known, "anomaly", "sensor-fault")


def calibration_feeds(
    exported: Exported, role: str, contents: Iterable[bytes]
) -> Iterator[Mapping[str, Array]]:
    """Nothing: no role of this kit has an INT8."""
    del exported, role, contents
    yield from ()
