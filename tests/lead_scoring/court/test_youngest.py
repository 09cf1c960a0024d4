"""What the youngest leads lack: a column that is filled in as a lead is worked on, and columns that only look so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path

import numpy as np
import pytest

from kits.core.dataset import DatasetItem, Split
from kits.lead_scoring._court.case import case_of
from kits.lead_scoring._court.held import court_by_splits
from kits.lead_scoring._lead import Value
from kits.lead_scoring._reading.samples import HELD_OPEN
from kits.lead_scoring._table import LeadTable, load_table
from kits.lead_scoring.config import Config
from tests.lead_scoring.court.court_tables import Made
from tests.lead_scoring.trained_leads import SEED, a_dataset

LEADS = 900
Filled = Callable[[np.random.Generator, int, float], Value]
"""(generator, row, days until the export) → the cell."""


def _table(fill: Filled, *, order: str = "clock") -> LeadTable:
    """Leads of which one comes a day; `asked` is filled in by age."""
    made = Made(LEADS)
    made.columns["asked"] = [fill(made.rng, row, LEADS - row) for row in range(LEADS)]
    return made.table(order=order)


def _lacked(table: LeadTable) -> dict[str, str]:
    found = case_of(table, Config(), SEED).youngest
    return {name: mark.sentence for name, mark in found.items()}


def _after(days: float, value: Value, empty: Value = None) -> Filled:
    def fill(rng: np.random.Generator, _row: int, age: float) -> Value:
        return value if age > days * rng.lognormal(0, 0.5) and rng.random() < 0.8 else empty

    return fill


def _one_more(rng: np.random.Generator, _row: int, age: float) -> Value:
    """Half of the leads get a second one."""
    return 2.0 if age > 60 * rng.lognormal(0, 0.5) and rng.random() < 0.5 else 1.0


def _rated(rng: np.random.Generator, row: int, age: float) -> Value:
    """Low for all who come; half stay so."""
    return "high" if _one_more(rng, row, age) == 2.0 else "low"


@pytest.mark.parametrize(
    "fill",
    [
        _after(60, "high"),
        _after(120, "high"),
        _after(60, "yes", "no"),
        _after(60, True, False),
        _after(60, "no", "yes"),
        _after(60, False, True),
        _rated,
        _after(60, 3.0, 0.0),
        _after(60, 3.0, 1.0),
        _one_more,
    ],
)
def test_what_is_filled_in_with_the_time_is_told(fill: Filled) -> None:
    found = _lacked(_table(fill))
    assert found.keys() == {"asked"}
    assert "while a lead is worked on" in found["asked"]


def _weekly(rng: np.random.Generator, row: int, _age: float) -> Value:
    """An agent writes it, who is there in three weeks of four; the last week is not one of them."""
    return None if row // 30 % 4 == 1 else "by telephone" if rng.random() < 0.8 else None


def _holidays(rng: np.random.Generator, _row: int, age: float) -> Value:
    """Nobody asked for three weeks the year before last, nor this last month."""
    return None if age < 30 or 500 <= age < 520 else "yes" if rng.random() < 0.8 else None


@pytest.mark.parametrize(
    ("fill", "order"),
    [
        (lambda rng, _row, _age: "x" if rng.random() < 0.5 else None, "clock"),
        (lambda rng, _row, _age: float(rng.poisson(1)), "clock"),
        # 30 leads of every 120 lack it, and so do the last ones
        (_weekly, "clock"),
        (_holidays, "clock"),
        # each campaign takes the place of the one before
        (lambda _rng, row, _age: f"campaign {row // 100}", "clock"),
        # a channel that one in ten came by has most of the last leads
        (
            lambda rng, _row, age: "ads" if rng.random() < (0.9 if age < 40 else 0.1) else "web",
            "clock",
        ),
        # where no dates are there, the order of leads is not that of an export
        (_after(60, "high"), "rank"),
        # it never came into use for more than a few
        (lambda rng, _row, _age: "x" if rng.random() < 0.05 else None, "clock"),
        # nothing begins at seven
        (_after(60, 9.0, 7.0), "clock"),
    ],
)
def test_what_was_as_seldom_before_is_not(fill: Filled, order: str) -> None:
    assert LEADS // 30 % 4 == 2  # the last stretch is one without the agent
    assert _lacked(_table(fill, order=order)) == {}


def test_a_yes_that_is_taken_back_weighs_as_much_as_one_that_is_given() -> None:
    assert _weight("yes", "no") == _weight("no", "yes") == 2.0
    assert _weight("new", "worked") == 1.0


def _weight(first: str, then: str) -> float:
    def fill(rng: np.random.Generator, row: int, age: float) -> Value:
        return then if _one_more(rng, row, age) == 2.0 else first

    return case_of(_table(fill), Config(), SEED).youngest["asked"].weight


def test_a_lead_without_a_date_and_one_of_another_century_hide_nothing() -> None:
    table = _table(_after(60, "high"))
    leads = list(table.leads)
    leads[100] = replace(leads[100], at=None)
    leads[200] = replace(leads[200], at=datetime(2125, 1, 1, tzinfo=timezone.utc))
    assert _lacked(replace(table, leads=tuple(leads))).keys() == {"asked"}


def test_visitors_of_a_fair_lack_what_is_asked_of_others() -> None:
    """The last forty came from a fair, where nobody is asked: so it is with those of a fair before."""
    made = Made(3 * LEADS)
    source = made.rng.choice(["web", "mail", "phone", "fair"], made.rows).tolist()
    source[-40:] = ["fair"] * 40
    made.columns["source"] = source
    asked: list[Value] = [None if one == "fair" else "yes" for one in source]
    made.columns["asked"] = asked
    assert _lacked(made.table()) == {}
    del made.columns["source"]
    assert _lacked(made.table()).keys() == {"asked"}, "else it would be told"


def test_a_late_column_hides_no_other_by_being_taken_for_a_kind() -> None:
    """Nobody has been called of the youngest, and few of older ones have not."""
    made = Made(LEADS)
    late = [
        made.rng.random() < 0.9 and LEADS - row > 60 * made.rng.lognormal(0, 0.3)
        for row in range(LEADS)
    ]
    made.columns["called"] = ["yes" if one else "no" for one in late]
    made.columns["note"] = ["spoke to her" if one else None for one in late]
    assert _lacked(made.table()).keys() == {"called", "note"}


def test_a_campaign_that_has_just_begun_hides_no_late_column() -> None:
    """Of its leads none are older, so they are no kind that others could be held against."""
    made = Made(LEADS)
    made.columns["campaign"] = [f"campaign {row // 100}" for row in range(LEADS)]
    late = _after(60, "spoke to her")
    made.columns["note"] = [late(made.rng, row, LEADS - row) for row in range(LEADS)]
    assert _lacked(made.table()).keys() == {"note"}


def _splits(rows: int) -> tuple[Split, ...]:
    return tuple(
        "train" if row < 0.7 * rows else "val" if row < 0.85 * rows else "test"
        for row in range(rows)
    )


def test_the_youngest_are_seen_where_all_of_them_are_decided_and_of_test(tmp_path: Path) -> None:
    """Where whoever has not bought is lost, no lead is open: the outcomes of test stay unseen, its columns do not."""
    made = Made(LEADS)
    made.columns["logins"] = [
        0.0 if LEADS - row < 40 else float(made.rng.poisson(2 + 4 * won))
        for row, won in enumerate(made.won)
    ]
    table = made.table()
    # so few are won that nothing is measured, which would take seconds
    won = [row % 100 == 0 for row in range(LEADS)]
    dataset = a_dataset(list(table.leads), won, _splits(LEADS))
    held = court_by_splits(load_table(dataset, dataset.items), Config(), seed=SEED)
    assert held is not None
    verdict = held.court.of("logins", "leak")
    assert verdict is not None and verdict.finding == "suspicious"
    assert "days and more have something there, 0% of the 15 that came last" in verdict.evidence[0]


def test_who_ended_and_is_held_open_is_no_open_lead() -> None:
    """Leads that are younger than `open_for_days` have what comes with the end: they do not clear it."""
    made = Made(LEADS)
    others: list[dict[str, Value]] = [
        {"visits": 3.0, "employees": 20.0, "budget": 9.0, "source": "web", "sector": "steel"}
    ] * 80
    made.columns["note"] = ["said yes" if won else "too dear" for won in made.won]
    noted = [{**one, "note": "said yes"} for one in others[:40]]
    table = made.table(open_leads=[*others[:40], *noted])
    case = case_of(table, Config(), SEED)
    assert len(case.open["note"].codes) == 80
    held = replace(table, items=(*table.items[:-40], *map(_held_open, table.items[-40:])))
    case = case_of(held, Config(), SEED)
    assert len(case.open["note"].codes) == 40
    assert not case.open["note"].filled.any()


def _held_open(item: DatasetItem) -> DatasetItem:
    return replace(item, sample=replace(item.sample, meta={**item.sample.meta, HELD_OPEN: True}))
