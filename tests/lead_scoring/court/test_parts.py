"""What the court stands on: names in many languages, columns as they are read, AUC by counts, and how it is told."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from kits.core.stats import Estimate, auroc
from kits.lead_scoring._court.accused import Accused
from kits.lead_scoring._court.columns import EMPTY, read_column
from kits.lead_scoring._court.marks_of_outcome import by_gaps
from kits.lead_scoring._court.measures import alone, auc_of, auc_within
from kits.lead_scoring._court.names import Sort, said, told_of_persons, words_of
from kits.lead_scoring._court.tables import plots
from kits.lead_scoring._court.telling import findings, notes, warning
from kits.lead_scoring._court.verdicts import Court, Side, Verdict
from kits.lead_scoring._court.yardstick import Sums, Yardstick
from kits.lead_scoring._lead import Value
from kits.lead_scoring.config import ColumnsConfig, Config, CourtConfig
from tests.lead_scoring.court.court_tables import Made
from tests.sampled import sampled


@pytest.mark.parametrize(
    ("sort", "name"),
    [
        ("after", "CloseDate"),
        ("after", "hs_closed_amount"),
        ("after", "Verlustgrund"),
        ("after", "Motif de perte"),
        ("after", "IsConverted"),
        ("worked", "LastNotableActivity"),
        ("worked", "last_contacted_at"),
        ("worked", "Letzte Aktivität"),
        ("worked", "zuletzt geändert"),
        ("worked", "fecha de modificación"),
        ("worked", "Duration"),
        ("worked", "Number of Sales Activities"),
        ("maybe", "Administrative_Duration"),
        ("maybe", "sales_rep__c"),
        ("earlier", "previous_outcome"),
        ("after", "closedate"),
        ("after", "hs_leadstatus"),
        ("worked", "LASTCONTACTDATE"),
        ("worked", "Ratio Days Identified To Total Days"),
        ("protected", "Year_Birth"),
        ("protected", "DAYS_BIRTH"),
        ("protected", "yearofbirth"),
        ("protected", "MARITALSTATUS"),
        ("protected", "applicant_age"),
        ("protected", "Age Category"),
        ("protected", "native-country"),
        ("protected", "Ever_Married"),
        ("protected", "Geb.-Jahr"),
        ("protected", "Geburtsmonat"),
        ("protected", "Année naissance"),
        ("protected", "situation_maritale"),
    ],
)
def test_names_are_understood(sort: Sort, name: str) -> None:
    assert said(sort, name) is not None


@pytest.mark.parametrize(
    ("sort", "name"),
    [
        ("worked", "last name"),
        ("after", "disclosed"),
        ("after", "enclosure date"),
        ("worked", "Total Time Spent on Website"),
        ("worked", "TotalVisits"),
        ("maybe", "stagecoach"),
        ("after", "Lead Origin"),
        ("worked", "poutcome"),
        ("maybe", "homework"),
        ("protected", "household size"),
        ("protected", "manage"),
    ],
)
def test_names_are_not_misunderstood(sort: Sort, name: str) -> None:
    assert said(sort, name) is None


def test_a_hostile_name_costs_little() -> None:
    assert said("worked", "last " * 100_000) is None
    assert words_of("") == ()


@pytest.mark.parametrize(
    "values",
    [
        ["Herr", "Frau", "Frau Dr.", "Divers", "Familie"],
        ["M", "F"],
        ["Male", "Female", "prefer not to say"],
        ["Monsieur", "Mme"],
    ],
)
def test_values_that_are_genders_are_known(values: list[str]) -> None:
    what, told = told_of_persons(values)
    assert what == "genders"
    assert len(told) > 1


@pytest.mark.parametrize(
    "values",
    [
        ["1. Never Married", "2. Married", "3. Widowed"],
        ["Married-civ-spouse", "Never-married", "Divorced", "Married-spouse-absent"],
        ["ledig", "verheiratet", "eingetragene Lebenspartnerschaft"],
        ["Célibataire", "Marié(e)", "Divorcé(e)"],
        ["single", "married", "unknown"],
        ["Gift", "Ogift", "Skild"],
    ],
)
def test_values_that_are_marital_statuses_are_known(values: list[str]) -> None:
    what, told = told_of_persons(values)
    assert what == "marital statuses"
    assert len(told) > 1


@pytest.mark.parametrize(
    "values",
    [
        ["M", "L", "S"], ["Frau"], ["W", "M"], ["Men's shoes", "Women's shoes"], ["m", "unknown"], [],
        ["Single", "Double", "Suite"], ["single", "other"], ["Separated waste", "Single use"], ["Gift", "Single"],
    ],
)  # fmt: skip
def test_values_that_are_something_else_say_nothing_of_persons(values: list[str]) -> None:
    assert told_of_persons(values) == ("", ())


def test_numbers_dates_and_choices_are_told_apart() -> None:
    number = read_column("n", [*map(str, range(40)), None])
    assert (number.kind, number.distinct) == ("number", 40)
    assert number.codes[-1] == EMPTY
    date = read_column("d", ["2025-01-02", "2025-03-04T10:00:00+00:00", None, "2025-04-01"])
    assert date.kind == "date"
    assert date.numbers[1] - date.numbers[0] == 61 * 86_400 + 10 * 3_600
    choice = read_column("c", ["a", "b", "", None, True])
    assert choice.kind == "choice"
    assert choice.filled.tolist() == [True, True, False, False, True]
    assert read_column("z", [1.0, 2.0, 1.0], categorical=True).kind == "choice"
    assert read_column("z", ["1", "x", "y"], numeric=True).kind == "number"


def test_auc_by_counts_is_that_by_ranks_and_its_interval_covers() -> None:
    rng = np.random.default_rng(0)
    covered = 0
    for _ in range(200):
        ones = rng.random(400) < 0.3
        scores = rng.normal(size=400).round(1) + ones  # the true AUC is Φ(1/√2), a tie counted half
        found = auc_of(scores, ones)
        assert found.value == pytest.approx(auroc(scores, ones))
        covered += found.low <= 0.7602 <= found.high
    assert covered >= 180


def test_a_column_is_scored_by_leads_it_was_not_learned_from() -> None:
    rng = np.random.default_rng(0)
    noise = read_column("c", [f"v{k}" for k in rng.integers(0, 25, 600)])
    won = (rng.random(600) < 0.2).astype(float)
    folds = np.arange(600) % 5
    found = alone(noise.codes, noise.bins, won, folds)
    assert found.low < 0.5 < found.high


def test_a_yardstick_without_or_with_a_column_is_one_learned_so() -> None:
    made = Made(800)
    columns = [read_column(name, values) for name, values in made.columns.items()]
    folds = made.rng.permutation(np.arange(800) % 5)
    sums = Sums.of(columns, folds, np.arange(800))
    whole = Yardstick(sums, made.won, range(5))
    part = Yardstick(sums, made.won, [1, 3, 4])
    assert whole.auc(without=[0, 2]).value == pytest.approx(part.auc().value, abs=1e-9)
    more = Yardstick(sums, made.won, [0, 1, 3, 4])
    assert part.auc(also=0).value == pytest.approx(more.auc().value, abs=1e-9)
    assert whole.auc().value > part.auc().value > Yardstick(sums, made.won, [3, 4]).auc().value


@pytest.mark.slow
def test_very_many_columns_are_judged_within_bounds() -> None:
    made = Made(600)
    for number in range(90):
        made.columns[f"n{number}"] = made.rng.normal(size=600).tolist()
    made.columns["call_duration"] = (made.rng.gamma(1.5, 60, 600) * (1 + 3 * made.won)).tolist()
    court = made.court()
    assert court.excluded == ("call_duration",)
    assert court.no_signal == ""


def test_findings_tell_leaks_with_figures_and_what_to_do() -> None:
    made = Made()
    made.columns["call_duration"] = (
        made.rng.gamma(1.5, 60, made.rows) * (1 + 3 * made.won)
    ).tolist()
    made.columns["x17"] = (made.rng.normal(size=made.rows) + 2 * made.won).tolist()
    told = {one.check: one for one in findings(made.court())}
    assert told["leaks"].level == "warn"
    assert "call_duration" in told["leaks"].text
    assert "model.columns.keep" in told["leaks"].fix
    assert "x17" in told["possible-leaks"].text
    assert "it is learned from meanwhile" in told["possible-leaks"].text
    assert "AUC" in told["leak-price"].text
    # what a possible leak promises is not said to come true
    side = made.court().side_by_side[-1]
    assert side.without_suspects is not None
    worth = f"{side.without_suspects.value:.3f}"
    assert side.without_guilty.value > 0.9 > side.without_suspects.value
    assert f"or {worth} if the possible leaks are leaks too" in told["leak-price"].text
    assert f"{worth} without" in told["possible-leaks"].text


def test_a_person_who_has_decided_is_not_asked_again() -> None:
    made = Made()
    made.columns["call_duration"] = (
        made.rng.gamma(1.5, 60, made.rows) * (1 + 3 * made.won)
    ).tolist()
    made.columns["x17"] = (made.rng.normal(size=made.rows) + 2 * made.won).tolist()
    keep = Config(columns=ColumnsConfig(keep=("call_duration", "x17")))
    told = {one.check: one for one in findings(made.court(keep))}
    assert "leaks" not in told and "possible-leaks" not in told
    assert "call_duration" in told["kept-columns"].text
    warn = {one.check: one for one in findings(made.court(Config(court=CourtConfig(leaks="warn"))))}
    assert "learned from all the same" in warn["leaks"].fix


def test_nothing_suspected_is_said_too() -> None:
    told = [one.check for one in findings(Made(1_000).court(order="none"))]
    assert told == ["court"]


def test_a_run_notes_what_was_left_out_and_whose_word_it_was() -> None:
    made = Made()
    made.columns["lost reason"] = made.rng.choice(["price", "time"], made.rows).tolist()
    made.columns["call_duration"] = (
        made.rng.gamma(1.5, 60, made.rows) * (1 + 3 * made.won)
    ).tolist()
    made.columns["x17"] = (made.rng.normal(size=made.rows) + 2 * made.won).tolist()
    court = made.court(Config(columns=ColumnsConfig(keep=("call_duration",))))
    latest = court.side_by_side[-1]
    assert latest.without_suspects is not None
    reached, sure = latest.without_guilty.value, latest.without_suspects.value
    assert reached > sure + 0.02
    assert notes(court) == (
        "left out: lost reason tells what only became known with or after the outcome",
        "learned from by a person's word, against the court: call_duration",
        "is x17 filled in before the first call? If after, these figures never come true (on the latest quarter small "
        f"trees reach an AUC of {reached:.3f} with it, {sure:.3f} without)",
    )


@pytest.mark.parametrize("suspects", [("tag",), ("tag", "visits")])
@pytest.mark.parametrize(("without", "first"), [(0.70, True), (0.80, False), (None, False)])
def test_figures_that_hang_on_possible_leaks_are_no_heading_until_somebody_decides(
    suspects: tuple[str, ...], without: float | None, first: bool
) -> None:
    def around(auc: float) -> Estimate:
        return Estimate(value=auc, low=auc - 0.04, high=auc + 0.04, n=500, method="DeLong")

    side = Side("time", around(0.85), around(0.85), None if without is None else around(without))
    court = Court(
        tuple(Verdict(one, "leak", "suspicious", 0.8, ("strong",), "warn") for one in suspects),
        (),
        (),
        side_by_side=(side,),
    )
    said = warning(court)
    assert (said is not None) == first
    assert any(one.startswith("decide: tag") for one in notes(court)) != first
    assert "possible-leaks" in {one.check for one in findings(court)}
    if said is not None:
        assert notes(court) == (said.text,)
        assert said.text.startswith("is tag filled" if suspects == ("tag",) else "are tag, visits")
        assert "model.columns.exclude" in said.fix
        silent = warning(replace(court, no_signal="no signal"))
        assert silent is not None and silent.check == "no-signal"


def test_the_report_has_verdicts_splits_and_periods() -> None:
    made = Made()
    made.columns["gender"] = made.rng.choice(["f", "m"], made.rows).tolist()
    made.columns["lost reason"] = made.rng.choice(["price", "time"], made.rows).tolist()
    shown = plots(made.court())
    assert [plot.title for plot in shown] == [
        "The court: columns and verdicts",
        "Random and later leads, with and without leaks",
        "What tells the period",
    ]
    for plot in shown:
        assert len({len(row) for row in plot.table}) == 1
    assert shown[0].table[1][:3] == ("lost reason", "leak", "guilty")
    assert [row[4] for row in shown[0].table[1:3]] == ["left out", "left out"]


_ODD: tuple[Value, ...] = (
    None, "", " ", "nan", "inf", "1e400", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "2025-02-30",
    "2025-01-01T25:00", "2025-01-01", True, False, 1e308, -1e308, 0.0, 1e-320, "ä" * 4_000, "\x00\x1b[31m", "a;b", 5.0,
)  # fmt: skip


@pytest.mark.parametrize("seed", sampled(range(12), every=3))
def test_odd_values_and_names_never_break_a_court(seed: int) -> None:
    made = Made(int(np.random.default_rng(seed).choice([1, 20, 150])), seed=seed)
    if seed % 4 == 0:
        made.won[:] = seed % 8 == 0
    for number in range(10):
        pool = [_ODD[place] for place in made.rng.integers(0, len(_ODD), 1 + number % 5)]
        name = ("", "close date", "=duration", "a.b", "gender", "\n", "Last " * 50)[number % 7]
        made.columns[f"{name}{number}"] = [
            pool[place] for place in made.rng.integers(0, len(pool), made.rows)
        ]
    for order in ("clock", "rank", "none"):
        court = made.court(order=order)
        assert Court.from_json(json.loads(json.dumps(court.as_json()))) == court
        assert list(findings(court)) and plots(court)


def test_an_auc_within_stretches_counts_no_pair_of_different_times() -> None:
    rng = np.random.default_rng(1)
    near = np.arange(2_000) // 200
    ones = rng.random(2_000) < np.linspace(0.05, 0.8, 10)[near]
    time_alone = near.astype(float)
    assert auc_of(time_alone, ones).low > 0.7
    assert auc_within(time_alone, ones, near).value == 0.5
    told = auc_within(time_alone + 0.3 * ones + rng.normal(size=2_000) * 0.3, ones, near)
    assert told.low > 0.7 and told.n == 2_000


@pytest.mark.parametrize("share", [0.012, 0.3, 0.988])
def test_whether_a_value_is_there_restates_the_outcome_only_where_each_outcome_has_its_own_state(
    share: float,
) -> None:
    rng = np.random.default_rng(0)
    won = (rng.random(8_000) < share).astype(float)
    optional = rng.random(len(won)) < 0.8
    for filled, restates in ((optional, False), (won == 1, True), (won == 0, True)):
        column = read_column("roof", ["A" if there else None for there in filled])
        accused = Accused(column, won, None, np.ones(len(won), dtype=bool), None)
        # of a hundred won ones it is only nearly certain that none lacks it
        assert [mark.weight >= 2.5 for mark in by_gaps(accused)] == [True] * restates
