"""Evaluation: figures with intervals, beside the same figures for luck."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kits.core.errors import DataError
from kits.predictive_maintenance import evaluate
from kits.predictive_maintenance.config import Config
from tests.predictive_maintenance.trained import Trained


def test_leaks_are_found_and_alarms_at_random_find_few(watched: Trained) -> None:
    judged = watched.judged()
    assert judged.metrics["event_recall"].value == 1
    luck = judged.slices["as many alarms at random moments"]
    assert luck["event_recall"].value < 0.4
    assert luck["false_onsets"].value > 1
    assert judged.metrics["false_onsets_per_day"].value < 1


def test_no_figure_is_told_without_an_interval(
    watched: Trained, fleet: Trained, motors: Trained
) -> None:
    for run in (watched, fleet, motors):
        for name, figure in run.judged().metrics.items():
            assert figure.low <= figure.value <= figure.high, name
            assert figure.n >= 0
            assert figure.method


def test_the_operating_point_says_how_little_it_was_measured_on(watched: Trained) -> None:
    assert "1.11 days" in watched.point.guarantee
    assert watched.point.rates["false_onsets_per_day"].high > 1
    assert watched.point.alarm is not None
    assert watched.point.alarm.on_delay_s == 600, "ten readings of a minute"


@pytest.mark.parametrize(("rate", "act_at"), [(10, -1.0), (100, -2.0), (1000, -3.0)])
def test_the_level_of_an_alarm_follows_from_the_false_alarms_one_bears(
    watched: Trained, rate: float, act_at: float
) -> None:
    config = Config(false_alarms_per_month=rate)
    point = evaluate.choose_operating_point(watched.task("val"), config)
    assert point.default.act_at == pytest.approx(act_at)
    assert point.default.review_from < point.default.act_at


def test_a_level_is_carried_on_no_further_than_its_data_reaches(watched: Trained) -> None:
    """A day of calibration carries no false alarm in eight years; silence is what nobody asked for."""
    point = evaluate.choose_operating_point(
        watched.task("val"), Config(false_alarms_per_month=0.01)
    )
    assert -0.5 < point.default.act_at < 0.5, "some 27 days, not the hundred months asked for"
    assert "record longer" in point.guarantee


def test_delays_that_are_configured_are_kept(watched: Trained, fleet: Trained) -> None:
    config = Config.model_validate({"alarm": {"on_delay_s": 7, "off_delay_s": 9, "deadband": 0.1}})
    for run in (watched, fleet):
        rule = evaluate.choose_operating_point(run.task("val"), config).alarm
        assert rule is not None
        assert (rule.on_delay_s, rule.off_delay_s, rule.deadband) == (7, 9, 0.1)


def test_lives_that_were_cut_off_are_judged_where_they_end(fleet: Trained) -> None:
    judged = fleet.judged()
    assert judged.n == judged.metrics["coverage"].n == 6
    assert judged.metrics["rmse"].value < fleet.outcome.figures["cv_rmse_mean_life"]
    assert any(note.startswith("event_recall left out") for note in judged.notes)
    assert "true life not capped" in judged.slices


def test_runs_to_failure_say_whether_the_alarm_came(fleet: Trained) -> None:
    judged = fleet.judged("val")
    assert judged.metrics["event_recall"].n == len(fleet.data.of("val"))
    assert any(note.startswith("warning time: median") for note in judged.notes)


def test_faults_are_judged_one_opinion_per_recording(motors: Trained) -> None:
    judged = motors.judged()
    assert judged.n == len(judged.results) == len(motors.data.of("test"))
    assert {"accuracy", "macro_f1", "pr_auc", "escape_rate", "overkill_rate"} <= set(judged.metrics)
    assert all(judged.metrics[name].low < 1 for name in ("accuracy", "macro_f1", "pr_auc"))
    assert set(judged.slices) >= {"class outer", "class normal"}
    assert all(result.verdict in ("act", "pass", "review") for result in judged.results)


def test_nothing_to_judge_on_is_said(watched: Trained, motors: Trained) -> None:
    for run in (watched, motors):
        with pytest.raises(DataError, match="no recording to evaluate on"):
            evaluate.evaluate(replace(run.task("test"), items=()))
    with pytest.raises(DataError, match="no labelled recording"):
        evaluate.choose_operating_point(replace(motors.task("val"), items=()), motors.config)


def test_a_repeated_evaluation_gives_the_same_figures(watched: Trained) -> None:
    assert watched.judged().metrics == watched.judged().metrics
