"""Named faults: told on machines that were not heard before, by the simplest way that does."""

from __future__ import annotations

import numpy as np
import pytest

from kits.core.errors import DataError
from kits.core.runtime import OnnxSession
from kits.core.window import Window
from kits.predictive_maintenance._device.faults import FaultJudge, rule_chances, running
from kits.predictive_maintenance._learning import graphs, trees
from kits.predictive_maintenance._learning.faults import learn_faults
from kits.predictive_maintenance._learning.recordings import Recording, load
from kits.predictive_maintenance._signals.hypothesis import FaultHypothesis
from kits.predictive_maintenance.config import Config
from tests.predictive_maintenance.trained import Trained, part


def recordings(motors: Trained, split: str) -> list[Recording]:
    return load(motors.data, motors.data.of(split))  # type: ignore[arg-type]


def judge(motors: Trained) -> FaultJudge:
    found = motors.machine.judge
    assert isinstance(found, FaultJudge)
    return found


def test_faults_of_a_motor_never_heard_are_named(motors: Trained) -> None:
    for recording in recordings(motors, "test"):
        found = motors.machine.predict([recording.window])[0]
        assert found.label == recording.label
        assert found.probabilities[found.label] == max(found.probabilities.values())
        assert sum(found.probabilities.values()) == pytest.approx(1)
        assert f"looks like {recording.label}" in found.reasons[0].text


def test_the_score_is_the_probability_that_something_is_wrong(motors: Trained) -> None:
    for recording in recordings(motors, "test"):
        found = motors.machine.predict([recording.window])[0]
        assert found.score == pytest.approx(1 - found.probabilities["normal"])


def test_physics_stays_where_nothing_learned_beats_it(motors: Trained) -> None:
    figures = motors.outcome.figures
    best = max(value for name, value in figures.items() if name != "cv_accuracy")
    taken = judge(motors).spec.method
    assert taken in ("rule", "evidence"), "trees know twelve motors by heart and no other"
    assert figures[f"cv_{taken}"] > best - 0.02


def test_a_leak_that_random_windows_would_hide_is_told(motors: Trained) -> None:
    """Each condition on one motor only beside others: its windows give the motor away."""
    config = Config.model_validate({"faults": {"trees": 20, "depth": 2}, "window": 1024})
    known = [r for r in recordings(motors, "train") if r.label in ("normal", "ball")]
    learned = learn_faults(known, config, seed=0)
    spread = {c.name: c.random_accuracy - c.accuracy for c in learned.candidates}
    told = any("believe the second" in note for note in learned.notes)
    assert told == any(value > 0.05 for value in spread.values())


def test_a_condition_seen_on_one_machine_only_is_said(motors: Trained) -> None:
    known = recordings(motors, "train")
    first = next(r.group for r in known if r.label == "outer")
    few = [r for r in known if r.label != "outer" or r.group == first]
    learned = learn_faults(few, motors.config, seed=0)
    assert any(note.startswith("outer: from one machine only") for note in learned.notes)


def test_nothing_is_compared_where_nothing_can_be_left_out(motors: Trained) -> None:
    first: dict[str, Recording] = {}
    for recording in recordings(motors, "train"):
        first.setdefault(recording.label, recording)
    config = Config.model_validate({"faults": {"trees": 20, "depth": 2}})
    learned = learn_faults(list(first.values()), config, seed=0)
    assert learned.spec.method == "linear"
    assert any("no way to tell them could be compared" in note for note in learned.notes)
    assert all(np.isfinite(value) for value in learned.figures.values())


def test_one_condition_is_nothing_to_tell_apart(motors: Trained) -> None:
    alone = [r for r in recordings(motors, "train") if r.label == "normal"]
    with pytest.raises(DataError, match="nothing to tell apart"):
        learn_faults(alone, motors.config, seed=0)


def test_sensor_faults_are_no_class(motors: Trained) -> None:
    known = [
        Recording(r.item, r.window, "sensor-fault" if r.label == "ball" else r.label, (), None)
        for r in recordings(motors, "train")
    ]
    assert learn_faults(known, motors.config, seed=0).spec.classes == ("inner", "normal", "outer")


def test_a_channel_that_cannot_be_believed_leaves_the_question_open(motors: Trained) -> None:
    window = recordings(motors, "test")[0].window
    assert len(judge(motors).trace(window, frozenset({"vibration"}))) == 0


def test_a_capture_too_short_to_judge_is_refused(motors: Trained) -> None:
    with pytest.raises(DataError):
        motors.machine.predict([part(recordings(motors, "test")[0].window, 0, 100)])


def test_without_a_speed_the_rule_says_what_it_lacks(motors: Trained) -> None:
    window = recordings(motors, "test")[0].window
    silent = Window(window.channels, window.rate_hz, None, {"asset": "x"})
    with pytest.raises(DataError, match="speed"):
        motors.machine.predict([silent])


def test_the_linear_graph_is_the_softmax_it_stands_for() -> None:
    rng = np.random.default_rng(0)
    mean, scale = rng.normal(0, 1, 5), rng.uniform(0.5, 2, 5)
    weights, bias, rows = rng.normal(0, 1, (5, 3)), rng.normal(0, 1, 3), rng.normal(0, 1, (20, 5))
    session = OnnxSession(graphs.linear(mean, scale, weights, bias), threads=1)
    found = session.run({"rows": rows.astype(np.float32)})[0]
    logits = (rows - mean) / scale @ weights + bias
    expected = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    assert found == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("classes", [2, 3])
def test_the_graph_of_trees_is_what_the_trees_say(classes: int) -> None:
    rng = np.random.default_rng(0)
    rows = rng.normal(0, 1, (300, 4)).astype(np.float32).astype(np.float64)
    truth = np.minimum((rows[:, 0] > 0).astype(int) + (rows[:, 1] > 0), classes - 1)
    model = trees.classifier(rows, truth, trees=20, depth=3, seed=0)
    session = OnnxSession(trees.classifier_to_onnx(model, 4), threads=1)
    found = session.run({"rows": rows.astype(np.float32)})[0]
    assert found == pytest.approx(model.predict_proba(rows.astype(np.float32)), abs=1e-5)


def test_windows_of_one_recording_are_one_opinion() -> None:
    chances = np.array([[0.6, 0.4], [0.6, 0.4], [0.1, 0.9]])
    found = running(chances)
    assert found[0] == pytest.approx([0.6, 0.4])
    assert found[1] == pytest.approx([0.6, 0.4]), "saying it twice makes it no surer"
    assert found[2, 1] > 0.5
    assert found.sum(axis=1) == pytest.approx(1)


def test_the_rule_gives_the_class_whose_order_stands_out() -> None:
    found = FaultHypothesis(
        fault="inner",
        evidence=5.0,
        prominences={"outer": 0.1, "inner": 0.9, "ball": 0.2, "cage": 0.0},
        evidences={"outer": 0.1, "inner": 5.0, "ball": 0.2, "cage": 0.0},
        text="",
    )
    classes = ("IR", "OR", "normal")
    chances = rule_chances(found, classes, {"inner": "IR", "outer": "OR"})
    assert classes[int(chances.argmax())] == "IR"
    assert chances.sum() == pytest.approx(1)
