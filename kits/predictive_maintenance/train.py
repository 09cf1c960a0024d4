"""Training: hands over to the approach that the data allows, see `_learning/approach.py`.

Normal running is in `_learning/condition.py`, named faults in `_learning/faults.py`, remaining life in
`_learning/remaining.py`. It leaves the model, its specification and the sensors' baseline in the run's folder.
Physics learns nothing and needs no data: what it is told of the machine is its model.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel

from kits.core.bundle import LicenceNote
from kits.core.dataset import Dataset
from kits.core.files import write_atomically
from kits.core.kit import TrainOutcome, TrainTask
from kits.core.runtime import cpu_session
from kits.core.window import MEDIA_TYPE, encode_window
from kits.predictive_maintenance._device.condition import ConditionJudge
from kits.predictive_maintenance._device.physics import PhysicsSpec
from kits.predictive_maintenance._learning import graphs
from kits.predictive_maintenance._learning.approach import choose_approach, require
from kits.predictive_maintenance._learning.physics import physics_of
from kits.predictive_maintenance._learning.recordings import Recording, load
from kits.predictive_maintenance._learning.sensors import learn_sensors
from kits.predictive_maintenance._signals.sensors import SensorBaseline
from kits.predictive_maintenance._simulated.example import example_windows
from kits.predictive_maintenance._stated import refuse_misspelt
from kits.predictive_maintenance.config import Config
from kits.predictive_maintenance.runtime import MachineSpec

SPEC_FILE, MODEL_FILE = "machine.json", "model.onnx"
_CAP = 1e4
_LICENCE = LicenceNote(part="model", source="your data", licence="yours")


@dataclass(frozen=True)
class _Made:
    spec: MachineSpec
    model: bytes | None
    figures: dict[str, float]
    notes: tuple[str, ...]


def train(task: TrainTask) -> TrainOutcome:
    """Learns by the configured approach, leaves its files in `task.out_dir`.

    Raises:
        DataError: the data does not allow the approach.
        MachineError: a package is missing.
    """
    config = task.config
    assert isinstance(config, Config)
    task.out_dir.mkdir(parents=True, exist_ok=True)
    approach, why = choose_approach(task.dataset, config)
    require(task.dataset, config, approach)
    recordings = load(task.dataset, task.dataset.of("train"), task.progress)
    refuse_misspelt([c.name for r in recordings for c in r.window.channels], config)
    base = MachineSpec(
        approach=approach, physics=physics_of(config), sensors=_baseline(recordings, config)
    )
    if approach == "condition":
        made = _condition(task, config, base, recordings)
    elif approach == "fault-class":
        made = _faults(task, config, base, recordings)
    elif approach == "remaining-life":
        made = _remaining(task, config, base, recordings)
    else:
        made = _Made(base, None, {}, _physics_notes(base.physics))
    _save(made, task.out_dir)
    return TrainOutcome(
        figures=made.figures,
        licences=(_LICENCE,) if made.model is not None else (),
        notes=(f"approach {approach}: {why}", *made.notes),
    )


def needs_no_data(dataset: Dataset, config: BaseModel) -> bool:
    """Whether physics alone makes a bundle of this project: a bearing number and a speed are enough."""
    assert isinstance(config, Config)
    return choose_approach(dataset, config)[0] == "physics"


def examples(config: BaseModel, seed: int) -> Iterator[tuple[bytes, str]]:
    """Simulated captures of the machine that the configuration describes, sound and with damage.

    They prove a device's arithmetic; they say nothing of how well a real fault is found.

    Raises:
        DataError: an unknown bearing or machine class.
    """
    assert isinstance(config, Config)
    for window in example_windows(physics_of(config), seed):
        yield encode_window(window), MEDIA_TYPE


def _baseline(recordings: Sequence[Recording], config: Config) -> SensorBaseline:
    if not recordings:
        return SensorBaseline(mains_hz=config.mains_hz)
    usual = [r.window for r in recordings if r.is_normal() or r.life is not None]
    windows = usual or [r.window for r in recordings]
    return learn_sensors(windows, config.mains_hz)


def _physics_notes(spec: PhysicsSpec) -> tuple[str, ...]:
    notes = ["physics learns nothing: bearing orders and severity zones only"]
    if spec.bearings and not spec.speed_rpm:
        notes.append(
            "no model.speed_rpm: bearings are judged only in windows that say `speed_rpm`, have a channel in rpm or a"
            " tacho, or show a speed in model.speed_range_rpm"
        )
    if spec.zone_ends is None:
        notes.append("no model.machine_class: the level of vibration is told, but not judged")
    if not spec.bearings:
        notes.append("no model.bearings: the level of vibration is judged, no bearing is")
    return tuple(notes)


def _device(task: TrainTask) -> str:
    """`cpu` or `cuda` for trees and networks. `auto` takes the GPU where torch sees one."""
    if task.device == "auto":
        import torch

        return "cuda" if torch.cuda.is_available() else "cpu"
    return task.device


def _condition(
    task: TrainTask, config: Config, base: MachineSpec, recordings: Sequence[Recording]
) -> _Made:
    from kits.predictive_maintenance._learning.condition import learn_condition
    from kits.predictive_maintenance._learning.oddities import oddities

    val = load(task.dataset, task.dataset.of("val"))
    learned = learn_condition(recordings, val, config, task.seed)
    model = graphs.quadratic(learned.means, learned.inverse_scales, learned.matrices, _CAP)
    spec = base.model_copy(update={"condition": learned.spec})
    judge = ConditionJudge(learned.spec, cpu_session(model), config.speed_rpm)
    usual = [r for r in val if r.is_normal()]
    return _Made(spec, model, dict(learned.figures), (*oddities(judge, usual), *learned.notes))


def _faults(
    task: TrainTask, config: Config, base: MachineSpec, recordings: Sequence[Recording]
) -> _Made:
    from kits.predictive_maintenance._learning.faults import learn_faults

    learned = learn_faults(
        recordings, config, task.seed, device=_device(task), progress=task.progress
    )
    spec = base.model_copy(update={"faults": learned.spec})
    return _Made(spec, learned.model, dict(learned.figures), learned.notes)


def _remaining(
    task: TrainTask, config: Config, base: MachineSpec, recordings: Sequence[Recording]
) -> _Made:
    from kits.predictive_maintenance._learning.remaining import learn_remaining
    from kits.predictive_maintenance._learning.warning_time import choose_lead

    # units left out in turn take the place of a val split, so its units may be learned from as well
    known = [*recordings, *load(task.dataset, task.dataset.of("val"))]
    learned = learn_remaining(
        known, config, task.seed, device=_device(task), progress=task.progress
    )
    model = learned.models.to_onnx()
    policy = choose_lead(learned.held_out, learned.spec, config, task.costs)
    life = learned.spec.model_copy(update={"lead": policy.lead, "lead_text": policy.text})
    spec = base.model_copy(update={"remaining": life})
    figures = dict(learned.figures) | policy.figures()
    return _Made(spec, model, figures, (*learned.notes, policy.text))


def _save(made: _Made, folder: Path) -> None:
    write_atomically(folder / SPEC_FILE, made.spec.model_dump_json(indent=1).encode())
    if made.model is not None:
        write_atomically(folder / MODEL_FILE, made.model)
