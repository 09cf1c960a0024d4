"""Markets that take longer, or less long, than they did: who is open tells which outcomes are known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.special import expit, logit
from scipy.stats import gamma

from kits.core.dataset import DatasetItem
from kits.lead_scoring._learning.delays import LONGER, SOONER, Delays, all_delays, delays_of
from kits.lead_scoring._learning.life_table import LifeTable
from kits.lead_scoring._learning.open_leads import open_beside, open_here
from kits.lead_scoring._learning.still_open import staying
from tests.lead_scoring.early_leads import (
    DAYS,
    LOST_DAYS,
    WON_DAYS,
    Firm,
    found_of,
    items_of,
    known_of,
)
from tests.lead_scoring.made_leads import DAY_S, START_S

SINCE = 450.0
"""Day from which outcomes take longer."""
LATE = DAYS - 150.0
NEVER = 1e9


class Moved(Firm):
    """From a day on outcomes take so many times as long: of those who come, or of all who are open."""

    def __init__(
        self, seed: int, times: float, *, for_all: bool = False, odds: float = 1.0
    ) -> None:
        super().__init__(seed)
        if odds != 1.0:
            late = (self.at > SINCE) & (self.won > 0) & (self.rng.random(len(self.at)) > odds)
            self.won[late] = 0.0
            self.known[late] = self.at[late] + self.rng.gamma(2.0, LOST_DAYS / 2, int(late.sum()))
        spans = self.known - self.at
        before = (
            np.maximum(SINCE - self.at, 0.0) if for_all else np.where(self.at < SINCE, np.inf, 0.0)
        )
        self.known = self.at + np.minimum(spans, before) + np.maximum(spans - before, 0.0) * times

    def level(self, delays: Delays) -> float:
        """What is learned of the leads of the last months, in log-odds, beside those that truly bought or will."""
        at = (delays.order - START_S) / DAY_S
        rows, every = self.late(at), self.won[self.late(self.at)]
        won, beside = delays.won[rows], delays.lean()[rows]
        found = brentq(lambda level: float((won - expit(level + beside)).sum()), -9.0, 9.0)
        return float(found - logit(every.mean()))

    @staticmethod
    def late(at: np.ndarray) -> np.ndarray:
        found: np.ndarray = (at > LATE) & (at < DAYS - 20)
        return found


def by_decided(firm: Firm) -> Delays:
    """As if nobody open was in the data, and outcomes took as long as ever."""
    own = firm.decided
    return Delays(START_S + firm.at[own] * DAY_S, START_S + firm.known[own] * DAY_S, firm.won[own], START_S + DAYS * DAY_S)  # fmt: skip


@pytest.mark.parametrize("for_all", [False, True])
@pytest.mark.parametrize("times", [2.0, 0.5])
def test_who_is_open_tells_which_outcomes_are_known(times: float, for_all: bool) -> None:
    apart, before = [], []
    for seed in range(20, 24):
        firm = Moved(seed, times, for_all=for_all)
        found = found_of(firm)
        assert found is not None
        apart.append(firm.level(found))
        before.append(firm.level(by_decided(firm)))
    assert abs(np.mean(apart)) < 0.12
    assert abs(np.mean(before)) > 0.25, "decided leads alone do not"


@pytest.mark.parametrize("times", [1.0, 2.0])
def test_fewer_buy_and_all_take_as_long_or_longer(times: float) -> None:
    firms = [Moved(seed, times, odds=0.5) for seed in range(30, 36)]
    found = [found_of(firm) for firm in firms]
    apart = [firm.level(one) for firm, one in zip(firms, found) if one is not None]
    assert len(apart) == 6 and abs(np.mean(apart)) < 0.12


@pytest.mark.slow
def test_a_market_in_which_fewer_or_more_buy_is_none_that_takes_longer() -> None:
    """Dates follow it at once; by hazards of late the leads of before would count, too."""
    for odds in (1.0, 0.5):
        found = [found_of(Moved(seed, 1.0, odds=odds)) for seed in range(40, 52)]
        assert sum(one is not None and one.table is None for one in found) >= 11


def test_fewer_open_leads_of_a_market_that_is_quicker_of_late_are_not_missing() -> None:
    """Half a year after: most outcomes are of before."""
    for seed in range(70, 74):
        firm = Firm(seed)
        firm.known = firm.at + (firm.known - firm.at) * np.where(firm.at > DAYS - 200, 0.5, 1.0)
        found = found_of(firm)
        assert found is not None and found.table is not None


def test_where_open_leads_are_missing_dates_alone_tell() -> None:
    """Of an export without most of the open ones all would seem to be known."""
    firm = Firm(41)
    there = firm.decided | (firm.rng.random(len(firm.at)) < 0.3)
    items = [item for item, own in zip(items_of(firm.metas()), there) if own]
    found = delays_of(items, START_S + firm.at[there] * DAY_S, known_of(firm)[there])
    assert found is not None and found.table is None
    assert found.lean() == pytest.approx(by_decided(firm).lean(), abs=0.05)


def test_leads_that_nobody_closes_are_told_from_those_that_take_longer() -> None:
    for seed in range(4):
        firm = Firm(seed)
        firm.known[(firm.won == 0) & (firm.rng.random(len(firm.at)) < 0.3)] = NEVER
        found = found_of(firm)
        assert found is not None and found.table is None, "they are not taken for slow ones"
        found = replace(found, still=START_S + firm.at[~firm.decided] * DAY_S)
        never = (firm.known == NEVER) & (firm.at < 500)
        lost, won = found.known_by(np.array([60.0]) * DAY_S)
        assert lost == pytest.approx(gamma.cdf(60, 2, scale=LOST_DAYS / 2), abs=0.05)
        assert won == pytest.approx(gamma.cdf(60, 2, scale=WON_DAYS / 2), abs=0.06)
        assert never.sum() > 200


def test_a_step_before_knows_what_was_known_then() -> None:
    """Whatever became of leads since, or came since, changes nothing of it."""
    firm = Moved(40, 2.0)
    found = found_of(firm)
    assert found is not None and found.table is not None
    moment = START_S + 600.0 * DAY_S
    whole, there = found.table, found.table.came <= moment
    ended = np.where(whole.ended <= moment, whole.ended, np.inf)[there]
    then = LifeTable(whole.came[there], ended, whole.won[there], whole.timed[there])
    order = whole.came[there]
    for said, right in zip(whole.known(order, moment), then.known(order, moment)):
        assert said == pytest.approx(right)
    lost, won = then.known(found.order, moment)
    assert found.lean(moment) == pytest.approx(np.log(won) - np.log(lost))


def test_what_an_age_adds_is_of_the_market_as_it_is_now() -> None:
    """Of all who are open outcomes take twice as long: after 60 days a lead is where it was after 30."""
    firm = Moved(50, 2.0, for_all=True)
    order = START_S + firm.at * DAY_S
    stays = staying(found_of(firm), order, known_of(firm))
    spec = None if stays is None else stays.spec
    assert spec is not None
    said = np.interp([40.0, 80.0], spec.days, spec.adds)
    left = [[gamma.sf(days / 2, 2, scale=mean / 2) for mean in (WON_DAYS, LOST_DAYS)] for days in (40.0, 80.0)]  # fmt: skip
    true = [np.log(won / lost) for won, lost in left]
    assert said == pytest.approx(true, abs=0.35)


def leads(firm: Firm, *, met: np.ndarray, key: bool = False) -> tuple[list[DatasetItem], np.ndarray, np.ndarray]:  # fmt: skip
    """Of a firm, those whom a hub has met from a device."""
    metas = firm.metas()
    items = [
        replace(item, sample=replace(item.sample, device="crm-sales" if one else ""))
        for item, one in zip(items_of(metas), met)
    ]
    return items, START_S + firm.at * DAY_S, known_of(firm)


def test_leads_that_a_hub_has_met_are_open_once() -> None:
    firm = Firm(60)
    items, order, won = leads(firm, met=firm.at > 500)
    late = (firm.at > 400) & (firm.at <= 500)
    twice = np.flatnonzero(late & ~firm.decided)
    again = [replace(items[n], sample=replace(items[n].sample, device="crm-sales")) for n in twice]
    whole = [*items, *again], np.append(order, order[twice]), np.append(won, won[twice])
    imported_last = int(np.flatnonzero(firm.at <= 500)[-1])
    here = open_here(*whole)
    assert here.sum() == np.isnan(won).sum() - np.isnan(won[: imported_last + 1]).sum() + len(twice)
    assert here[len(items) :].all(), "as the hub has them"
    assert open_beside(*whole) is not None


def test_open_leads_of_an_import_tell_nothing_where_a_hub_has_never_met_them() -> None:
    firm = Firm(60)
    items, order, won = leads(firm, met=firm.at > 500)
    assert open_here(items, order, won).sum() == np.isnan(won).sum()
    assert open_beside(items, order, won) is None


def test_decided_leads_after_the_last_open_one_have_nobody_beside_them() -> None:
    firm = Firm(61)
    own = firm.decided | (firm.at < 600)
    items, order, won = leads(firm, met=np.zeros(len(firm.at), dtype=bool))
    some = [item for item, there in zip(items, own) if there]
    assert open_beside(some, order[own], won[own]) is None
    found = delays_of(some, order[own], won[own])
    assert found is None or found.table is None


def test_a_table_of_hardly_anybody_says_something() -> None:
    nobody = np.zeros(0)
    table = LifeTable.of(np.array([1.0]), np.array([2.0]), np.array([1.0]), np.array([True]), nobody)  # fmt: skip
    assert [float(one[0]) for one in table.known(np.array([1.0]), 3.0)] == [1.0, 1.0]
    assert [float(one[0]) for one in table.known(np.array([1.0]), 0.5)] == [1.0, 1.0]
    assert all(np.isfinite(one).all() for one in table.by_age(np.array([0.0, 5.0]), 3.0))


def test_whatever_dates_there_are_shares_are_shares() -> None:
    rng = np.random.default_rng(0)
    for _ in range(150):
        n, k = int(rng.integers(1, 50)), int(rng.integers(0, 50))
        unit = float(rng.choice([1.0, DAY_S, 30 * DAY_S]))
        came, still = (START_S + np.round(rng.uniform(0, 30, size)) * unit for size in (n, k))
        settled = came + np.round(rng.exponential(5, n)) * unit
        won = (rng.random(n) < rng.random()).astype(np.float64)
        delays = Delays(came, settled, won, float(settled.max())).beside(still)
        for moment in (delays.now, delays.now - 5 * unit, 0.0):
            assert np.isfinite(delays.lean(moment)).all()
        assert (delays.stands_for(came, won > 0) >= 0).all()
        for share in delays.known_by(np.array([0.0, unit, 1e12])):
            assert ((share > 0) & (share <= 1)).all()


def test_where_open_leads_are_missing_a_market_that_takes_longer_is_not_told_by_them() -> None:
    """All would seem to be known, of a market of which dates say that they are not."""
    for seed in range(80, 84):
        firm = Moved(seed, 2.0)
        there = firm.decided | (firm.rng.random(len(firm.at)) < 0.1)
        items = [item for item, own in zip(items_of(firm.metas()), there) if own]
        order, won = START_S + firm.at[there] * DAY_S, known_of(firm)[there]
        found = all_delays(items, order, won)
        assert found is not None and found.table is None
        assert open_beside(items, order, won) is not None
        assert found.unmatched == LONGER and not found.steady, "it is said"
        assert found.reckoned, "a part of it is better than nothing"


def test_dates_of_a_market_that_takes_longer_tell_a_part_of_it_where_nobody_open_is_there() -> None:
    """Counted as they are, leads would be further off."""
    for seed in range(90, 94):
        firm = Moved(seed, 2.0)
        own = firm.decided
        items = [item for item, there in zip(items_of(firm.metas()), own) if there]
        order = START_S + firm.at[own] * DAY_S
        found = delays_of(items, order, firm.won[own])
        assert found is not None and found.unmatched == LONGER and not found.steady
        late = firm.late(firm.at[own])
        as_they_are = logit(firm.won[own][late].mean()) - logit(firm.won[firm.late(firm.at)].mean())
        assert 0 < firm.level(found) < 0.8 * as_they_are


def test_one_old_lead_that_is_won_says_not_that_all_who_are_open_will_be() -> None:
    """None has been followed for as long: whoever is open then is none but itself."""
    firm = Moved(300, 2.0)
    firm.known[(firm.won == 0) & (firm.rng.random(len(firm.at)) < 0.3)] = NEVER
    level = []
    for won in (False, True):
        if won:
            firm.won[0], firm.known[0] = 1.0, DAYS - 0.5
        still = START_S + firm.at[~firm.decided] * DAY_S
        found = replace(by_decided(firm), still=still)
        level.append(firm.level(found))
        assert found.complete[:600].all()
    assert level[1] == pytest.approx(level[0], abs=0.02)


def test_decided_leads_alone_tell_of_a_market_that_is_quicker_of_late() -> None:
    """As soon as it is certain: with more time than they take, what is told of young leads is too low."""
    said = []
    for seed in range(100, 106):
        firm = Moved(seed, 0.5)
        own = firm.decided
        items = [item for item, there in zip(items_of(firm.metas()), own) if there]
        found = all_delays(items, START_S + firm.at[own] * DAY_S, firm.won[own])
        assert found is not None
        said.append(found.unmatched == SOONER and not found.steady)
    assert sum(said) >= 5
