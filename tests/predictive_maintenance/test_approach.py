"""Which approach the data allows: a function of what is annotated."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kits.core.errors import DataError
from kits.core.kit import RawSample
from kits.core.prediction import Span
from kits.core.window import Channel, Window
from kits.predictive_maintenance._learning.approach import choose_approach, require
from kits.predictive_maintenance.config import Config
from tests.predictive_maintenance.reading import version
from tests.predictive_maintenance.trained import sample


def record(asset: str, number: int = 0, **known: object) -> RawSample:
    readings = np.random.default_rng([number, *asset.encode()]).normal(0, 1, 60)
    window = Window((Channel("v", "g", readings.astype(np.float32)),), 1.0, None, {"asset": asset})
    return sample(window, f"{asset}/{number}", **{"split": "train", **known})  # type: ignore[arg-type]


def chosen(samples: list[RawSample], folder: Path, **settings: object) -> str:
    return choose_approach(version(samples, folder), Config.model_validate(settings))[0]


def lives(count: int) -> list[RawSample]:
    return [record(f"bearing-{n}", label="", life=0.0) for n in range(count)]


def test_histories_that_end_in_failure_give_remaining_life(tmp_path: Path) -> None:
    assert chosen(lives(8), tmp_path) == "remaining-life"


def test_many_captures_of_few_failures_are_still_few(tmp_path: Path) -> None:
    captures = [record(f"b{n % 3}", n, label="", life=float(n), unit="h") for n in range(30)]
    assert chosen(captures, tmp_path) == "condition"


def test_marked_stretches_give_condition(tmp_path: Path) -> None:
    spans = [record("m-1", spans=(Span(10, 20, "leak", ""),)), record("m-2")]
    assert chosen(spans, tmp_path) == "condition"


def test_labelled_machines_give_fault_classes(tmp_path: Path) -> None:
    labelled = [
        record(f"{label}-{n}", label=label)
        for label in ("normal", "outer", "inner")
        for n in range(6)
    ]
    assert chosen(labelled, tmp_path) == "fault-class"


def test_a_single_broken_machine_is_no_class(tmp_path: Path) -> None:
    few = [*(record(f"m{n}") for n in range(5)), record("broken", label="outer")]
    assert chosen(few, tmp_path) == "condition"


def test_sensor_faults_are_no_faults_of_machines(tmp_path: Path) -> None:
    cables = [
        *(record(f"m{n}") for n in range(5)),
        *(record(f"s{n}", label="sensor-fault") for n in range(5)),
    ]
    assert chosen(cables, tmp_path) == "condition"


def test_what_is_configured_goes_before_what_is_found(tmp_path: Path) -> None:
    assert chosen(lives(6), tmp_path, approach="condition") == "condition"


@pytest.mark.parametrize(
    ("approach", "says"),
    [
        ("remaining-life", "0 machines with a known end of life"),
        ("fault-class", "fewer than two labelled conditions"),
        ("physics", "needs to know the machine"),
    ],
)
def test_an_approach_without_its_data_is_refused_with_a_way_out(
    tmp_path: Path, approach: str, says: str
) -> None:
    data = version([record("m-1"), record("m-2")], tmp_path)
    with pytest.raises(DataError, match=says) as refused:
        require(data, Config.model_validate({"approach": approach}), approach)  # type: ignore[arg-type]
    assert refused.value.fix
