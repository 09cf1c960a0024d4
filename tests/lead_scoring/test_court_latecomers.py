"""A column that begins with the latest leads is learned from by what ships, unless it is a leak."""

from __future__ import annotations

import numpy as np

from kits.lead_scoring._court.court import hold_court
from kits.lead_scoring._court.latecomers import with_latecomers
from kits.lead_scoring._court.verdicts import Court
from kits.lead_scoring.config import Config
from tests.lead_scoring.court_tables import Made

EARLIER = 1_700


def held(made: Made) -> tuple[Court, Court]:
    """The court on the earlier leads, and with those columns kept that began with the latest 300."""
    table = made.table()
    court = hold_court(table.rows(np.arange(len(table)) < EARLIER), Config(), seed=0)
    latest = table.rows(np.arange(len(table)) >= EARLIER)
    return court, with_latecomers(court, latest, Config(), seed=0)


def test_a_new_question_of_the_form_is_kept() -> None:
    made = Made(2_000)
    answers = made.rng.choice(["shop", "office"], made.rows).tolist()
    made.columns["premises"] = ["none"] * EARLIER + answers[EARLIER:]
    made.columns["always"] = ["EUR"] * made.rows
    court, kept = held(made)
    assert {"premises", "always"} <= set(court.excluded)
    assert "premises" not in kept.excluded and "always" in kept.excluded
    verdict = kept.of("premises", "constant")
    assert verdict is not None and "not so for the latest leads" in verdict.evidence[-1]


def test_a_new_column_that_restates_the_outcome_stays_out() -> None:
    made = Made(2_000)
    made.columns["premises"] = [
        f"C{n % 7}" if won and n >= EARLIER else None for n, won in enumerate(made.won)
    ]
    _, kept = held(made)
    assert "premises" in kept.excluded


def test_without_such_columns_the_court_stays_as_it_was() -> None:
    court, kept = held(Made(2_000))
    assert kept is court
