"""Chances of single rows are as often right as they say, and a model that learned nothing says so."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest

from kits.core.dataset import DatasetItem
from kits.core.kit import EvaluateTask
from kits.core.operating_point import Costs
from kits.core.runtime import OnnxSession
from kits.core.window import Channel, Window
from kits.predictive_maintenance._judging.faults import _by_chances, _faulty_share
from kits.predictive_maintenance._learning import graphs, trees
from kits.predictive_maintenance._learning.chances import calibrated, tells_faults
from kits.predictive_maintenance._learning.faults import LearnedFaults, learn_faults
from kits.predictive_maintenance._learning.linear import logistic
from kits.predictive_maintenance._learning.recordings import Recording
from kits.predictive_maintenance.config import Config

CONFIG = Config.model_validate({"faults": {"trees": 20, "depth": 2}})
COSTS = Costs(escape=1000, overkill=100, review=10, prevalence=0.1)


def rows(told: float, count: int = 600) -> tuple[list[Recording], np.ndarray]:
    """Parts of which one in ten fails, seen by a temperature as clearly as is said; one reading of each channel."""
    rng = np.random.default_rng(5)
    failed = np.arange(count) % 10 == 0
    values = np.stack([told * failed + rng.normal(0, 1, count), rng.normal(0, 1, count)], axis=1)
    return [
        row(number, pair, failed=bad) for number, (pair, bad) in enumerate(zip(values, failed))
    ], failed


def row(number: int, values: np.ndarray, *, failed: bool, readings: int = 1) -> Recording:
    channels = tuple(
        Channel(name, "", np.repeat(np.float32(value), readings))
        for name, value in zip(("temperature", "pressure"), values)
    )
    item = cast(DatasetItem, SimpleNamespace(sample=SimpleNamespace(group="", id=f"p{number}")))
    window = Window(channels, 0.0, None, {})
    return Recording(item, window, "failure" if failed else "normal", (), None)


def said(learned: LearnedFaults, known: list[Recording]) -> np.ndarray:
    """(rows,) chance of a failure by the graph that ships."""
    assert learned.model is not None
    columns = np.array([[c.readings[0] for c in r.window.channels] for r in known], np.float32)
    a, b = columns.T
    fills = np.array(learned.spec.fills, np.float32)
    given = np.tile(fills, (len(known), 1))
    given[:, 0], given[:, 1] = a, b
    given[:, 2:] = np.stack([a * b, a - b, a / b], axis=1)[:, : given.shape[1] - 2]
    session = OnnxSession(learned.model, threads=1)
    chances = np.asarray(session.run({"rows": given})[0])
    return chances[:, learned.spec.classes.index("failure")]


def test_the_chance_of_a_rare_failure_is_as_rare_as_failures_are() -> None:
    known, failed = rows(told=2.0)
    chance = said(learn_faults(known, CONFIG, seed=0), known)
    assert chance.mean() == pytest.approx(failed.mean(), abs=0.03)
    assert chance[failed].mean() > 3 * chance[~failed].mean()


def test_rows_that_tell_nothing_are_said_to_and_others_are_not() -> None:
    for told, nothing in ((0.0, True), (2.0, False)):
        notes = learn_faults(rows(told)[0], CONFIG, seed=0).notes
        assert any(note.startswith("nothing learned") for note in notes) == nothing


def test_captures_keep_the_chances_of_classes_as_often_as_each_other() -> None:
    known, failed = rows(told=2.0, count=200)
    pairs = [[c.readings[0] for c in r.window.channels] for r in known]
    captures = [
        row(n, np.array(p), failed=bad, readings=4) for n, (p, bad) in enumerate(zip(pairs, failed))
    ]
    assert all(c.calibration is None for c in learn_faults(captures, CONFIG, seed=0).candidates)


def test_trees_that_are_too_sure_are_made_less_sure_and_keep_their_order() -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(-1, 1, 2_000)
    labels = (rng.random(2_000) < 1 / (1 + np.exp(-logits))).astype(np.intp)
    sure = 1 / (1 + np.exp(-3 * logits))
    chances = np.stack([1 - sure, sure], axis=1)
    found = calibrated(chances, labels)
    assert found.sharpness == pytest.approx(1 / 3, abs=0.05)
    assert (np.argsort(found(chances)[:, 1]) == np.argsort(sure)).all()
    assert found(chances)[:, 1].mean() == pytest.approx(labels.mean(), abs=1e-3)


def test_graphs_say_the_calibrated_chances() -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(0, 1, (300, 3)).astype(np.float32)
    labels = (values[:, 0] > 1).astype(np.intp)
    forest = trees.classifier(values.astype(float), labels, trees=10, depth=2, seed=0)
    line = logistic(values.astype(float), labels, np.ones(300), 2)
    found = calibrated(forest.predict_proba(values), labels)
    models = {
        trees.classifier_to_onnx(forest, 3, found): forest.predict_proba(values),
        graphs.linear(*vars(found.linear(line)).values()): line(values.astype(float)),
    }
    for model, bare in models.items():
        given = OnnxSession(model, threads=1).run({"rows": values})[0]
        assert given == pytest.approx(found(bare), abs=1e-4)


def test_recordings_of_one_machine_count_once_and_few_tell_nothing() -> None:
    score, faulty = np.arange(12) / 12, np.arange(12) >= 6
    assert tells_faults(score, faulty, [str(n) for n in range(12)]) is True
    assert tells_faults(score[::-1].copy(), faulty, [str(n) for n in range(12)]) is False
    assert tells_faults(score, faulty, ["a"] * 6 + ["b"] * 6) is None


def test_thresholds_of_few_faults_are_where_costs_cross() -> None:
    band = _by_chances(COSTS, share=0.1)
    assert (band.review_from, band.act_at) == (pytest.approx(0.01), pytest.approx(0.9))
    dear = COSTS.model_copy(update={"review": 500})
    assert _by_chances(dear, share=0.1).act_at == pytest.approx(100 / 1100), "nobody looks"
    kept = _by_chances(COSTS, share=0.5)
    assert kept.review_from > 0.05, "failures that were kept and sound parts that were not"


def test_captures_have_no_share_of_faults() -> None:
    labels = ("normal", "normal", "normal", "failure", "")
    items = [SimpleNamespace(annotation=SimpleNamespace(label=label)) for label in labels]
    dataset = SimpleNamespace(of=lambda _split: items)
    task = cast(EvaluateTask, SimpleNamespace(dataset=dataset))
    known, _ = rows(told=0.0, count=20)
    assert _faulty_share(task, known) == 0.25
    assert _faulty_share(task, [row(0, np.zeros(2), failed=False, readings=4)]) is None
