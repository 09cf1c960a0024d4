"""Leads that nobody ever closes beside those that were, and how many are won by an age."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import gamma

from kits.lead_scoring._learning.delays import Delays
from kits.lead_scoring._learning.still_open import staying
from kits.lead_scoring._models.still_open import won_by
from kits.lead_scoring.runtime import LeadRuntime
from tests.lead_scoring.early_leads import DAYS, WON_DAYS, Firm, known_of
from tests.lead_scoring.made_leads import DAY_S
from tests.lead_scoring.test_still_open import trained


def test_years_of_decided_leads_that_a_hub_adds_hide_no_lead_that_is_never_closed() -> None:
    """Of an import the open ones are in the data, of what comes after it those alone that were closed."""
    told, shares = [], []
    for seed in range(4):
        firm = Firm(seed)
        forgotten = (firm.won == 0) & (firm.rng.random(len(firm.at)) < 0.5)
        firm.known = np.where(forgotten, math.inf, firm.known)
        there = firm.decided | (firm.at < DAYS / 4)
        order, won = firm.at[there] * DAY_S + 1.0, known_of(firm)[there]
        own = firm.decided
        delays = Delays(
            firm.at[own] * DAY_S + 1.0, firm.known[own] * DAY_S + 1.0, firm.won[own], DAYS * DAY_S
        )
        found = staying(delays, order, won)
        assert found is not None and found.spec is not None
        told.append(found.spec.never)
        shares.append(found.open_at((60.0,))[60.0].share)
    old = firm.won[firm.known - firm.at > 60.0].mean()
    assert np.mean(told) == pytest.approx(0.5, abs=0.04)
    assert np.mean(shares) == pytest.approx(old, abs=0.02)


@pytest.mark.slow
def test_how_many_are_won_by_an_age_is_told() -> None:
    runtime = trained()[1].runtime
    assert isinstance(runtime, LeadRuntime)
    days = [0.0, 15.0, 30.0, 60.0, 1_000.0]
    found = runtime.won_by([0.4] * len(days), days)
    truth = 0.4 * gamma.cdf(days, 2, scale=WON_DAYS / 2)
    assert found == pytest.approx(truth, abs=0.02)


def test_of_leads_that_nobody_ever_closes_none_is_won() -> None:
    left = {0.0: 1.0, 50.0: 0.0}
    half, all_of_them = (
        won_by(np.array([0.5]), np.array([50.0]), left, never).item() for never in (1 / 3, 0.0)
    )
    assert half == pytest.approx(0.4) and all_of_them == 0.5
