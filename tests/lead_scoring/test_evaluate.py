"""Judging leads: by models that had not seen them, with the costs of each verdict, by parts, and what is said besides."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kits.core.dataset import OUTSIDE, build
from kits.core.errors import DataError
from kits.lead_scoring import evaluate
from kits.lead_scoring._court.verdicts import Court
from kits.lead_scoring._judging.judged import judged_again
from kits.lead_scoring.config import Config, TeamConfig
from tests.lead_scoring.made_leads import SayingRuntime, Told, a_point, drawn, task_of


def test_leads_of_the_backtest_are_judged_by_what_was_said_before_they_were_learned_from():
    leads = [Told(0.9, n % 2 == 0, n) for n in range(40)]
    unseen = {f"s{n:06}": 0.2 for n in range(30)}

    told = evaluate.evaluate(task_of(leads, runtime=SayingRuntime(backtest=unseen)))

    assert sorted({result.score for result in told.results}) == [0.2, 0.9]
    assert sum(result.score == 0.2 for result in told.results) == 30
    assert any(
        note.startswith("30 of these 40 leads are judged by models") and "flatters" in note
        for note in told.notes
    )


def test_leads_are_put_in_order_without_the_time_of_year_and_their_probabilities_judged_with_it():
    leads = [Told(0.5, n % 2 == 0, n) for n in range(40)]
    chances = {f"s{n:06}": 0.9 if n % 2 == 0 else 0.1 for n in range(40)}
    turned = {name: 1.0 - chance for name, chance in chances.items()}

    told = evaluate.evaluate(
        task_of(leads, runtime=SayingRuntime(backtest=chances, whole_year=turned))
    )

    assert told.metrics["auc"].value == 0.0
    assert told.metrics["brier"].value == pytest.approx(0.01)
    assert told.metrics["ece"].value == pytest.approx(0.1)
    again = judged_again(task_of(leads).items, told.results)
    assert again.chance.tolist() == list(chances.values())
    assert again.score.tolist() == list(turned.values())


def test_open_leads_are_not_judged():
    told = evaluate.evaluate(task_of([*drawn(50), Told(0.5, None, 1.0)]))

    assert told.n == 50


def test_leads_that_opted_out_are_left_out_and_counted():
    told = evaluate.evaluate(task_of([*drawn(50), Told(None, True, 1.0)]))

    assert told.n == 50
    assert any(note.startswith("1 leads have no score") for note in told.notes)


def test_nothing_decided_is_an_error_that_says_what_to_do():
    with pytest.raises(DataError, match="no lead with an outcome"):
        evaluate.evaluate(task_of([Told(0.5, None)]))


@pytest.mark.parametrize(
    ("says", "won", "verdict", "cost"),
    [
        (0.9, True, "act", 0.0), (0.9, False, "act", 20.0), (0.5, True, "review", 483.0),
        (0.5, False, "review", 3.0), (0.1, True, "pass", 480.0), (0.1, False, "pass", 0.0),
    ],
)  # fmt: skip
def test_a_verdict_costs_what_it_loses(says, won, verdict, cost):
    from kits.core.operating_point import Costs

    task = task_of(
        [Told(says, won)],
        point=a_point(0.8, 0.3),
        costs=Costs(escape=480, overkill=20, review=3),
    )

    (result,) = evaluate.evaluate(task).results

    assert (result.verdict, result.cost) == (verdict, cost)


def test_parts_are_told_by_band_month_and_columns_of_few_values():
    leads = drawn(1200, source=["web", "fair"], city=[f"c{n}" for n in range(40)])

    slices = evaluate.evaluate(task_of(leads, point=a_point(0.25, 0.1))).slices

    assert {"band hot", "band warm", "band cold", "source = web", "source = fair"} <= set(slices)
    assert "period 2025-01" in slices and "period 2025-12" in slices
    assert not any(name.startswith("city") for name in slices)
    hot, cold = slices["band hot"]["base_rate"], slices["band cold"]["base_rate"]
    assert hot.low > cold.high


def test_without_a_clock_the_order_is_cut_into_equal_periods():
    leads = [Told(t.says, t.won, float(n)) for n, t in enumerate(drawn(600))]

    slices = evaluate.evaluate(task_of(leads, clock=False)).slices

    periods = [name for name in slices if name.startswith("period")]
    assert periods == [f"period {n} of 6" for n in range(1, 7)]
    assert all(slices[name]["auc"].n == 100 for name in periods)


def test_leads_called_by_lot_are_figures_of_their_own():
    leads = [
        Told(t.says, t.won, t.day, meta={"lot": 0.0} if n % 5 == 0 else {})
        for n, t in enumerate(drawn(400))
    ]

    by_lot, without = (evaluate.evaluate(task_of(made)) for made in (leads, drawn(400)))

    assert by_lot.slices["called by lot"]["auc"].n == 80
    assert not any("called by lot" in note for note in by_lot.notes)
    assert any("no lead was called by lot" in note for note in without.notes)


def test_what_was_taken_as_one_month_is_told_beside_the_figures_also_of_a_bundle():
    team = TeamConfig(per_month=40)
    runtime = SayingRuntime(team)
    point = evaluate.choose_operating_point(task_of(drawn(400), clock=False), Config(team=team))
    told = evaluate.evaluate(task_of(drawn(400), runtime=runtime, point=point, clock=False))

    (capacity,) = [note for note in told.notes if note.startswith("capacity")]
    assert "40 of 400 leads a month" in capacity and "taken as one month" in capacity
    assert any("state model.team.incoming_per_month" in note for note in told.notes)
    told = evaluate.evaluate(task_of(drawn(400), runtime=runtime))
    assert not any("state model.team.incoming_per_month" in note for note in told.notes)


@pytest.mark.parametrize(("per_month", "told"), [(99, 0), (100, 1), (250, 1)])
def test_where_everyone_is_called_it_is_said_why_the_score_earns_nothing(per_month: int, told: int):
    runtime = SayingRuntime(TeamConfig(per_month=per_month, incoming_per_month=100))

    judged = evaluate.evaluate(task_of(drawn(400), runtime=runtime))

    said = [note for note in judged.notes if "nobody is left to choose" in note]
    assert len(said) == told and all("model.team.per_month" in note for note in said)
    assert (judged.metrics["money_per_month"].value == 0) == bool(told)


def test_the_price_of_random_order_is_told():
    team = TeamConfig(per_month=10, incoming_per_month=100, value=1000, exploration=0.1)
    told = evaluate.evaluate(task_of(drawn(500), runtime=SayingRuntime(team)))

    gained = told.metrics["money_per_month"].value
    (note,) = [note for note in told.notes if "in random order cost" in note]
    assert f"10% of calls in random order cost about {gained / 10:,.0f} [" in note
    assert "(on leads of val)" in note


def test_data_from_outside_is_not_called_a_split_of_the_project():
    task = task_of(drawn(100))
    header = task.dataset.header.model_copy(update={"split_rule": OUTSIDE})
    outside = replace(task, dataset=build(header, task.items, task.dataset.blobs))

    (note,) = [one for one in evaluate.evaluate(outside).notes if "in random order cost" in one]

    assert "(on these leads)" in note


@pytest.mark.parametrize(
    ("times", "verdict"), [(1.0, "no more than chance"), (0.5, "beyond chance")]
)
def test_the_calibration_error_is_told_beside_what_true_probabilities_would_show(
    times: float, verdict: str
):
    leads = [Told(times * one.says, one.won, one.day) for one in drawn(600)]
    told = evaluate.evaluate(task_of(leads))

    (note,) = [
        note
        for note in (told.notes if verdict == "beyond chance" else told.details)
        if note.startswith("probabilities: ece ")
    ]
    assert note.startswith(
        f"probabilities: ece {told.metrics['ece'].value:.3f} in 10 bins of equal mass, {verdict}"
    )
    assert "on 600 leads probabilities that are all true would show 0.0" in note


def test_columns_that_were_known_too_late_are_no_parts():
    leads = drawn(400, tag=["a", "b"], source=["web", "fair"])
    court = Court((), ("tag",), ()).as_json()

    slices = evaluate.evaluate(task_of(leads, runtime=SayingRuntime(court=court))).slices

    assert "source = web" in slices and not any(name.startswith("tag") for name in slices)
