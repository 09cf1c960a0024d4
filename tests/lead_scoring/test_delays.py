"""How long outcomes take, told of an export that holds the quick ones of its latest leads alone."""

from __future__ import annotations

import numpy as np
import pytest
from pydantic import JsonValue
from scipy.stats import gamma

from kits.lead_scoring._learning.delays import Delays, delays_of
from kits.lead_scoring._reading.samples import OUTCOME_AT, RANK
from tests.lead_scoring.early_leads import (
    DAYS,
    LOST_DAYS,
    WON_DAYS,
    Firm,
    N,
    found_of,
    items_of,
    known_of,
)
from tests.lead_scoring.made_leads import DAY_S, START_S


def test_how_many_are_known_by_an_age_is_told_of_known_ones_alone() -> None:
    """Open leads never end here, and do not matter; of known ones alone most are quick."""
    ages = np.array([15.0, 30.0, 60.0, 120.0, 240.0])
    found = []
    for seed in range(8):
        firm = Firm(seed)
        delays = firm.delays()
        shares = delays._shares(DAYS - ages, DAYS)
        found.append(shares)
    lost, won = np.mean(found, axis=0)
    assert lost == pytest.approx(gamma.cdf(ages, 2, scale=LOST_DAYS / 2), abs=0.02)
    assert won == pytest.approx(gamma.cdf(ages, 2, scale=WON_DAYS / 2), abs=0.02)


def test_what_a_lead_that_is_known_leans_to_is_what_its_age_makes_of_it() -> None:
    firm = Firm(0)
    lean = firm.delays().lean()
    ages = DAYS - firm.at[firm.decided]
    truth = np.log(gamma.cdf(ages, 2, scale=WON_DAYS / 2) / gamma.cdf(ages, 2, scale=LOST_DAYS / 2))
    between = (ages > 40) & (ages < 200)
    assert np.abs(lean - truth)[between].max() < 0.25
    assert np.abs(lean[ages > 500]).max() < 0.02


def test_a_training_of_an_earlier_day_knows_what_was_known_then() -> None:
    firm = Firm(1)
    early = firm.known <= 400.0
    then = Delays(firm.at[early], firm.known[early], firm.won[early], 400.0).lean()
    now = firm.delays().lean(400.0)[early[firm.decided]]
    assert np.array_equal(then, now)


def test_leads_stand_for_those_not_decided_yet() -> None:
    """Of those between two and four months old; counted as they are, twice as many would be won."""
    raw, counted, truth = [], [], []
    for seed in range(12):
        firm = Firm(seed)
        mine = (firm.at > DAYS - 120) & (firm.at < DAYS - 60)
        own = mine & firm.decided
        each = firm.delays().stands_for(firm.at[own], firm.won[own] > 0)
        raw.append(firm.won[own].mean())
        counted.append(np.average(firm.won[own], weights=each))
        truth.append(firm.won[mine].mean())
    assert np.mean(raw) > np.mean(truth) + 0.08
    assert np.mean(counted) == pytest.approx(np.mean(truth), abs=0.02)


def test_leads_too_young_to_tell_stand_for_nobody_and_old_ones_for_themselves() -> None:
    firm = Firm(2)
    each = firm.delays().stands_for(firm.at[firm.decided], firm.won[firm.decided] > 0)
    ages = DAYS - firm.at[firm.decided]
    assert (each[ages < 10] == 0).all() and (each[ages > 30] >= 1).all()
    assert (each[ages > 600] == 1).all() and each.max() <= 10
    assert (each * 1024 % 1 == 0).all(), "sums are exact, in any order"


def test_where_hardly_any_would_be_left_each_stands_for_itself() -> None:
    firm = Firm(3)
    young = firm.decided & (firm.at > DAYS - 12)
    assert (firm.delays().stands_for(firm.at[young], firm.won[young] > 0) == 1).all()


def without_dates(firm: Firm, kind: float) -> list[dict[str, JsonValue]]:
    """What is noted of leads where the CRM dates the other outcome alone."""
    return [
        {name: value for name, value in meta.items() if name != OUTCOME_AT or won != kind}
        for meta, won in zip(firm.metas(), firm.won)
    ]


def undated_until(firm: Firm, day: float) -> list[dict[str, JsonValue]]:
    """Imported on that day without dates; a hub dates what is decided afterwards."""
    return [
        meta if known > day else {"order": meta["order"]}
        for meta, known in zip(firm.metas(), firm.known.tolist())
    ]


def test_an_import_without_dates_does_not_hinder_what_a_hub_dates_afterwards() -> None:
    told, counted, true = [], [], []
    for seed in range(8):
        firm = Firm(seed)
        found = found_of(firm, undated_until(firm, 400.0))
        assert found is not None
        undated = firm.known[firm.decided] <= 400
        assert (found.lean(found.now - 100 * DAY_S)[undated] == 0).all()
        late = firm.at[firm.decided] > 450
        won = firm.won[firm.decided] > 0
        each = found.stands_for(found.order[late], won[late])
        told.append(won[late].mean())
        counted.append(np.average(won[late], weights=each))
        true.append(firm.won[firm.at > 450].mean())
    assert np.mean(told) > np.mean(true) + 0.05
    assert np.mean(counted) == pytest.approx(np.mean(true), abs=0.02)


def test_an_import_without_dates_that_is_young_still_does() -> None:
    firm = Firm(4)
    assert found_of(firm, undated_until(firm, 690.0)) is None


def test_where_won_leads_have_no_dates_or_leads_no_clock_nothing_is_said() -> None:
    firm = Firm(4)
    assert found_of(firm) is not None
    assert found_of(firm, without_dates(firm, 1.0)) is None
    assert found_of(firm, [{**meta, RANK: True} for meta in firm.metas()]) is None


@pytest.mark.parametrize("never", [0.0, 0.3])
def test_where_lost_leads_have_no_dates_the_open_ones_tell_how_long_they_take(never: float) -> None:
    """Also where some of the lost are never closed."""
    ages = np.array([30.0, 60.0, 120.0, 240.0])
    shares = []
    for seed in range(12):
        firm = Firm(seed, 5_000)
        forgotten = (firm.won == 0) & (firm.rng.random(len(firm.won)) < never)
        firm.known = np.where(forgotten, DAYS + 9_000, firm.known)
        found = found_of(firm, without_dates(firm, 0.0))
        assert found is not None
        shares.append(found._shares(found.now - ages * DAY_S, found.now)[0])
    truth = gamma.cdf(ages, 2, scale=LOST_DAYS / 2)
    assert np.mean(shares, axis=0) == pytest.approx(truth, abs=0.05)


def test_where_lost_leads_have_no_dates_and_none_is_open_nothing_is_said() -> None:
    firm = Firm(4)
    own = firm.decided
    metas = [meta for meta, known in zip(without_dates(firm, 0.0), own) if known]
    assert delays_of(items_of(metas), START_S + firm.at[own] * DAY_S, firm.won[own]) is None


def test_before_now_a_lost_lead_without_a_date_counts_as_long_after_it_came_as_is_taken_for_all() -> (
    None
):
    firm = Firm(4, 9_000)
    found = found_of(firm, without_dates(firm, 0.0))
    assert found is not None
    then = found.now - 200 * DAY_S
    waited = found._waited
    lean = found.lean(then)
    there = found.order <= then
    young = (found.settled <= then) & (then - found.order < waited)
    assert young.sum() >= 8 and (found.won[young] == 1).all() and (lean[young] > 1).all()
    old = there & (then - found.order > max(waited, 300 * DAY_S))
    assert np.abs(lean[old]).max() < 0.1
    assert found.lean()[found.now - found.order > 300 * DAY_S] == pytest.approx(0.0, abs=0.1)


@pytest.mark.slow
def test_leads_that_were_closed_in_bulk_teach_nothing_of_how_long_outcomes_take() -> None:
    """Somebody tidies up three weeks before the export: else all lost leads would seem to take as long as they are old."""
    for seed in range(6):
        firm = Firm(seed)
        forgotten = (firm.won == 0) & (firm.rng.random(N) < 0.6)
        tidied = forgotten & (firm.at < DAYS - 20)
        firm.known = np.where(tidied, DAYS - 20, np.where(forgotten, DAYS + 900, firm.known))
        assert found_of(firm) is None


def test_leads_that_are_all_closed_on_the_last_day_are_not_taken_for_quick_ones() -> None:
    """Nobody is left open, so nobody is missing; where it is done each month, it is how long outcomes take."""
    for seed in range(6):
        firm = Firm(seed)
        firm.known = np.minimum(firm.known, DAYS - 0.01)
        assert found_of(firm) is None
        monthly = Firm(seed)
        monthly.known = np.where(
            monthly.won > 0, monthly.known, 30 * np.ceil(monthly.known / 30) - 0.01
        )
        assert found_of(monthly) is not None


def test_a_date_of_another_century_does_not_make_all_leads_old() -> None:
    firm = Firm(5)
    right = found_of(firm)
    metas = firm.metas()
    row = int(np.flatnonzero(firm.decided)[0])
    metas[row] = {**metas[row], OUTCOME_AT: START_S + 40_000 * DAY_S}
    found = found_of(firm, metas)
    assert right is not None and found is not None
    assert found.now == pytest.approx(right.now, abs=2 * DAY_S)
    assert found.lean()[1:] == pytest.approx(right.lean()[1:], abs=0.05)


@pytest.mark.parametrize("kind", [None, 0.0])
def test_leads_without_a_date_of_their_own_do_not_tell_how_long_it_takes(
    kind: float | None,
) -> None:
    firm = Firm(5, 5_000)
    metas = firm.metas() if kind is None else without_dates(firm, kind)
    order = START_S + firm.at * DAY_S
    right = delays_of(items_of(metas), order, known_of(firm))
    order[::20] = 0.0
    found = delays_of(items_of(metas), order, known_of(firm))
    assert right is not None and found is not None
    lean, whole = found.lean(), right.lean()
    unknown = found.order == 0
    assert (lean[unknown] == 0).all()
    ages = found.now - found.order
    apart = np.abs(lean - whole)[(ages > 40 * DAY_S) & ~unknown]
    assert apart.mean() < 0.05


def test_firms_that_decide_as_ever_are_taken_for_steady() -> None:
    assert sum(found_of(Firm(seed, 600)) is not None for seed in range(20)) >= 18


@pytest.mark.slow
def test_firms_that_decide_twice_as_fast_of_late_are_not() -> None:
    for seed in range(6):
        firm = Firm(seed)
        firm.known = firm.at + (firm.known - firm.at) * np.where(firm.at > 360, 0.4, 1.2)
        own = firm.decided
        metas = [meta for meta, known in zip(firm.metas(), own) if known]
        order = START_S + firm.at[own] * DAY_S
        assert delays_of(items_of(metas), order, firm.won[own]) is None, "nobody open is there"
        found = found_of(firm)
        assert found is not None and found.table is not None
