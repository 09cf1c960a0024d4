"""The operating point: as many hot leads as the team can call, and what is measured there."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from kits.core.prediction import Prediction
from kits.lead_scoring import evaluate
from kits.lead_scoring._judging.capacity import terms_of
from kits.lead_scoring.config import Config, TeamConfig
from tests.lead_scoring.made_leads import SayingRuntime, Told, drawn, task_of


def _chosen(leads, team=None, **more):
    return evaluate.choose_operating_point(
        task_of(leads, runtime=SayingRuntime(team), **more), Config(team=team or TeamConfig())
    )


def _verdicts(point, leads):
    return [point.decide(Prediction(lead.says)).verdict for lead in leads]


def test_as_many_are_hot_as_the_team_can_call():
    leads = drawn(1000)
    point = _chosen(leads, TeamConfig(per_month=50, incoming_per_month=1000, warm_share=0.2))

    verdicts = _verdicts(point, leads)

    assert verdicts.count("act") == 50
    assert verdicts.count("review") == 200
    assert point.action == "write"


@pytest.mark.parametrize("accounts", [0, 40])
def test_what_the_evaluation_measures_too_is_the_same_there(accounts):
    """Also where an account has several leads, and all of them count as one."""
    leads = drawn(400)
    if accounts:
        leads = [replace(one, group=f"account {row % accounts}") for row, one in enumerate(leads)]
    point = _chosen(leads)
    judged = evaluate.evaluate(task_of(leads, runtime=SayingRuntime(), point=point))

    both = point.rates.keys() & judged.metrics.keys()

    assert both >= {"base_rate", "precision_at_capacity", "money_per_month"}
    for name in both:
        assert point.rates[name].text() == judged.metrics[name].text(), name


def test_without_a_word_a_tenth_of_the_leads_is_hot():
    leads = drawn(500)

    assert _verdicts(_chosen(leads), leads).count("act") == 50


def test_incoming_leads_are_counted_by_the_datas_clock():
    leads = drawn(1200, days=365.25)
    point = _chosen(leads, TeamConfig(per_month=20))

    assert point.rates["capacity"].value == pytest.approx(0.2, rel=0.01)
    assert _verdicts(point, leads).count("act") == pytest.approx(240, abs=2)


def test_a_date_typed_wrongly_makes_no_month_of_a_decade():
    leads = drawn(1200, days=365.25)
    strays = [Told(0.1, False, -40_000.0), Told(0.1, False, 90_000.0)]
    point = _chosen([*leads, *strays], TeamConfig(per_month=20))

    assert point.rates["capacity"].value == pytest.approx(0.2, rel=0.01)


def test_a_lead_without_a_date_came_in_at_the_rate_of_the_others():
    dataset = task_of(drawn(1200, days=365.25)).dataset
    undated = [
        replace(one, sample=replace(one.sample, meta={})) if row % 2 else one
        for row, one in enumerate(dataset.items)
    ]
    terms = terms_of(TeamConfig(per_month=20), undated, clocked=True)

    assert terms.share == pytest.approx(0.2, rel=0.01)


def test_leads_of_one_score_are_hot_together_or_not_at_all():
    leads = [Told(0.9, True)] * 5 + [Told(0.5, False)] * 60 + [Told(0.1, False)] * 35
    point = _chosen(leads, TeamConfig(per_month=20, incoming_per_month=100))

    assert _verdicts(point, leads).count("act") == 5


def test_the_best_leads_are_hot_even_where_one_score_is_all_there_is():
    leads = [Told(0.2, n % 5 == 0, n) for n in range(100)]

    assert set(_verdicts(_chosen(leads), leads)) == {"act"}


def test_rates_are_those_at_the_thresholds():
    leads = drawn(2000)
    point = _chosen(leads, TeamConfig(per_month=100, incoming_per_month=1000, value=800))

    hot = np.array([verdict == "act" for verdict in _verdicts(point, leads)])
    won = np.array([lead.won for lead in leads])
    assert point.rates["hot_won"].value == pytest.approx(won[hot].mean())
    assert point.rates["won_in_hot"].value == pytest.approx(hot[won].mean())
    gained = 100 * 800 * (won[hot].mean() - won.mean())
    assert point.rates["money_per_month"].value == pytest.approx(gained)
    assert point.rates["money_per_month"].low < gained < point.rates["money_per_month"].high


def test_the_price_of_random_order_stands_in_the_method():
    point = _chosen(drawn(1000), TeamConfig(per_month=100, exploration=0.05))

    assert point.rates["exploration_price"].value == pytest.approx(
        0.05 * point.rates["money_per_month"].value
    )
    assert point.rates["exploration"].value == 0.05, "the hub shows just that share by lot"
    assert "5% of calls in random order cost about" in point.method
    assert "a lead won is worth 500, a contact costs 20 EUR (model.team)" in point.method


def test_thresholds_fit_the_model_that_ships_and_figures_those_that_had_not_seen_the_leads():
    leads = drawn(200)
    unseen = {f"s{n:06}": 0.001 * n for n in range(200)}
    task = task_of(leads, runtime=SayingRuntime(backtest=unseen))

    point = evaluate.choose_operating_point(task, Config())

    assert _verdicts(point, leads).count("act") == 20
    latest = [leads[n].won for n in range(180, 200)]
    assert point.rates["hot_won"].value == pytest.approx(np.mean(latest))


def test_leads_judged_by_earlier_models_are_hot_by_their_place_whatever_their_level():
    leads = drawn(200)
    higher = {f"s{n:06}": 0.5 + 0.002 * n for n in range(200)}
    task = task_of(leads, runtime=SayingRuntime(backtest=higher))
    point = evaluate.choose_operating_point(task, Config())

    told = evaluate.evaluate(replace(task, operating_point=point))

    verdicts = [result.verdict for result in told.results]
    assert (verdicts.count("act"), verdicts.count("review")) == (20, 60)


def test_without_decided_leads_nothing_is_hot():
    point = _chosen([Told(0.9, None)])

    assert point.decide(Prediction(0.99)).verdict == "review"
    assert "nothing is hot" in point.method


@pytest.mark.slow
def test_what_another_capacity_brings_is_told_beside_the_share_that_evaluation_tells():
    """Leads that come in a month are no whole number; rounded, the same calls would be another share."""
    leads = drawn(437)
    before, after = TeamConfig(per_month=7), TeamConfig(per_month=14)
    tasks = [
        task_of(leads, runtime=SayingRuntime(team), point=_chosen(leads, team))
        for team in (before, after)
    ]

    found = {one.name: one for one in evaluate.TUNING.changes(*tasks).figures}

    for task, told in zip(tasks, ("before", "after")):
        precision = evaluate.evaluate(task).metrics["precision_at_capacity"].value
        assert getattr(found["hot_won"], told).value == pytest.approx(precision)
        income = (7 if told == "before" else 14) * (500 * precision - 20)
        assert getattr(found["income_per_month"], told).value == pytest.approx(income)
