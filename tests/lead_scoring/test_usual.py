"""A column that later leads hold something else in by far is told, chance is not; no outcome is needed for it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from kits.cli import make_app
from kits.core.runtime import Skew
from kits.lead_scoring._features.encoder import digest_of_choice
from kits.lead_scoring._features.spec import (
    ChoiceColumn,
    Column,
    DateColumn,
    ManyColumn,
    NumberColumn,
    TextColumn,
    TruthColumn,
)
from kits.lead_scoring._features.usual import Usual, fewer_by_chance, skews, usual_of
from kits.lead_scoring._lead import Lead, Value, encode_lead
from kits.lead_scoring._simulated.firm import make_leads
from tests.lead_scoring.reading.lead_files import put, table
from tests.lead_scoring.trained_leads import as_lead, outcome_of, runtime_of

N = 2_400
VISIT = TruthColumn(name="visit")
CHANNEL = ChoiceColumn(name="channel", values=("fair", "web"), rare=(digest_of_choice("radio"),))


def leads_of(name: str, *values: Value) -> list[Lead]:
    return [Lead(str(n), {name: value}) for n, value in enumerate(values)]


def compared(column: Column, then: list[Lead], now: list[Lead]) -> tuple[Skew, ...]:
    return skews([column], usual_of([column], then), now)


@pytest.mark.parametrize(
    ("column", "said", "silent"),
    [
        (VISIT, True, False),
        (VISIT, "yes", ""),
        (NumberColumn(name="visit"), 3.0, 0.0),
        (NumberColumn(name="visit"), "3", None),
        (ChoiceColumn(name="visit", values=("fair", "no")), "fair", "no"),
        (DateColumn(name="visit", age=True, hour=False), "2026-05-01", ""),
        (ManyColumn(name="visit", values=("a", "b")), "a;b", ";"),
        (TextColumn(name="visit", words=("price",)), "the price", "-"),
    ],
)
def test_a_column_that_nobody_fills_in_any_more_is_told_whatever_it_holds(
    column: Column, said: Value, silent: Value
) -> None:
    then = leads_of("visit", *[said] * 100, *[silent] * 300)
    [found] = compared(column, then, leads_of("visit", *[silent] * 120))
    assert found.column == "visit"
    assert (
        "(not no or 0) for 0% of 120 leads when scored, for 25% of those learned from" in found.text
    )
    assert not compared(column, then, leads_of("visit", *[said] * 30, *[silent] * 90))
    assert not compared(column, then, leads_of("visit", *[said] * 120)), "more is no harm"


def test_how_seldom_chance_makes_so_few_is_exact() -> None:
    # 1 of 5 beside 7 of 8: the table that Fisher's test is told by
    assert fewer_by_chance(1, 5, 7, 8) == pytest.approx((1 + 8 * 5) / 1287)
    assert fewer_by_chance(5, 5, 8, 8) == 1.0
    assert fewer_by_chance(0, 300, 340, 2_000) < 1e-15


def test_a_rare_yes_that_is_gone_is_told_once_there_are_leads_enough() -> None:
    then = leads_of("visit", *[True] * 120, *[False] * 1_880)
    assert not compared(VISIT, then, leads_of("visit", *[False] * 60))
    assert compared(VISIT, then, leads_of("visit", *[False] * 500))


def test_numbers_that_lie_elsewhere_are_told_with_the_end_they_lie_beyond() -> None:
    minutes = NumberColumn(name="minutes")
    then = leads_of("minutes", *map(float, range(20, 420)))
    [low] = compared(minutes, then, leads_of("minutes", *[5.0] * 40, *[200.0] * 10))
    assert "minutes is below 59 for 80% of 50 leads" in low.text
    [high] = compared(minutes, then, leads_of("minutes", *[900.0] * 50))
    assert "minutes is above 379 for 100% of 50 leads" in high.text
    assert not compared(minutes, then, leads_of("minutes", *map(float, range(20, 420, 3))))


def test_values_that_were_never_met_are_told_and_those_met_seldom_are_not() -> None:
    then = leads_of("channel", *["fair", "web"] * 100)
    [found] = compared(CHANNEL, then, leads_of("channel", *["podcast"] * 40, *["web"] * 40))
    assert found.text == (
        "channel is “podcast”, never met in training, for 50% of 80 leads when scored"
    )
    assert not compared(CHANNEL, then, leads_of("channel", *["radio"] * 40, *["web"] * 40))
    several = leads_of("channel", *["podcast"] * 40, *["tv"] * 8, *["web"] * 32)
    [found] = compared(CHANNEL, then, several)
    assert found.text.endswith("and other new values for 10%")
    many = [f"campaign {n}\n" for n in range(40)]
    [found] = compared(CHANNEL, then, leads_of("channel", *many, *["web"] * 40))
    assert "holds a value never met in training for 50% of 80 leads when scored" in found.text
    assert found.text.endswith("most often “campaign 0”")
    open_ended = CHANNEL.model_copy(update={"all_met": False})
    assert not compared(open_ended, then, leads_of("channel", *["podcast"] * 80))


@pytest.mark.parametrize(("of_it", "told"), [(80, False), (140, True)])
def test_one_channel_that_opened_is_told_before_a_fifth_of_all_come_by_it(
    of_it: int, told: bool
) -> None:
    then = leads_of("channel", *["fair", "web"] * 100)
    later = leads_of("channel", *["podcast"] * of_it, *["web"] * (800 - of_it))
    assert bool(compared(CHANNEL, then, later)) is told


@pytest.mark.parametrize(("learned", "later"), [(99, 500), (500, 29)])
def test_of_few_leads_nothing_is_said(learned: int, later: int) -> None:
    then = leads_of("visit", *[True] * learned)
    assert not compared(VISIT, then, leads_of("visit", *[False] * later))


def test_a_bundle_that_does_not_say_what_it_learned_from_is_compared_with_nothing() -> None:
    assert not skews([VISIT], {}, leads_of("visit", *[False] * 500))
    assert not skews([VISIT], {"visit": Usual(leads=0, said=0)}, leads_of("visit", False))


def test_chance_is_no_skew() -> None:
    rng = np.random.default_rng(4)
    columns = [NumberColumn(name=f"n{k}") for k in range(10)]
    columns += [TruthColumn(name=f"t{k}") for k in range(10)]
    shares = rng.uniform(0.01, 0.9, 10)

    def drawn(n: int) -> list[Lead]:
        numbers = rng.lognormal(2, 1, (n, 10)) * (rng.random((n, 10)) < shares)
        truths = rng.random((n, 10)) < shares
        rows = zip(numbers.tolist(), truths.tolist())
        return [
            Lead(str(i), {f"n{k}": a for k, a in enumerate(one)} | {f"t{k}": b for k, b in enumerate(two)})
            for i, (one, two) in enumerate(rows)
        ]  # fmt: skip

    found = [skews(columns, usual_of(columns, drawn(150)), drawn(60)) for _ in range(60)]
    assert sum(map(bool, found)) <= 1


def without(column: str) -> Callable[[Lead], Lead]:
    return lambda lead: replace(lead, fields={**lead.fields, column: None})


def test_a_trained_bundle_compares_later_leads_with_those_it_learned_from() -> None:
    runtime = runtime_of(N)
    later = [as_lead(one) for one in make_leads(31, 400, first=N)]
    assert not runtime.skews([encode_lead(lead) for lead in later])
    emptied = map(without("demo_requested"), map(without("role"), later))
    found = runtime.skews([encode_lead(lead) for lead in emptied])
    assert [one.column for one in found] == ["demo_requested", "role"] or [
        one.column for one in found
    ] == ["role", "demo_requested"]


def test_predicting_a_table_tells_columns_that_are_unlike_and_only_these(tmp_path: Path) -> None:
    bundle = str(put(tmp_path / "leads.kwb", outcome_of(N)[2]))
    later = [without("role")(as_lead(one)) for one in make_leads(31, 200, first=N)]
    later[0] = replace(later[0], fields={**later[0].fields, "role": "IT"})
    rows = [["" if v is None else v for v in lead.fields.values()] for lead in later]
    given = str(put(tmp_path / "later.csv", table(list(later[0].fields), rows)))

    def kit(*more: str) -> str:
        done = CliRunner().invoke(make_app(), ["predict", given, "--bundle", bundle, *more])
        assert done.exit_code == 0, done.output
        return done.stdout

    out = str(tmp_path / "rows.csv")
    for told in (kit(), kit("--out", out), kit("--out", out, "--on", "cores")):
        assert "warn role is filled in (not no or 0) for 0.5% of 200 leads when scored" in told
        assert "is filled in later, or not any more" in told
    for answer in (json.loads(kit("--json")), json.loads(kit("--out", out, "--json"))):
        assert [one["column"] for one in answer["skews"]] == ["role"] and not answer["absent"]
