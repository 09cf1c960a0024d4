"""What a report draws of leads: every picture with its figure in words, from kept results alone."""

from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree

import pytest

from kits.lead_scoring import evaluate
from kits.lead_scoring._court.verdicts import Court, Verdict
from kits.lead_scoring._judging.drawing import Axis, percent, round_up
from kits.lead_scoring.config import Config, TeamConfig
from tests.lead_scoring.made_leads import SayingRuntime, Told, drawn, task_of

TEAM = TeamConfig(per_month=50, incoming_per_month=500, value=900, contact=30)


def _plots(leads, protected=()):
    runtime = SayingRuntime(TEAM, protected)
    task = task_of(leads, runtime=runtime)
    task = replace(task, operating_point=evaluate.choose_operating_point(task, Config(team=TEAM)))
    return {plot.title: plot for plot in evaluate.plots(task, evaluate.evaluate(task))}


def test_a_report_shows_order_money_probabilities_and_time():
    plots = _plots(drawn(1500))

    assert list(plots) == [
        "How many buyers the first calls reach", "Lift", "How many of the called buy", "Do probabilities keep their word?",
        "The course over time", "What a month of calls brings",
    ]  # fmt: skip
    for plot in plots.values():
        assert plot.caption and (plot.svg or plot.table)


def test_every_picture_is_well_formed():
    for plot in _plots(drawn(1500)).values():
        if plot.svg:
            assert ElementTree.fromstring(plot.svg).tag == "svg"


def test_the_capacity_is_marked_with_what_it_reaches():
    leads = [Told(0.9 if n % 10 == 0 else 0.1, n % 10 == 0, n / 3) for n in range(600)]
    plots = _plots(leads)

    assert (
        "red, the team&#x27;s capacity: 100% of buyers"
        in plots["How many buyers the first calls reach"].svg
    )
    assert "red, the team&#x27;s capacity: 10.00 times" in plots["Lift"].svg
    assert "100.0% buy" in plots["How many of the called buy"].svg


@pytest.mark.slow
def test_probabilities_that_are_off_are_red():
    honest = _plots(drawn(3000))["Do probabilities keep their word?"]
    wrong = _plots([Told(min(1.0, 2 * t.says), t.won, t.day) for t in drawn(3000)])[
        "Do probabilities keep their word?"
    ]

    assert honest.svg.count('class="bad"') <= 2
    assert wrong.svg.count('class="bad"') >= 8
    assert "no more than chance can show" in honest.caption
    assert "beyond chance: on 3000 leads" in wrong.caption


def test_money_is_told_by_score_and_at_random_with_the_price_of_exploring():
    table = dict(_plots(drawn(800))["What a month of calls brings"].table)

    assert set(table) == {
        "in a month", "by score, calls paid", "in random order, calls paid", "what the order is worth",
        "price of 5% of calls in random order",
    }  # fmt: skip


@pytest.mark.slow
def test_protected_groups_are_a_table_with_the_four_fifths_mark():
    leads = [
        Told(max(0.0, t.says - 0.1 * (n % 2)), t.won, t.day, {"gender": "FM"[n % 2 == 0]})
        for n, t in enumerate(drawn(2000))
    ]

    (head, *rows) = _plots(leads, ("gender",))["Protected groups"].table

    assert head[0] == "group"
    marked = {row[0]: "†" in row[3] for row in rows}
    assert marked == {"gender = F": True, "gender = M": False}


def test_without_won_leads_there_is_no_order_to_draw():
    plots = _plots([Told(0.1 + n / 1000, False, n) for n in range(100)])

    assert "Lift" not in plots and "Do probabilities keep their word?" in plots


def test_the_courts_verdicts_are_shown():
    verdict = Verdict("tags", "leak", "guilty", 0.97, ("filled for 99 % of those won",), "exclude")
    court = Court((verdict,), ("tags",), ())
    task = task_of(drawn(100), runtime=SayingRuntime(court=court.as_json()))

    plots = {plot.title: plot for plot in evaluate.plots(task, evaluate.evaluate(task))}

    row = plots["The court: columns and verdicts"].table[1]
    assert row[:3] == ("tags", "leak", "guilty") and "99 %" in row[-1]


@pytest.mark.parametrize(
    ("value", "top"), [(0.55, 0.6), (0.31, 0.4), (1.2, 1.5), (334, 400), (0, 1.0)]
)
def test_axes_end_at_round_numbers(value, top):
    assert round_up(value) == pytest.approx(top)


def test_a_value_beyond_an_axis_stays_at_its_end():
    axis = Axis(0, 1, "x")

    assert (axis.share(-3), axis.share(0.5), axis.share(7)) == (0, 0.5, 1)
    assert [percent(v) for v in (0, 0.125, 1, -0.0)] == ["0%", "12.5%", "100%", "0%"]
