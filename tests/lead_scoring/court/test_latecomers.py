"""A column that begins with the latest leads is learned from by what ships, unless it is a leak."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from kits.lead_scoring._court.court import hold_court
from kits.lead_scoring._court.latecomers import with_latecomers
from kits.lead_scoring._court.midway import start_of
from kits.lead_scoring._court.verdicts import Court
from kits.lead_scoring._lead import Value
from kits.lead_scoring.config import Config
from tests.lead_scoring.court.court_tables import Made, finding, said_of

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


def since(made: Made, start: int, filled: Callable[[bool], Value]) -> list[Value]:
    """A column that is empty until a lead, and filled in by the outcome from then on."""
    return [filled(bool(won)) if n >= start else None for n, won in enumerate(made.won)]


@pytest.mark.parametrize(
    "start, kind",
    [
        (400, "a number that is larger"),
        (1_000, "a grade that judges"),
        (1_400, "filled in by those won"),
        (1_700, "filled in by those won"),
    ],
)
def test_a_leak_that_begins_midway_is_left_out_by_the_leads_since(start: int, kind: str) -> None:
    made = Made(2_000)
    draw = made.rng.random
    columns: dict[str, Callable[[bool], Value]] = {
        "filled in by those won": lambda won: "B" if won or draw() < 0.05 else None,
        "a number that is larger": lambda won: float(round(draw() * 10 + 10 * won)),
        "a grade that judges": lambda won: "AB"[draw() < 0.02] if won else "BC"[draw() < 0.7],
    }
    made.columns["class"] = since(made, start, columns[kind])
    court = made.court()
    # of 300 leads intervals are wide: there it may be asked about
    wanted = {"guilty"} if start < 1_700 else {"guilty", "suspicious"}
    assert finding(court, "class") in wanted, said_of(court, "class")
    assert ("class" in court.excluded) == (finding(court, "class") == "guilty")
    assert "in use only since 20" in said_of(court, "class")


def test_a_question_that_begins_midway_is_no_leak() -> None:
    made, start = Made(2_000), 1_400
    made.columns["premises"] = since(
        made, start, lambda _: str(made.rng.choice(["shop", "office"]))
    )
    made.columns["telling"] = since(
        made, start, lambda won: "yes" if made.rng.random() < (0.5 if won else 0.25) else "no"
    )
    made.columns["optional"] = since(
        made, start, lambda _: "yes" if made.rng.random() < 0.4 else None
    )
    court = made.court()
    assert {finding(court, name) for name in ("premises", "telling", "optional")} == {"cleared"}


@pytest.mark.parametrize(
    "codes, start",
    [
        ([0] * 500 + [2, 3] * 250, 505),
        ([2] * 500 + [3] * 500, 505),
        ([0, 2] * 500, None),
        ([0] * 1_000, None),
        ([0] * 980 + [2] * 20, None),
        ([0] * 50 + [2, 3] * 475, None),
    ],
)
def test_a_column_is_in_use_from_where_it_is_no_more_what_it_was(
    codes: list[int], start: int | None
) -> None:
    assert start_of(np.array(codes)) == start
