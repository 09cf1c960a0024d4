"""Leads that nobody ever closes beside those that were, and how many are won by an age."""

from __future__ import annotations

import math

import numpy as np
import pytest

from kits.lead_scoring._learning.delays import Delays
from kits.lead_scoring._learning.still_open import staying
from tests.lead_scoring.early_leads import DAYS, Firm, items_of, known_of
from tests.lead_scoring.made_leads import DAY_S


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
        found = staying(delays, items_of([{}] * len(order)), order, won)
        assert found is not None and found.spec is not None
        told.append(found.spec.never)
        shares.append(found.open_at((60.0,))[60.0].share)
    old = firm.won[firm.known - firm.at > 60.0].mean()
    assert np.mean(told) == pytest.approx(0.5, abs=0.04)
    assert np.mean(shares) == pytest.approx(old, abs=0.02)
