"""What a report shows of machines, read from its drawings."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np

from kits.core.kit import EvaluateTask, Evaluation, ItemResult
from kits.core.operating_point import Costs, OperatingPoint
from kits.core.prediction import Prediction, Quantity, prediction_to_json
from kits.predictive_maintenance._judging.plots import _broken, of_faults, of_life
from kits.predictive_maintenance._simulated.machines import MONDAY
from kits.predictive_maintenance.evaluate import plots
from tests.predictive_maintenance.test_learning_from_the_line import (
    dataset,
    learned,
    week,
    window,
)


def result(number: int, truth: str, prediction: Prediction) -> ItemResult:
    return ItemResult(
        f"s{number}", f"g{number}", truth, "pass", prediction.score, 0.0,
        prediction_to_json(prediction),
    )  # fmt: skip


def left(value: float, low: float, high: float) -> Prediction:
    return Prediction(
        0.0, quantities=(Quantity("remaining_life", value, "cycles", low, high, 0.9),)
    )


def test_each_machine_has_its_course_with_levels_and_marked_faults(tmp_path: Path) -> None:
    runtime = learned(tmp_path, [week()], [])
    seen = dataset(
        [
            (window(5, [800.0, 1500.0]), "normal"),
            (window(6, [1500.0], "fan-2"), "leak"),
            (window(7, [1500.0], "fan-2"), "sensor-fault"),
        ],
        [],
    )
    point = OperatingPoint(default=runtime.band, method="by hand", dataset=seen.id, seed=0)
    task = EvaluateTask(runtime, point, seen, seen.items, Costs(), 0)
    (plot,) = plots(task, Evaluation("predictive-maintenance", seen.id, "train", 3, 0, {}, {}, ()))
    drawings = plot.svg.split("<svg")[1:]
    assert len(drawings) == 2, "what a broken sensor says is not drawn"
    assert ["<title>leak</title>" in drawing for drawing in drawings] == [True, False]
    for drawing in drawings:
        assert ">alarm<" in drawing
        assert ">warning<" in drawing
        assert "polyline" in drawing
        numbers = [float(n) for n in re.findall(r'points="([-\d.]+),', drawing)]
        assert all(0 <= n <= 1000 for n in numbers)


def test_recordings_of_a_machine_are_one_course_over_days(tmp_path: Path) -> None:
    runtime = learned(tmp_path, [week()], [])
    begins = (MONDAY, MONDAY + timedelta(minutes=15), MONDAY + timedelta(days=30))
    parts = [replace(window(n, [1500.0]), started_at=at) for n, at in enumerate(begins)]
    seen = dataset([(part, "normal") for part in parts], [])
    point = OperatingPoint(default=runtime.band, method="by hand", dataset=seen.id, seed=0)
    task = EvaluateTask(runtime, point, seen, seen.items, Costs(), 0)
    (plot,) = plots(task, Evaluation("predictive-maintenance", seen.id, "train", 3, 0, {}, {}, ()))
    assert plot.svg.count("<svg") == 1
    assert "days from 2" in plot.svg


def test_a_course_has_no_break_between_captures() -> None:
    """Of which each alone is a point that nobody sees."""
    at, score = _broken(np.array([0.0, 12, 24, 60, 900]), np.arange(5.0), np.arange(5))
    assert np.flatnonzero(np.isnan(at)).tolist() == [4]
    assert score[np.isfinite(score)].tolist() == [0, 1, 2, 3, 4]


def test_life_is_shown_with_its_interval_and_red_where_the_truth_lies_outside() -> None:
    results = (
        result(1, "40 cycles", left(50, 30, 70)),
        result(2, "112 cycles", left(60, 40, 80)),
        result(3, "unknown", left(60, 40, 80)),
    )
    (plot,) = of_life(results)
    kinds = re.findall(
        r'<rect class="(\w+)"[^>]*><title>true (\d+), predicted (\d+) cycles', plot.svg
    )
    assert kinds == [("good", "40", "50"), ("bad", "112", "60")]
    assert "n=2" in plot.caption
    assert of_life(()) == []


def test_which_fault_was_taken_for_which_is_a_table() -> None:
    said = (("outer", "outer"), ("outer", "inner"), ("normal", "normal"), ("inner", "inner"))
    (plot,) = of_faults(
        [result(n, truth, Prediction(0.5, label)) for n, (truth, label) in enumerate(said)]
    )
    assert plot.table == (
        ("truth \\ said", "normal", "inner", "outer", "found"),
        ("normal", "1", "0", "0", "100%"),
        ("inner", "0", "1", "0", "100%"),
        ("outer", "0", "1", "1", "50%"),
    )
    assert of_faults(()) == []
