"""Remaining life: learned from machines that failed, with an interval that holds on others."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from kits.core.errors import DataError
from kits.core.runtime import OnnxSession
from kits.core.window import Window
from kits.predictive_maintenance._device.life_columns import (
    capture_columns,
    life_columns,
    views,
)
from kits.predictive_maintenance._device.remaining import (
    LIFE,
    RemainingJudge,
    RemainingSpec,
    interval,
    shown,
)
from kits.predictive_maintenance._learning.recordings import load
from kits.predictive_maintenance._learning.remaining import learn_remaining
from kits.predictive_maintenance._simulated.machines import bearing_life, make_motor
from tests.predictive_maintenance.trained import Trained, changed, learn, part, readings, sample


def judge(run: Trained) -> RemainingJudge:
    found = run.machine.judge
    assert isinstance(found, RemainingJudge)
    return found


def test_life_falls_as_a_machine_wears(fleet: Trained, engines: list[Window]) -> None:
    for window in engines[-3:]:
        life = judge(fleet).trace(window).quantities[LIFE].value
        assert life[-1] < 0.4 * life[10]
        assert np.corrcoef(life, np.arange(life.size))[0, 1] < -0.7


def test_intervals_cover_lives_that_were_not_learned_from(
    fleet: Trained, engines: list[Window]
) -> None:
    spec = judge(fleet).spec
    inside = []
    for window in engines[24:]:
        measured = judge(fleet).trace(window).quantities[LIFE]
        count = measured.value.size
        truth = np.minimum(np.arange(count - 1, -1, -1.0), spec.cap)
        assert measured.low is not None
        assert measured.high is not None
        inside.append(((truth >= measured.low) & (truth <= measured.high)).mean())
    assert np.mean(inside) > spec.confidence - 0.15


def test_a_prediction_has_its_unit_and_its_interval(fleet: Trained, engines: list[Window]) -> None:
    found = fleet.machine.predict([engines[-1]])[0].quantities[0]
    assert (found.name, found.unit, found.confidence) == (LIFE, "cycles", 0.9)
    assert found.low is not None
    assert found.high is not None
    assert 0 <= found.low <= found.value <= found.high


def test_it_beats_always_saying_the_mean(fleet: Trained) -> None:
    figures = fleet.outcome.figures
    assert figures["cv_rmse"] < 0.6 * figures["cv_rmse_mean_life"]


def test_what_comes_later_does_not_change_what_was_said(
    fleet: Trained, engines: list[Window]
) -> None:
    """The trace of a life up to a moment is the beginning of the trace of the whole life."""
    one, window = judge(fleet), engines[-1]
    whole, begun = one.trace(window), one.trace(part(window, 0, 50))
    assert begun.score == pytest.approx(whole.score[:50], abs=1e-5)


def test_a_channel_that_cannot_be_believed_counts_as_usual(
    fleet: Trained, engines: list[Window]
) -> None:
    one, window = judge(fleet), engines[-1]
    count = window.channels[0].readings.size
    broken = changed(window, "coolant flow", np.full(count, 1e6))
    left_out = one.trace(broken, frozenset({"coolant flow"})).score
    assert np.isfinite(left_out).all()
    also = one.trace(window, frozenset({"coolant flow"})).score
    assert left_out == pytest.approx(also)


def test_too_few_failures_are_refused_with_what_to_do(fleet: Trained) -> None:
    three = load(fleet.data, fleet.data.of("train"))[:3]
    with pytest.raises(DataError, match="3 machines with a known end of life are too few"):
        learn_remaining(three, fleet.config, 0)


def test_a_life_whose_first_readings_are_missing_is_named_and_left_out(fleet: Trained) -> None:
    known = load(fleet.data, fleet.data.of("train"))[:6]
    flow = readings(known[0].window, "coolant flow").copy()
    flow[:3] = np.nan
    known[0] = replace(known[0], window=changed(known[0].window, "coolant flow", flow))
    learned = learn_remaining(known, fleet.config, 0)
    assert learned.figures["units"] == 5
    assert any(note.endswith(f"from their start on: {known[0].asset}") for note in learned.notes)
    with pytest.raises(DataError, match="3 machines with a known end of life are too few"):
        learn_remaining(known[:4], fleet.config, 0)


def test_the_graph_says_what_the_trees_say(fleet: Trained) -> None:
    known = load(fleet.data, fleet.data.of("train"))[:8]
    learned = learn_remaining(known, fleet.config, 0)
    session = OnnxSession(learned.models.to_onnx(), threads=1)
    inputs = learned.held_out[0][0].inputs.astype(np.float32)
    expected = np.mean([m.predict(inputs[:, seen]) for m, seen in learned.models.trees], axis=0)
    found = np.asarray(session.run({"rows": inputs})[0]).reshape(-1)
    assert found == pytest.approx(expected, abs=1e-3)


def test_captures_of_bearings_give_a_life_in_hours(tmp_path: Path) -> None:
    """A capture every ten minutes; lives of two to three hours, which no cap of cycles would fit."""
    rng = np.random.default_rng(3)
    samples = []
    for number in range(6):
        motor = make_motor(rng, f"b{number}")
        count = int(rng.integers(12, 18))
        life = bearing_life(rng, motor, captures=count, onset=0.3, seconds=0.08, rate_hz=12_800)
        for place, window in enumerate(life):
            placed = replace(window, attributes={**window.attributes, "life_position": place / 6})
            left = (count - 1 - place) / 6
            samples.append(
                sample(placed, f"b{number}/{place}", label="", life=left, unit="h",
                       split="test" if number == 5 else "train")
            )  # fmt: skip
    run = learn(samples, tmp_path, {"life": {"trees": 20, "depth": 3}})
    spec = judge(run).spec
    assert (spec.unit, spec.per_row) == ("h", pytest.approx(1 / 6))
    assert 1 < spec.cap < 2
    assert run.point.alarm is not None
    assert run.point.alarm.on_delay_s == pytest.approx(900), "the third capture in a row"
    last = run.machine.predict([life[-1]])[0].quantities[0]
    first = run.machine.predict([life[0]])[0].quantities[0]
    assert last.value < 0.5 * first.value
    judged = run.judged()
    assert judged.metrics["event_recall"].n == 1
    assert "nasa_score" not in judged.metrics


def test_the_age_of_a_machine_does_not_change_what_one_capture_says() -> None:
    values = np.random.default_rng(0).normal(0, 1, (5, 3))
    assert capture_columns(values).shape == (1, 6)


def test_columns_of_a_life_by_hand() -> None:
    scaled = np.arange(40.0)[:, None]
    columns = life_columns(scaled, 10, age=3)
    last = columns[-1]
    assert last[0] == pytest.approx(np.arange(30, 40).mean())
    assert last[7] == 39
    assert last[-1] == 43, "rows so far and the life before them"
    assert last[-2] == pytest.approx(np.arange(25, 40).mean() - np.arange(10).mean())
    named = np.unique(np.concatenate(list(views(1).values())))
    assert named.tolist() == list(range(columns.shape[1]))


def test_intervals_come_from_the_bin_of_the_prediction_and_end_at_zero_and_cap() -> None:
    from kits.predictive_maintenance._device.rows import RowSpec

    spec = RemainingSpec(
        rows=RowSpec(kind="readings", channels=("a",)), unit="h", window=5, cap=100,
        confidence=0.9, centre=((0.0,),), spread=((1.0,),), history=True,
        edges=(50.0,), below=(10.0, 30.0), above=(20.0, 40.0),
    )  # fmt: skip
    low, high = interval(np.array([5.0, 49.0, 50.0, 90.0]), spec)
    assert low.tolist() == [0, 39, 20, 60]
    assert high.tolist() == [25, 69, 90, 100]


def test_lives_are_shown_as_people_say_them() -> None:
    assert [shown(x) for x in (1234.4, 21.3, 3.14, 0.052)] == ["1234", "21", "3.1", "0.052"]
