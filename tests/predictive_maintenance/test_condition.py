"""Condition: what is learned of normal running, and what a device makes of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from kits.core.errors import DataError
from kits.core.prediction import Span
from kits.core.runtime import OnnxSession
from kits.predictive_maintenance._device.condition import ConditionJudge, lagged, transformed
from kits.predictive_maintenance._device.regimes import UNKNOWN, rolling_median
from kits.predictive_maintenance._learning import graphs
from kits.predictive_maintenance._learning.condition import Learned, learn_condition
from kits.predictive_maintenance._learning.methods import METHODS
from kits.predictive_maintenance._learning.recordings import Recording, load
from kits.predictive_maintenance.config import Config
from tests.predictive_maintenance.trained import Trained, changed, part, plain, readings


def judge(watched: Trained) -> ConditionJudge:
    found = watched.machine.judge
    assert isinstance(found, ConditionJudge)
    return found


def recordings(watched: Trained, split: str) -> list[Recording]:
    return load(watched.data, watched.data.of(split))  # type: ignore[arg-type]


@pytest.mark.parametrize("end", [60, 333, 450, 800])
def test_the_last_history_readings_say_what_the_whole_recording_says(
    watched: Trained, end: int
) -> None:
    """A device that keeps only `history` readings sees what a replay of everything sees."""
    one = judge(watched)
    window = recordings(watched, "test")[0].window
    whole = one.trace(part(window, 0, end))
    tail = one.trace(part(window, max(end - one.history, 0), end))
    assert tail.score[-1] == pytest.approx(whole.score[-1], abs=1e-5)


def test_the_graph_computes_what_the_formula_says() -> None:
    rng = np.random.default_rng(0)
    mean, inverse = rng.normal(0, 1, (2, 6)), rng.uniform(0.5, 2, (2, 6))
    half = rng.normal(0, 1, (2, 6, 6))
    matrices = half @ half.transpose(0, 2, 1)
    session = OnnxSession(graphs.quadratic(mean, inverse, matrices, 1e4), threads=1)
    rows = rng.normal(0, 3, (50, 6))
    for number in (0, 1):
        index, shares = session.run(
            {"rows": rows.astype(np.float32), "model": np.array([number], np.int64)}
        )
        z = (rows - mean[number]) * inverse[number]
        expected = np.einsum("ij,jk,ik->i", z, matrices[number], z)
        assert index.reshape(-1) == pytest.approx(expected, rel=1e-4)
        assert shares.sum(axis=1) == pytest.approx(expected, rel=1e-4)


def test_a_device_computes_what_training_compared(watched: Trained) -> None:
    """Index by numpy with the exported numbers' method = index that the runtime's score came from."""
    one = judge(watched)
    spec = one.spec
    recording = recordings(watched, "val")[0]
    number = spec.model_of(recording.asset, 0)
    values = recording.window.matrix().T.astype(np.float64)
    stacked = lagged(values, spec.lags)[spec.lags - 1 :]
    raw = one.session.run(
        {"rows": stacked.astype(np.float32), "model": np.array([number], np.int64)}
    )[0]
    smooth = rolling_median(np.asarray(raw, np.float64).reshape(-1), spec.median)
    expected = spec.models[number].tail.score(smooth)
    assert one.trace(recording.window).score[spec.lags - 1 :] == pytest.approx(expected, abs=1e-4)


def test_a_broken_relation_is_seen_although_each_channel_is_within_its_range(
    watched: Trained,
) -> None:
    one, window = judge(watched), recordings(watched, "val")[0].window
    flow = readings(window, "flow")
    mirrored = changed(window, "flow", 2 * float(flow.mean()) - flow)
    assert mirrored.channels[0].readings.max() <= 1.2 * flow.max()
    usual = np.nanmax(one.trace(window).score)
    assert np.nanmedian(one.trace(mirrored).score) > usual


def test_the_channel_that_moved_is_named_first(watched: Trained) -> None:
    window = recordings(watched, "val")[0].window
    hot = changed(window, "temperature", readings(window, "temperature") + 15)
    reasons = judge(watched).trace(hot).reasons(300)
    assert reasons[0].field == "temperature"
    assert "above the usual" in reasons[0].text


def test_a_channel_that_cannot_be_believed_says_nothing(watched: Trained) -> None:
    one, window = judge(watched), recordings(watched, "val")[0].window
    broken = changed(window, "temperature", np.full(800, -900.0))
    assert np.nanmin(one.trace(broken).score[50:]) > 1
    left_out = one.trace(broken, frozenset({"temperature"}))
    assert np.nanmax(left_out.score) < 1
    assert all(r.field != "temperature" for r in left_out.reasons(300))


def test_a_machine_never_seen_is_judged_by_the_model_of_all(watched: Trained) -> None:
    spec = judge(watched).spec
    assert spec.models[spec.model_of("m-1", 0)].asset == "m-1"
    assert spec.models[spec.model_of("somewhere else", 0)].asset == ""
    for written in ("M-1", "m 1", "M_1"):  # one machine, as somebody else writes it
        assert spec.models[spec.model_of(written, 0)].asset == "m-1"


def test_marked_faults_are_not_learned_as_normal(watched: Trained) -> None:
    learning = recordings(watched, "train")
    held = recordings(watched, "val")
    clean = learn_condition(learning, held, watched.config, 0)
    spoilt = []
    for recording in learning:
        flow = readings(recording.window, "flow").copy()
        flow[200:400] = 0.0
        spoilt.append(
            Recording(recording.item, changed(recording.window, "flow", flow), "normal",
                      (Span(200, 400, "leak", ""),), None)
        )  # fmt: skip
    marked = learn_condition(spoilt, held, watched.config, 0)
    assert marked.spec.models[0].centre == pytest.approx(clean.spec.models[0].centre, rel=0.01)


def test_many_columns_have_fewer_readings_side_by_side_and_it_is_said(
    watched: Trained, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thousand channels beside their nine predecessors would take gigabytes, on the device too."""
    monkeypatch.setattr("kits.predictive_maintenance._learning.condition._MOST_NUMBERS", 9)
    learned = learn_condition(recordings(watched, "train"), [], watched.config, 0)
    width = len(learned.spec.rows.names)
    assert learned.spec.lags == 9 // width > 1
    assert learned.matrices.shape[-1] == width * learned.spec.lags
    assert f"readings side by side: {width} columns are many" in " ".join(learned.notes)


def test_too_little_normal_running_is_said(watched: Trained) -> None:
    recording = recordings(watched, "train")[0]
    short = Recording(recording.item, part(recording.window, 0, 50), "normal", (), None)
    with pytest.raises(DataError, match="too little normal running: 50 rows"):
        learn_condition([short], [], watched.config, 0)


def test_a_regime_channel_that_is_not_there_is_refused(watched: Trained) -> None:
    config = Config.model_validate({"condition": {"regime_channels": ["speeed"]}})
    with pytest.raises(DataError, match="speeed"):
        learn_condition(recordings(watched, "train"), [], config, 0)


def test_that_no_channel_tells_how_the_machine_is_run_is_said(watched: Trained) -> None:
    said = " ".join(learn_condition(recordings(watched, "train"), [], watched.config, 0).notes)
    assert "name it in model.condition.regime_channels" in said  # a flow and a current are effects
    assert "standing and running" not in said
    alone = Config.model_validate({"condition": {"max_regimes": 1}})
    said = " ".join(learn_condition(recordings(watched, "train"), [], alone, 0).notes)
    assert "regime_channels" not in said


def _switched(watched: Trained, rows: int) -> Learned:
    """What is learned of a machine whose flow is cut off for so many readings, again and again."""
    recording = recordings(watched, "train")[0]
    flow = readings(recording.window, "flow")
    off = np.where(np.arange(flow.size) // rows % 2 == 0, flow, 0.01 * flow)
    window = changed(recording.window, "flow", off)
    return learn_condition([replace(recording, window=window)], [], watched.config, 0)


def test_a_machine_that_stands_by_turns_is_judged_apart_though_nothing_says_that_it_runs(
    watched: Trained,
) -> None:
    found = _switched(watched, 60)
    spec = found.spec.regimes
    assert spec is not None
    assert len(spec.centres) == 2
    assert any("standing and running are told by flow" in note for note in found.notes)
    # whatever a fault does to the flow, it stands or runs
    assert UNKNOWN not in spec.assign(np.array([[-500.0, 0, 0]] * 60 + [[5000.0, 0, 0]] * 60))


def test_a_channel_that_swings_as_days_do_tells_no_standing(watched: Trained) -> None:
    recording = recordings(watched, "train")[0]
    size = recording.window.channels[0].readings.size
    for course in (np.sin(2 * np.pi * np.arange(size) / 200), np.arange(size) % 200 / 200):
        window = changed(recording.window, "temperature", 60 + 20 * course)
        found = learn_condition([replace(recording, window=window)], [], watched.config, 0)
        assert found.spec.regimes is None


def test_a_channel_that_flickers_tells_no_standing(watched: Trained) -> None:
    found = _switched(watched, 5)
    assert found.spec.regimes is None
    assert any("one way of running" in note for note in found.notes)


def test_scores_of_normal_running_are_as_rare_as_promised(watched: Trained) -> None:
    """Two machines for half a day more: what comes by chance once a month does not come."""
    one = judge(watched)
    for seed, asset in ((1, "m-1"), (2, "m-2")):
        longer = plain(np.random.default_rng(seed), 2800, asset)
        score = one.trace(part(longer, 1200, 2800)).score
        assert np.nanmax(score) < 0.5
        assert np.nanmedian(score) < -2


@pytest.mark.parametrize("name", sorted(METHODS))
def test_every_method_grows_with_the_distance_from_normal(name: str) -> None:
    z = np.random.default_rng(0).normal(0, 1, (400, 4))
    matrix = METHODS[name](z, 2, 0.9)
    usual = np.einsum("ij,jk,ik->i", z, matrix, z)
    far = np.einsum("ij,jk,ik->i", 5 * z, matrix, 5 * z)
    assert np.allclose(matrix, matrix.T)
    assert far == pytest.approx(25 * usual)
    assert 0.5 < np.median(usual) < 3


def test_lags_stand_beside_their_row_and_begin_as_gaps() -> None:
    found = lagged(np.array([[1.0], [2.0], [3.0]]), 3)
    assert found[2].tolist() == [3, 2, 1]
    assert np.isnan(found[:2]).any(axis=1).all()
    assert lagged(np.array([[1.0]]), 5).shape == (1, 5)


def test_the_logarithm_is_taken_where_it_is_asked_for() -> None:
    values = np.array([[np.e, -1.0], [0.0, 5.0]])
    found = transformed(values, (True, False))
    assert found[0].tolist() == pytest.approx([1, -1])
    assert np.isfinite(found).all()
    assert values[0, 0] == np.e, "the rows given are left as they were"
