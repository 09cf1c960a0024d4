"""What people said of windows from the line: normal ones are learned from, the rest only judges."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from kits.core.annotation import Annotation
from kits.core.dataset import Dataset, DatasetHeader, DatasetItem, build
from kits.core.kit import TrainTask
from kits.core.operating_point import Band, Costs
from kits.core.runtime import cpu_session
from kits.core.sample import Sample, utc_now
from kits.core.window import MEDIA_TYPE, Channel, Window, encode_window
from kits.predictive_maintenance._device.condition import ConditionJudge
from kits.predictive_maintenance._learning.approach import choose_approach
from kits.predictive_maintenance.config import Config
from kits.predictive_maintenance.runtime import MachineRuntime, MachineSpec
from kits.predictive_maintenance.train import MODEL_FILE, SPEC_FILE, train
from kits.toolchain.evaluation import MemoryBlobStore

KNOWN, NEW = (0.0, 800.0, 1500.0), 2200.0
Said = tuple[Window, str]


def window(seed: int, speeds: Sequence[float], asset: str = "fan-1") -> Window:
    """90 readings at each of the speeds; the current follows the speed, and at rest all but the heat is 0."""
    rng = np.random.default_rng(seed)
    speed = np.repeat(np.array(speeds), 90)
    turns = speed > 0
    noise = rng.normal(0, 1, (3, speed.size))
    rows = (
        ("speed", "rpm", speed + 2 * turns * noise[0]),
        ("current", "A", turns * (speed / 100 + 0.1 * noise[1])),
        ("temperature", "°C", 20 + turns * speed / 50 + 0.2 * noise[2]),
    )
    channels = tuple(Channel(name, unit, r.astype(np.float32)) for name, unit, r in rows)
    return Window(channels, 0.1, None, {"asset": asset})


def week(asset: str = "fan-1") -> Said:
    order = np.random.default_rng(1).permutation(np.repeat(KNOWN, 12))
    return window(2, order.tolist(), asset), ""


def dataset(history: Sequence[Said], reviewed: Sequence[Said]) -> Dataset:
    blobs = MemoryBlobStore()
    items = []
    for number, (one, label) in enumerate([*history, *reviewed]):
        content = encode_window(one)
        device = "line-1" if number >= len(history) else ""
        sample = Sample(
            id=f"s{number:03d}", media_type=MEDIA_TYPE, digest=blobs.put(content),
            size=len(content), captured_at=utc_now(), source=f"{number}", device=device,
            group=f"g{number}", meta={},
        )  # fmt: skip
        annotation = Annotation(label) if label else None
        items.append(DatasetItem(sample, annotation, "train"))
    header = DatasetHeader(kit="predictive-maintenance", split_rule="by hand", seed=0)
    return build(header, items, blobs)


def learned(folder: Path, history: Sequence[Said], reviewed: Sequence[Said]) -> MachineRuntime:
    task = TrainTask(dataset(history, reviewed), Config(), Costs(), folder, seed=0)
    train(task)
    spec = MachineSpec.model_validate_json((folder / SPEC_FILE).read_text())
    assert spec.condition is not None
    judge = ConditionJudge(spec.condition, cpu_session((folder / MODEL_FILE).read_bytes()))
    return MachineRuntime(spec, judge, Band(act_at=0.0, review_from=-1.5))


def test_a_new_way_of_running_is_asked_about_until_a_person_calls_it_normal(tmp_path: Path) -> None:
    seen = window(50, [NEW])
    before = learned(tmp_path / "a", [week()], []).predict([seen])[0]
    assert before.details["not_judged"] == "an operating regime never seen before"
    assert before.details["unknown_regime"] is True, "the agent keeps such a window for a person"
    assert -1.5 <= before.score < 0
    reviewed = [(window(10 + n, [NEW]), "good" if n % 2 else "normal") for n in range(6)]
    after = learned(tmp_path / "b", [week()], reviewed).predict([seen])[0]
    assert not {"not_judged", "unknown_regime"} & after.details.keys()
    assert (after.label, after.score < -1.5) == ("normal", True)


def test_what_one_machine_does_is_still_new_for_another_that_never_did(tmp_path: Path) -> None:
    reviewed = [(window(10 + n, [NEW]), "normal") for n in range(6)]
    runtime = learned(tmp_path, [week(), week("fan-2")], reviewed)
    known, new = runtime.predict([window(50, [NEW]), window(50, [NEW], "fan-2")])
    assert "not_judged" not in known.details
    assert new.details["not_judged"] == "an operating regime never seen before"
    stranger = runtime.predict([window(50, [NEW], "fan-3")])[0]
    assert "not_judged" not in stranger.details, "without models of its own all others' count"


@pytest.mark.parametrize("label", ["sensor-fault", "cavitation"])
def test_windows_with_a_fault_of_machine_or_sensor_are_not_learned_from(
    tmp_path: Path, label: str
) -> None:
    plain = learned(tmp_path / "a", [week()], [])
    marked = learned(tmp_path / "b", [week()], [(window(10 + n, [NEW]), label) for n in range(6)])
    assert marked.spec == plain.spec


def test_labels_from_the_line_do_not_change_the_approach() -> None:
    reviewed = [(window(n, [800.0]), "cavitation" if n % 2 else "normal") for n in range(12)]
    assert choose_approach(dataset([week()], reviewed), Config())[0] == "condition"
    assert choose_approach(dataset(reviewed, []), Config())[0] == "fault-class"


def test_a_machine_at_rest_has_no_broken_sensors_and_a_stuck_one_is_named(tmp_path: Path) -> None:
    runtime = learned(tmp_path, [week()], [])
    resting = runtime.predict([window(60, [0.0])])[0]
    assert (resting.label, resting.details.get("sensor_fault")) == ("normal", None)
    turning = window(61, [1500.0])
    stuck = Channel("current", "A", np.full(90, 15.04, np.float32))
    told = runtime.predict(
        [Window((turning.channels[0], stuck, turning.channels[2]), 0.1, None, turning.attributes)]
    )[0]
    assert (told.label, told.details["sensor_fault"]) == ("sensor-fault", ["current: stuck"])
    assert told.score < 0
