"""What open leads say of columns: those of the latest leads too, and only of leads of their own kind."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from kits.core.kit import TrainTask
from kits.core.operating_point import Costs
from kits.lead_scoring._checking.checks import check
from kits.lead_scoring._court.case import case_of, marks_in
from kits.lead_scoring._lead import Value
from kits.lead_scoring._learning.prepared import prepare
from kits.lead_scoring.config import Config
from tests.lead_scoring.court.court_tables import Made
from tests.lead_scoring.trained_leads import SEED, a_dataset, splits_in_time

LEADS, OPEN = 300, 33


def test_a_column_that_open_leads_lack_is_convicted_where_all_of_them_are_of_test(
    tmp_path: Path,
) -> None:
    made = Made(LEADS)
    made.columns["f2"] = made.rng.choice(["k1", "k2"], LEADS).tolist()
    leads = [
        lead if row < LEADS - OPEN else type(lead)(lead.id, {**lead.fields, "f2": None}, lead.at)
        for row, lead in enumerate(made.table().leads)
    ]
    # before test so few are won that nothing is measured, which would take seconds
    won = [(row % 32 == 0 or row >= 255) if row < LEADS - OPEN else None for row in range(LEADS)]
    dataset = a_dataset(leads, won, splits_in_time(LEADS))
    (leaks,) = [one for one in check(dataset, Config()) if one.check == "leaks"]
    assert f"0% of {OPEN} open ones" in leaks.evidence[0]
    task = TrainTask(dataset, Config(), Costs(), tmp_path, SEED, device="cpu")
    assert prepare(task, Config()).court.excluded == ("f2",)


@pytest.mark.parametrize(("fair", "speaks"), [(0, True), (OPEN // 2, True), (OPEN, False)])
def test_visitors_of_a_fair_do_not_tell_of_what_the_web_asks(fair: int, speaks: bool) -> None:
    """None of the open leads has a campaign: those of a fair never do, those of the web do once they are decided."""
    made = Made(600)
    sources = made.columns["source"]
    made.columns["campaign"] = [None if one == "fair" else "c1" for one in sources]
    others: Mapping[str, Value] = {"visits": 3.0, "employees": 20.0, "budget": 9.0}
    open_leads = [
        {**others, "source": "fair" if row < fair else "web", "sector": ["steel", "food"][row % 2]}
        for row in range(OPEN)
    ]
    case = case_of(made.table(open_leads=open_leads), Config(), seed=0)
    (column,) = [one for one in case.columns if one.name == "campaign"]
    assert any(one.kind == "open leads" for one in marks_in(column, case)) is speaks


def test_a_tick_or_nothing_says_nothing_by_being_1_for_all_open_leads_that_have_it() -> None:
    made = Made(600)
    made.columns["tick"] = [1.0 if made.rng.random() < 0.3 else None for _ in range(600)]
    others: Mapping[str, Value] = {"visits": 3.0, "source": "web", "sector": "steel"}
    open_leads = [{**others, "tick": 1.0 if row % 3 else None} for row in range(3 * OPEN)]
    case = case_of(made.table(open_leads=open_leads), Config(), seed=0)
    (column,) = [one for one in case.columns if one.name == "tick"]
    assert not [one for one in marks_in(column, case) if one.kind == "open leads"]
