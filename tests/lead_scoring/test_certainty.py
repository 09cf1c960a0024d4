"""Figures of leads of which all, or none, were won: resampling would call them certain, and they are not."""

from __future__ import annotations

import numpy as np
import pytest

from kits.core.operating_point import Costs
from kits.core.stats import proportion
from kits.lead_scoring import evaluate
from kits.lead_scoring._judging.judged import judge
from kits.lead_scoring._judging.slices import measured
from kits.lead_scoring.config import Config, TeamConfig
from tests.lead_scoring.made_leads import SayingRuntime, Told, a_point, task_of


def _none_won_among_the_best(n: int = 40) -> list[Told]:
    return [Told(0.9 - k / 1000, k in (30, 35), k) for k in range(n)]


def test_a_tenth_without_a_buyer_says_little_of_the_lift():
    lift = evaluate.evaluate(task_of(_none_won_among_the_best())).metrics["lift_at_10"]

    assert lift.value == 0.0
    assert lift.high == pytest.approx(proportion(0, 4).high / (2 / 40))
    assert "clopper" in lift.method


@pytest.mark.slow
def test_lifts_of_an_order_that_knows_nothing_are_held_by_their_intervals():
    """Of 2 won ones among 45 the best tenth holds none most of the time; half of these intervals held nothing but 0."""
    rng = np.random.default_rng(0)
    held = []
    for _ in range(40):
        won = np.zeros(45, dtype=bool)
        won[rng.choice(45, 2, replace=False)] = True
        leads = [Told(float(p), bool(w), n) for n, (p, w) in enumerate(zip(rng.random(45), won))]
        lift = evaluate.evaluate(task_of(leads)).metrics["lift_at_10"]
        held.append(lift.low <= 1.0 <= lift.high)

    assert np.mean(held) >= 0.95


def test_a_perfect_order_of_few_leads_may_have_been_luck():
    leads = [Told(0.9, True, n) for n in range(5)] + [Told(0.1, False, n) for n in range(5, 45)]

    found = evaluate.evaluate(task_of(leads)).metrics

    for name in ("auc", "pr_auc"):
        assert found[name].value == 1.0
        assert found[name].low == pytest.approx(1 - proportion(0, 5).high, abs=1e-6)


def test_what_a_month_brings_in_all_is_as_unsure_as_what_the_order_brings():
    leads = [Told(0.9, True, n) for n in range(10)] + [Told(0.1, n % 9 == 0, n) for n in range(90)]
    team = TeamConfig(per_month=20, incoming_per_month=200, value=1000, contact=50)
    task = task_of(leads, runtime=SayingRuntime(team), costs=Costs(escape=1, overkill=1))

    rates = evaluate.choose_operating_point(task, Config(team=team)).rates

    precision, income = rates["precision_at_capacity"], rates["income_per_month"]
    assert precision.low < 1.0
    assert income.low == pytest.approx(20 * (1000 * precision.low - 50))
    assert income.high == income.value


@pytest.mark.parametrize(("won", "says"), [(False, 0.05), (True, 0.95)])
def test_a_part_of_one_outcome_alone_does_not_show_that_its_probabilities_are_off(
    won: bool, says: float
):
    part = judge(task_of([Told(says + n / 10_000, won, n) for n in range(-15, 15)]))

    gap = measured(part, 0)["calibration_gap"]

    assert gap.low < 0.0 < gap.high


def test_a_group_of_which_nobody_is_hot_is_not_known_to_be_hot_never():
    leads = [
        Told(1 - n / 250, n % 3 == 0, n, {"gender": "m" if 60 <= n < 160 else "f"})
        for n in range(200)
    ]
    task = task_of(leads, runtime=SayingRuntime(protected=("gender",)), point=a_point(0.9))

    group = evaluate.evaluate(task).slices["group gender = m"]

    assert group["selection_rate"].value == group["selection_ratio"].value == 0.0
    assert group["selection_ratio"].high > group["selection_rate"].high > 0.0


def test_what_fewer_calls_bring_is_not_certain_where_all_of_them_were_won():
    leads = [Told(0.9 - n / 1000, n < 30 or n % 7 == 0, n) for n in range(200)]
    teams = (TeamConfig(per_month=20, incoming_per_month=200, value=1000, contact=50), TeamConfig(
        per_month=10, incoming_per_month=200, value=1000, contact=50,
    ))  # fmt: skip
    tasks = [
        task_of(leads, runtime=SayingRuntime(team), point=evaluate.choose_operating_point(
            task_of(leads, runtime=SayingRuntime(team)), Config(team=team)
        ))
        for team in teams
    ]  # fmt: skip

    found = {one.name: one for one in evaluate.TUNING.changes(*tasks).figures}

    won, income = found["hot_won"], found["income_per_month"]
    assert (won.before.value, won.after.value, won.apart.value) == (1.0, 1.0, 0.0)
    assert won.before.low == pytest.approx(proportion(20, 20).low)
    assert won.after.low == pytest.approx(proportion(10, 10).low)
    assert won.apart.low <= won.after.low - 1.0 and won.apart.high >= 1.0 - won.before.low
    assert income.after.low == pytest.approx(10 * (1000 * won.after.low - 50))
    assert income.before.low == pytest.approx(20 * (1000 * won.before.low - 50))
    assert income.apart.low < income.apart.value < income.apart.high


def test_many_leads_of_one_account_prove_no_more_than_one():
    leads = [
        Told(0.9 if n < 20 else 0.1, n < 20 or n % 9 == 0, n, group=f"account {n // 10}")
        for n in range(200)
    ]
    team = TeamConfig(per_month=20, incoming_per_month=200)
    task = task_of(leads, runtime=SayingRuntime(team))

    found = evaluate.evaluate(task).metrics
    rates = evaluate.choose_operating_point(task, Config(team=team)).rates

    assert found["precision_at_capacity"].value == rates["hot_won"].value == 1.0
    assert found["precision_at_capacity"].low == pytest.approx(proportion(2, 2).low)
    assert rates["hot_won"].low == pytest.approx(proportion(2, 2).low)
