"""The court as a whole: whom it convicts, whom it spares, whose word counts."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone

import numpy as np
import pytest

from kits.core.errors import DataError
from kits.lead_scoring._court.court import hold_court
from kits.lead_scoring._court.verdicts import Court
from kits.lead_scoring._stand_ins import GIVEN
from kits.lead_scoring.config import ColumnsConfig, Config, CourtConfig
from tests.lead_scoring.court.court_tables import Made, finding, said_of


def _with_call_time(made: Made) -> Made:
    seconds = made.rng.gamma(1.5, 60, made.rows) * (1 + 3 * made.won)
    made.columns["call_duration"] = seconds.round().tolist()
    return made


def test_honest_columns_are_spared_however_strong() -> None:
    made = Made(strength=2.5)
    court = made.court()
    assert court.excluded == ()
    assert court.guilty("leak") == ()
    assert court.side_by_side[0].without_guilty.low > 0.8


def test_a_late_name_convicts_only_together_with_power() -> None:
    made = _with_call_time(Made())
    made.columns["meeting_duration"] = made.rng.gamma(1.5, 60, made.rows).round().tolist()
    court = made.court()
    assert "call_duration" in court.excluded
    assert finding(court, "meeting_duration") == "cleared"
    assert "call duration" in said_of(court, "call_duration")
    assert "AUC of 0." in said_of(court, "call_duration")


def test_a_strong_column_without_any_mark_is_suspected_and_stays() -> None:
    made = Made()
    made.columns["x17"] = (made.rng.normal(size=made.rows) + 2 * made.won).round(3).tolist()
    court = made.court()
    assert finding(court, "x17") == "suspicious"
    assert "x17" not in court.excluded
    # when a joined table was changed the court does not know: it must not say that nothing else speaks for a late column
    assert said_of(court, "x17").endswith("when it was written, neither its name nor its cells say")


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("Kanal", "cleared"),
        ("Lead Source", "cleared"),
        ("Latest source", "suspicious"),
        ("Region", "suspicious"),
    ],
)
def test_where_a_lead_came_from_is_known_with_it(name: str, found: str) -> None:
    made = Made()
    made.columns[name] = (made.rng.normal(size=made.rows) + 2 * made.won).round(2).tolist()
    assert finding(made.court(), name) == found


def test_no_honest_column_alone_is_nearly_certain() -> None:
    made = Made()
    made.columns["x17"] = (made.rng.normal(size=made.rows) + 5 * made.won).round(3).tolist()
    assert "x17" in made.court().excluded


def test_a_column_filled_in_only_after_winning_is_convicted_without_a_telling_name() -> None:
    made = Made()
    made.columns["f3"] = [
        "A" if won and lot < 0.7 else None for won, lot in zip(made.won, made.rng.random(made.rows))
    ]
    court = made.court()
    assert "f3" in court.excluded
    assert "of those filled in 100% were won" in said_of(court, "f3")


def test_a_form_that_buyers_fill_in_more_often_is_suspected_at_most() -> None:
    made = Made()
    chance = np.where(made.won == 1, 0.8, 0.35)
    filled = made.rng.random(made.rows) < chance
    made.columns["seats wanted"] = [float(5) if yes else None for yes in filled]
    assert "seats wanted" not in made.court().excluded


def test_a_sum_that_is_nought_for_all_who_lost_is_convicted() -> None:
    made = Made()
    made.columns["wert"] = np.where(
        made.won == 1, made.rng.lognormal(5, 1, made.rows).round(2), 0.0
    ).tolist()
    court = made.court()
    assert "wert" in court.excluded
    assert "it restates the outcome" in said_of(court, "wert")


@pytest.mark.parametrize(("share", "expected"), [(0.6, "guilty"), (0.28, "suspicious")])
def test_a_flag_that_only_buyers_have_is_asked_about_and_convicted_where_most_do(
    share: float, expected: str
) -> None:
    made = Made()
    flag = (made.won == 1) & (made.rng.random(made.rows) < share)
    made.columns["q3"] = ["1" if one else "0" for one in flag]
    court = made.court()
    assert finding(court, "q3") == expected
    assert "is of won leads alone" in said_of(court, "q3")


@pytest.mark.parametrize(
    ("name", "often", "expected"),
    [(f"phone{GIVEN}", (0.45, 0.9), "suspicious"), (f"phone{GIVEN}", (0.5, 0.6), "cleared"), ("q3", (0.45, 0.9), "cleared")],
)  # fmt: skip
def test_who_fills_in_a_number_is_asked_where_it_tells_as_a_flag_of_the_form_is_not(
    name: str, often: tuple[float, float], expected: str
) -> None:
    made = Made()
    left = made.rng.random(made.rows) < np.where(made.won == 1, often[1], often[0])
    made.columns[name] = left.tolist()
    assert finding(made.court(), name) == expected


def test_a_flag_that_nearly_only_buyers_have_is_let_go() -> None:
    made = Made()
    flag = made.rng.random(made.rows) < np.where(made.won == 1, 0.2, 0.01)
    made.columns["q3"] = ["1" if one else "0" for one in flag]
    assert "is of won leads alone" not in str(made.court().as_json())


def test_values_that_restate_the_outcome_convict() -> None:
    made = Made()
    words = np.where(
        made.won == 1,
        made.rng.choice(["Closed by Anna", "Contract signed"], made.rows),
        made.rng.choice(["not interested", "lost to others", "falsche Nummer"], made.rows),
    )
    gone = made.rng.random(made.rows) < 0.4
    made.columns["f9"] = [None if no else str(word) for word, no in zip(words, gone)]
    court = made.court()
    assert "f9" in court.excluded
    assert "speak of what became of the lead" in said_of(court, "f9")


def test_dates_after_the_decision_convict_when_they_tell_the_outcome() -> None:
    made = Made()
    days = made.rng.gamma(2, np.where(made.won == 1, 4, 14)) + 2
    made.columns["f5"] = [
        (datetime.fromtimestamp(at, timezone.utc) + timedelta(days=float(lag))).isoformat()
        for at, lag in zip(made.at_s(), days)
    ]
    court = made.court()
    assert "f5" in court.excluded
    assert "lie after the moment of the decision" in said_of(court, "f5")


def test_what_all_open_leads_lack_comes_with_the_outcome() -> None:
    made = Made(1_500)
    codes = made.rng.choice(["k1", "k2", "k3"], made.rows)
    made.columns["f2"] = codes.tolist()
    honest = {name: values[0] for name, values in made.columns.items() if name != "f2"}
    table = made.table(open_leads=[honest] * 60)
    court = hold_court(table, Config(), seed=0)
    assert "f2" in court.excluded
    assert "of 60 open ones" in said_of(court, "f2")
    assert "source" not in court.excluded


def test_an_earlier_matter_is_not_taken_for_this_one() -> None:
    made = Made()
    success = np.where(made.rng.random(made.rows) < 0.25 + 0.5 * made.won, "success", "failure")
    made.columns["previous_call_result"] = success.tolist()
    court = made.court()
    assert finding(court, "previous_call_result") != "guilty"


def test_a_persons_word_is_stronger_than_the_court_and_is_told() -> None:
    made = _with_call_time(Made())
    config = Config(columns=ColumnsConfig(keep=("call_duration",), exclude=("source",)))
    court = made.court(config)
    assert court.excluded == ("source",)
    kept = court.of("call_duration", "leak")
    assert kept is not None and kept.finding == "guilty" and kept.action == "keep"
    assert "columns.keep names it" in said_of(court, "call_duration")
    assert "columns.exclude names it" in said_of(court, "source")


def test_leaks_may_be_left_to_the_person() -> None:
    court = _with_call_time(Made()).court(Config(court=CourtConfig(leaks="warn")))
    assert court.excluded == ()
    assert court.guilty("leak") == ("call_duration",)


def test_both_splits_are_shown_with_and_without_leaks() -> None:
    court = _with_call_time(Made()).court()
    assert [side.split for side in court.side_by_side] == ["random", "time"]
    for side in court.side_by_side:
        assert side.all_columns.low > side.without_guilty.value
        assert side.without_guilty.low < side.without_guilty.value < side.without_guilty.high


def test_the_same_table_and_seed_give_the_same_court() -> None:
    made = _with_call_time(Made(1_000))
    assert made.court() == made.court()


def test_a_court_comes_back_from_json_as_it_was() -> None:
    court = _with_call_time(Made(1_000)).court()
    assert Court.from_json(json.loads(json.dumps(court.as_json()))) == court
    with pytest.raises(DataError, match="not the findings of a court"):
        Court.from_json({"verdicts": "none"})


@pytest.mark.parametrize("rows", [0, 1, 12])
def test_a_handful_of_leads_gives_no_figures_and_no_crash(rows: int) -> None:
    made = Made(3_000)
    made.columns["close_date"] = ["2025-05-01"] * 1_500 + ["2025-06-01"] * 1_500
    table = made.table().rows(np.arange(rows))
    court = hold_court(table, Config(), seed=0)
    assert court.leads == rows
    assert "nothing can be measured" in court.no_signal
    assert court.side_by_side == ()


def test_names_alone_convict_where_too_few_outcomes_can_be_measured() -> None:
    made = Made(400)
    made.won = np.zeros(400)
    made.won[::80] = 1.0
    made.columns["lost_reason"] = made.rng.choice(["price", "time"], 400).tolist()
    made.columns["lead_rating"] = made.rng.choice(["a", "b"], 400).tolist()
    court = made.court()
    assert "lost_reason" in court.excluded
    assert finding(court, "lead_rating") == "suspicious"


def test_without_time_there_is_no_drift_and_no_later_split() -> None:
    court = Made().court(order="none")
    assert court.adversarial_auc is None
    assert court.course == ()
    assert court.drifting == ()
    assert [side.split for side in court.side_by_side] == ["random"]


def test_what_a_reader_counted_up_to_the_decision_is_not_judged_by_its_name() -> None:
    made = Made()
    sent = made.rng.poisson(0.4 + 1.2 * made.won).astype(float).tolist()
    made.columns["Proposal sent"] = sent
    assert "Proposal sent" in made.court().excluded
    del made.columns["Proposal sent"]
    made.columns["visits: count"] = made.rng.poisson(3, made.rows).astype(float).tolist()
    made.columns["visits: Proposal sent"] = sent
    assert finding(made.court(), "visits: Proposal sent") != "guilty"


def test_a_number_that_only_customers_have_is_a_leak_beside_an_identity() -> None:
    made = Made()
    made.columns["contract key"] = [
        f"C-{number:05d}" if won else None for number, won in enumerate(made.won)
    ]
    court = made.court()
    assert finding(court, "contract key", "identity") == "guilty"
    assert finding(court, "contract key") == "guilty"
    assert court.excluded == ("contract key",)
