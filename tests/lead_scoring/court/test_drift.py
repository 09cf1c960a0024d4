"""Drift: what tells the period is named, what does not is left alone."""

from __future__ import annotations

import numpy as np
import pytest

from kits.lead_scoring._court.case import as_lag, case_of
from kits.lead_scoring._court.columns import read_column
from kits.lead_scoring._court.drift import course_of, course_p, find_moved
from kits.lead_scoring.config import ColumnsConfig, Config, CourtConfig
from tests.lead_scoring.court.court_tables import Made, finding, said_of


def _with_rate(made: Made) -> Made:
    """An interest rate that falls: it tells the period and nothing of a lead."""
    steps = np.repeat(np.linspace(5, 1, 20), made.rows // 20)
    made.columns["interest_rate"] = steps.round(2).tolist()
    return made


def test_what_tells_the_period_is_left_to_the_folds() -> None:
    court = _with_rate(Made()).court(order="rank")
    assert court.drifting == ("interest_rate",)
    assert court.excluded == ()
    assert "in the latest fifth" in said_of(court, "interest_rate", "drift")
    assert court.adversarial_auc is not None and court.adversarial_auc.low > 0.9
    assert court.removals[0].column == "interest_rate"
    assert court.removals[0].rest.value < 0.56


@pytest.mark.parametrize(
    ("said", "drifting", "excluded"), [("exclude", (), ("interest_rate",)), ("warn", (), ())]
)
def test_settings_decide_about_drift(
    said: str, drifting: tuple[str, ...], excluded: tuple[str, ...]
) -> None:
    config = Config(court=CourtConfig.model_validate({"drift": said}))
    court = _with_rate(Made()).court(config, order="rank")
    assert (court.drifting, court.excluded) == (drifting, excluded)


def test_a_person_keeps_a_column_that_drifts() -> None:
    config = Config(columns=ColumnsConfig(keep=("interest_rate",)))
    assert _with_rate(Made()).court(config, order="rank").drifting == ()


@pytest.mark.parametrize("seed", range(5))
def test_leads_that_did_not_change_are_not_told_apart(seed: int) -> None:
    court = Made(seed=seed).court(order="rank")
    assert court.adversarial_auc is not None
    assert court.adversarial_auc.low < 0.5 + 0.02
    assert court.drifting == ()
    assert all(one.charge != "drift" for one in court.verdicts)


@pytest.mark.slow
def test_the_limit_of_chance_holds_for_all_columns_together() -> None:
    rng = np.random.default_rng(0)
    folds = rng.permutation(np.arange(1_000) * 5 // 1_000)
    passed = 0
    for seed in range(40):
        columns = [
            read_column(f"c{number}", rng.choice(list("abcdefgh"), 1_000).tolist())
            for number in range(8)
        ]
        moved = find_moved(columns, folds, seed)
        passed += any(one.distance > one.chance for one in moved)
    assert passed <= 3  # 1 % each; 4 or more of 40 come once in 1,500 times


def test_a_small_shift_of_many_leads_is_no_charge() -> None:
    made = Made(8_000)
    late = np.arange(made.rows) > 0.8 * made.rows
    made.columns["region"] = np.where(
        made.rng.random(made.rows) < 0.5 + 0.06 * late, "north", "south"
    ).tolist()
    assert finding(made.court(order="rank"), "region", "drift") == "cleared"


def test_the_course_of_the_base_rate_is_told_with_its_doubt() -> None:
    made = Made(4_000)
    rising = (made.rng.random(4_000) < np.linspace(0.05, 0.3, 4_000)).astype(float)
    course = course_of(np.arange(4_000.0), rising)
    assert len(course) == 10
    assert course[0].won.high < course[-1].won.low
    assert course_p(rising, 0) < 0.01
    assert course_p((made.rng.random(4_000) < 0.2).astype(float), 0) > 0.01


def test_a_date_is_judged_by_its_distance_from_the_decision() -> None:
    made = Made()
    made.columns["created"] = [
        f"{np.datetime64(int(at - 86_400 * lag), 's')}"
        for at, lag in zip(made.at_s(), made.rng.integers(1, 30, made.rows))
    ]
    assert finding(made.court(), "created", "drift") == "cleared"
    case = case_of(made.table(), Config(), seed=0)
    said = as_lag(next(one for one in case.columns if one.name == "created"), case).labels[2:]
    assert said[0] == "29 days before the decision" or said[0].startswith("from 29 days before")
    assert all(label.endswith(" days before the decision") for label in said)


def test_a_column_that_only_counts_days_until_the_export_is_told_so() -> None:
    made = Made()
    made.columns["days in system"] = (np.arange(made.rows)[::-1] // 3).astype(float).tolist()
    court = made.court(order="rank")
    assert court.drifting == ("days in system",)
    assert "it goes with time (rank correlation 1.000)" in said_of(court, "days in system", "drift")
