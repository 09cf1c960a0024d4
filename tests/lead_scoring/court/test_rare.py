"""Of a table so large that the court draws leads of it, a column that hardly one of those differs in is asked about in all."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from kits.lead_scoring._court.court import hold_court
from kits.lead_scoring._court.held import court_by_splits
from kits.lead_scoring._court.rare import with_rare
from kits.lead_scoring._court.telling import findings
from kits.lead_scoring._court.verdicts import Court
from kits.lead_scoring._lead import Value
from kits.lead_scoring.config import Config
from tests.lead_scoring.court.court_tables import Made

ROWS, FEW = 12_000, 24
DRAWN = 4_000


@pytest.fixture(scope="module")
def courts() -> tuple[Court, Court]:
    """A wide table with rare columns: the court on what it drew, and with those of all leads."""
    made = Made(ROWS)
    some = made.rng.permutation(ROWS)[:FEW]
    won = np.flatnonzero(made.won)
    made.columns["asked for a visit"] = flag(some)
    made.columns["contract signed by"] = flag(made.rng.permutation(won)[:FEW], "CEO")
    made.columns["once"] = flag(some[:4])
    for number in range(380):
        made.columns[f"filler {number}"] = ["EUR"] * ROWS
    table = made.table()
    held = court_by_splits(table, Config(), seed=0)
    assert held is not None
    return hold_court(table, Config(), seed=0), held.court


def flag(rows: np.ndarray[tuple[int], np.dtype[np.intp]], word: str = "yes") -> Sequence[Value]:
    """A column that a few leads have."""
    marked = set(rows.tolist())
    return [word if row in marked else None for row in range(ROWS)]


@pytest.mark.slow
def test_a_column_that_a_draw_hardly_meets_is_learned_from(courts: tuple[Court, Court]) -> None:
    drawn, held = courts
    assert drawn.leads == DRAWN and "asked for a visit" in drawn.excluded
    assert "asked for a visit" not in held.excluded
    verdict = held.of("asked for a visit", "constant")
    assert verdict is not None and verdict.evidence[-1] == f"{FEW} of all {ROWS} differ"


@pytest.mark.slow
def test_a_rare_column_that_only_those_have_that_were_won_stays_out(
    courts: tuple[Court, Court],
) -> None:
    _, held = courts
    assert "contract signed by" in held.excluded
    verdict = held.of("contract signed by", "leak")
    assert verdict is not None and verdict.finding == "guilty"


@pytest.mark.slow
def test_what_is_the_same_for_nearly_all_is_said_of_all_leads(courts: tuple[Court, Court]) -> None:
    _, held = courts
    told = {"filler 0": f"“EUR” for all {ROWS} leads", "once": f"all but 4 of {ROWS} leads"}
    for name, said in told.items():
        verdict = held.of(name, "constant")
        assert name in held.excluded and verdict is not None and said in verdict.evidence[0]


@pytest.mark.slow
def test_a_sentence_names_a_few_of_many_columns_and_lists_all_below(
    courts: tuple[Court, Court],
) -> None:
    found = [one for one in findings(courts[1]) if one.check == "constant-columns"]
    assert found[0].text.count("filler") == 9 and "and 371 more are" in found[0].text
    assert len(found[0].evidence) == 381


def test_a_table_that_was_looked_at_whole_has_one_court() -> None:
    made = Made(500)
    made.columns["always"] = ["EUR"] * made.rows
    court = hold_court(made.table(), Config(), seed=0)
    assert with_rare(court, made.table(), Config(), seed=0) is court
