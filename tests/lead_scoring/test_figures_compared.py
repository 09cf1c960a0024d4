"""Bundles of leads side by side: in money as it is, without a share of positives that nobody stated."""

from __future__ import annotations

import json
import math
import re
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from kits.cli import make_app
from kits.core.bundle import open_file
from kits.core.kit import ItemResult
from kits.core.operating_point import Costs
from kits.lead_scoring import demo
from kits.toolchain.evaluation import load_evaluation
from kits.toolchain.guardrails import check_project
from kits.toolchain.pairing import Pair, score_change
from kits.toolchain.project import Project


def _results(*costs: float) -> tuple[ItemResult, ...]:
    return tuple(
        ItemResult(f"s{n}", f"g{n}", "won" if cost else "lost", "pass", 0.5, cost)
        for n, cost in enumerate(costs)
    )


def test_money_of_leads_is_compared_as_it_is():
    before, after = _results(480, 480, 480, 0, 0), _results(480, 0.01, 0.01, 0, 0)
    pair = Pair(before, after)

    as_it_is = pair.cost_difference(Costs(), 0, as_it_is=True).value
    weighted = pair.cost_difference(Costs(), 0).value

    assert as_it_is == pytest.approx(-2 * 479.99 / 5)
    assert weighted == pytest.approx(-0.02 * 2 * 479.99 / 3)


def test_a_lead_that_was_decided_early_costs_as_often_as_it_stands_for():
    before, after = _results(480, 0), _results(0.01, 0)
    stands = [replace(one, weight=weight) for one, weight in zip(before, (1.0, 3.0))]

    found = Pair(tuple(stands), after).cost_difference(Costs(), 0, as_it_is=True)

    assert found.value == pytest.approx(-479.99 / 4)


def _kit(project: Path, *words: str) -> Result:
    told = CliRunner().invoke(make_app(), [*words, "--project", str(project)])
    assert told.exit_code == 0, told.output
    return told


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A project on the demo's leads, trained once: a small model, for what is told of it matters here."""
    folder = tmp_path_factory.mktemp("leads")
    demo.generate(folder, 3)
    words = [
        "new",
        "lead-scoring",
        str(folder / "p"),
        "--data",
        str(folder / "contacts"),
        "--defaults",
    ]
    told = CliRunner().invoke(make_app(), [*words, "--answer", "per_month=20"])
    assert told.exit_code == 0, told.output
    _kit(folder / "p", "train", "--set", "model.approach=logistic")
    return folder / "p"


@pytest.mark.slow
def test_a_report_tells_what_the_order_is_worth_and_nothing_of_people_who_look_at_all(project):
    (page,) = project.glob("runs/*/report.html")
    html = page.read_text()

    assert "the best leads first" in html
    assert "a person for all" not in html and "prevalence" not in html
    assert "How many buyers the first calls reach" in html and "Protected groups" in html


def test_report_and_card_of_leads_begin_with_money_and_how_sure_it_is(project):
    (page,) = project.glob("runs/*/report.html")
    html, metrics = page.read_text(), json.loads(page.with_suffix(".json").read_text())["metrics"]
    money = metrics["money_per_month"]

    said = f"{money['value']:+,.0f} EUR a month"
    sure = (
        "more than a random order, beyond chance" if money["low"] > 0 else "chance could explain it"
    )
    assert f"<h1>p: {said}</h1>" in html
    assert html.index(said) < html.index(sure) < html.index("<h2>What is decided")
    card = open_file(next(project.glob("runs/*/bundle.kwb"))).files["card.md"].decode()
    assert card.startswith(f"# p 1\n\n**{said}** beside")
    assert sure in card and "The team works on 20 of " in card
    assert f"95 % interval {money['low']:+,.0f} to {money['high']:+,.0f} EUR" in card
    assert "camera" not in card and "a hub that does not reproduce them" in card


def test_a_report_tells_how_sure_the_figures_without_learning_are(project):
    (page,) = project.glob("runs/*/report.html")
    base = json.loads(page.with_suffix(".json").read_text())["baseline"]["brier"]

    text = re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", page.read_text()))
    assert f"{base['value']:.4g} {base['low']:.4g} to {base['high']:.4g}" in text


@pytest.mark.slow
def test_what_is_compared_in_money_bears_its_currency(project):
    bundle = str(next(project.glob("runs/*/bundle.kwb")))

    told = CliRunner().invoke(make_app(), ["compare", bundle, bundle, "--project", str(project)])

    assert told.exit_code == 6, told.output
    assert re.search(r"money_per_month +champion .* EUR  challenger .*\] EUR", told.output)
    assert "log_loss by +0.0000 [+0.0000, +0.0000]" in " ".join(told.output.split())


def test_probabilities_that_come_truer_are_told_by_the_log_loss_of_the_same_leads(project):
    found = load_evaluation(next(project.glob("runs/*/evaluation.json")))
    won = [one.truth == "won" for one in found.results]
    results = tuple(
        replace(one, prediction={**one.prediction, "probabilities": {"won": p, "lost": 1 - p}})
        for one, p in zip(found.results, (0.9 if one else 0.1 for one in won))
    )
    opened = Project.open(project)
    items = [i for i in opened.dataset().items if i.sample.id in {r.sample_id for r in results}]

    change = score_change(opened.kit, items, found, replace(found, results=results))

    assert change is not None and change.truer and change.metric == "log_loss"
    assert change.before == pytest.approx(found.metrics["log_loss"].value)
    assert change.after == pytest.approx(-math.log(0.9))
    assert change.difference.value == pytest.approx(change.after - change.before)


def test_report_and_card_of_leads_say_hot_warm_and_cold(project):
    (page,) = project.glob("runs/*/report.html")
    html = page.read_text()
    card = open_file(next(project.glob("runs/*/bundle.kwb"))).files["card.md"].decode()

    for band in ("hot", "warm", "cold"):
        assert f'<th class="n">{band}</th>' in html and band in card
    shown = re.sub(r"<style>.*?</style>", "", html, flags=re.DOTALL)
    text = re.sub(r"<[^>]*>", " ", shown)
    assert not re.search(r"\b(act|review|pass|escape|overkill)\b", text)
    assert not re.search(r"\b(act|review|pass|escape|overkill)\b", card)
    assert "how many times as often as all the best tenth is won" in text
    assert "share of won leads that was hot (`won_in_hot`): " in card
    assert re.search(r"`exploration_price`\): [\d,]+ \[[\d, ,-]+\] EUR\n", card)
    assert re.search(r"\(`exploration`\): 5\.0 %\n", card), "what was stated has no interval"
    assert re.search(r"\(`money_per_month`\) \| -?[\d,]+ EUR \|", card)


def test_the_checks_measure_a_model_against_the_order_of_coming(project):
    found = {finding.check: finding for finding in check_project(Project.open(project))}

    assert "in the order they come" in found["baseline"].text
    assert not any("prevalence" in line for line in found["costs"].evidence)


@pytest.mark.slow
def test_last_years_leads_are_replayed_from_the_command_line(project, tmp_path):
    (bundle,) = project.glob("runs/*/bundle.kwb")
    told = _kit(
        project, "replay", str(project.parent / "contacts"), "--bundle", str(bundle), "--json", "--per-month", "15",
        "--value", "1000", "--contact", "10", "--report", str(tmp_path / "page.html"),
    )  # fmt: skip
    document = json.loads(told.stdout)

    assert (document["per_month"], document["value"], document["contact"]) == (15, 1000, 10)
    assert document["timed"] and len(document["by_month"]) >= 6
    assert any("left out, as it knows their answer" in note for note in document["notes"])
    assert "month by month" in (tmp_path / "page.html").read_text()


def test_options_of_other_kinds_of_work_are_refused(project):
    (bundle,) = project.glob("runs/*/bundle.kwb")
    words = [
        "replay",
        str(project.parent / "contacts"),
        "--bundle",
        str(bundle),
        "--project",
        str(project),
    ]

    for option, value in (("--minutes", "2"), ("--horizon", "14d")):
        told = CliRunner().invoke(make_app(), [*words, option, value])
        assert told.exit_code != 0
