"""Figures of leads by their exact names: known values, ties, and what the data does not allow."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, brier_score_loss, log_loss, roc_auc_score

from kits.core.ranked import Ranked
from kits.core.resampling import estimates
from kits.lead_scoring import evaluate
from kits.lead_scoring._judging.figures import calibration_error, ideal_errors
from kits.lead_scoring.config import TeamConfig
from tests.lead_scoring.made_leads import SayingRuntime, Told, a_point, drawn, task_of

NAMES = {
    "auc", "pr_auc", "lift_at_10", "ece", "brier", "log_loss", "precision_at_capacity", "money_per_month", "base_rate",
}  # fmt: skip


def _metrics(leads, **more):
    return evaluate.evaluate(task_of(leads, **more)).metrics


def test_figures_agree_with_those_of_another_library():
    leads = drawn(600)
    found = _metrics(leads)
    p = np.array([one.says for one in leads])
    y = np.array([one.won for one in leads])

    assert set(found) == NAMES
    assert found["auc"].value == pytest.approx(roc_auc_score(y, p))
    assert found["pr_auc"].value == pytest.approx(average_precision_score(y, p))
    assert found["brier"].value == pytest.approx(brier_score_loss(y, p))
    assert found["log_loss"].value == pytest.approx(log_loss(y, p))
    best = np.argsort(-p)[:60]
    assert found["lift_at_10"].value == pytest.approx(y[best].mean() / y.mean())


def test_every_figure_has_an_interval_with_its_value_inside():
    for name, one in _metrics(drawn(400)).items():
        assert one.low <= one.value <= one.high, name
        assert one.low < one.high, name
        assert one.n == 400


def test_leads_of_one_score_share_their_order_evenly():
    ranked = Ranked(np.full(100, 0.3), np.arange(100) < 40)

    tally = ranked.tally()

    assert tally.auc() == pytest.approx(0.5)
    assert tally.precision_at(0.1) == pytest.approx(0.4)
    assert tally.lift_at(0.1) == pytest.approx(1.0)
    assert tally.average_precision() == pytest.approx(0.4)


def test_a_weight_counts_like_a_lead_that_is_there_twice():
    score, won = np.array([0.9, 0.5, 0.2]), np.array([True, False, True])
    twice = Ranked(np.append(score, 0.5), np.append(won, False)).tally()

    weighed = Ranked(score, won).tally(np.array([1.0, 2.0, 1.0]))

    assert weighed.auc() == pytest.approx(twice.auc())
    assert weighed.hits(2.5) == pytest.approx(twice.hits(2.5))


def test_leads_of_one_account_are_drawn_together():
    outcome = np.repeat(np.arange(40) % 2, 25).astype(float)
    figure = {"mean": lambda w: float(w @ outcome / w.sum())}
    alone = estimates(figure, [str(n) for n in range(1000)], seed=0)["mean"]
    together = estimates(figure, [str(n // 25) for n in range(1000)], seed=0)["mean"]

    assert together.high - together.low > 3 * (alone.high - alone.low)


@pytest.mark.slow
def test_true_probabilities_show_no_more_error_than_chance():
    leads = drawn(2000, seed=3)
    p = np.array([one.says for one in leads])
    found = _metrics(leads)["ece"]

    assert found.low <= 2 * ideal_errors(p, 0).mean()
    assert ideal_errors(p, 0).mean() < 0.03


def test_the_interval_of_an_error_that_chance_explains_reaches_0():
    """Of true probabilities nearly all do; mirrored alone, half of them stayed above."""
    found = [_metrics(drawn(150, seed=seed))["ece"] for seed in range(8)]

    assert sum(one.low == 0.0 for one in found) >= 7
    assert all(one.low <= one.value <= one.high for one in found)


def test_probabilities_that_are_twice_too_high_show_it():
    leads = [Told(min(1.0, 2 * one.says), one.won, one.day) for one in drawn(2000)]

    found = _metrics(leads)["ece"]

    assert found.value == pytest.approx(np.mean([t.says for t in leads]) / 2, abs=0.02)
    assert found.low > 0.1


def test_the_calibration_error_of_one_probability_is_its_distance():
    error = calibration_error(np.full(100, 0.3), np.arange(100) < 50)

    assert error(np.ones(100)) == pytest.approx(0.2)


def test_money_is_what_the_order_brings_beyond_a_random_one():
    won = [Told(0.9, True, day) for day in range(10)]
    lost = [Told(0.1, False, day) for day in range(90)]
    team = TeamConfig(per_month=20, incoming_per_month=200, value=1000, contact=50)

    found = _metrics([*won, *lost], runtime=SayingRuntime(team))

    assert found["precision_at_capacity"].value == pytest.approx(1.0)
    assert found["money_per_month"].value == pytest.approx(20 * 1000 * (1.0 - 0.1))


def test_an_order_that_knows_nothing_is_worth_nothing():
    leads = [Told(0.2, n % 5 == 0, n) for n in range(300)]

    assert _metrics(leads)["money_per_month"].value == pytest.approx(0.0)


def test_leads_that_all_ended_alike_have_no_order():
    told = evaluate.evaluate(task_of([Told(0.1 + n / 100, False, n) for n in range(50)]))

    assert "auc" not in told.metrics and "lift_at_10" not in told.metrics
    assert told.metrics["brier"].n == 50
    assert any("ended alike" in note for note in told.notes)


def test_a_figure_can_be_compared_in_pairs():
    task = task_of(drawn(300), point=a_point(0.3))
    told = evaluate.evaluate(task)
    by_id = {item.sample.id: item for item in task.items}
    items = [by_id[result.sample_id] for result in told.results]

    everything = np.arange(len(items))

    for name in ("auc", "ece", "log_loss"):
        statistic = evaluate.statistic(name, items, told.results)
        assert statistic is not None
        assert statistic(everything) == pytest.approx(told.metrics[name].value)
    assert evaluate.statistic("map50", items, told.results) is None


def test_a_few_calls_that_all_hit_are_not_certain():
    leads = [Told(0.9, True, n) for n in range(10)] + [Told(0.1, n % 9 == 0, n) for n in range(90)]

    found = _metrics(leads)

    assert found["precision_at_capacity"].value == 1.0
    assert found["precision_at_capacity"].low == pytest.approx(0.025 ** (1 / 10))
    assert found["money_per_month"].low < 10 * 500 * (0.7 - found["base_rate"].value)
