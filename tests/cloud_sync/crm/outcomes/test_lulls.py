"""Leads that are won later, more seldom, or not at all for some weeks: which of these it is, and that a lull is none of the first two."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from scipy.stats import gamma

from cloud_sync.crm.outcomes import pace
from cloud_sync.crm.outcomes.lulls import Followed, Lull, without_lulls
from kits.core.stats import Floats

CHANCE, PER_DAY, DAYS = 0.3, 12, 120.0


class Gamma:
    """Of a bundle whose leads take 40 days until they are won."""

    def won_by(self, chances: Sequence[float], days: Sequence[float]) -> Sequence[float]:
        found: Floats = np.array(chances) * gamma.cdf(np.array(days), 2, scale=20.0)
        return found.tolist()


def followed(*, chance: float = CHANCE, slower: float = 1.0, lull: Lull | None = None) -> Followed:
    """Leads of `DAYS` days, the same number on each."""
    rng = np.random.default_rng(1)
    came = np.sort(rng.uniform(0.0, DAYS, int(PER_DAY * DAYS)))[::-1]
    won = came - slower * rng.gamma(2, 20.0, len(came))
    if lull is not None:
        stops = won < lull.began
        won = won - np.where(stops, np.clip(np.minimum(came, lull.began) - lull.ended, 0.0, None), 0.0)  # fmt: skip
    bought = rng.random(len(came)) < chance
    return Followed(np.full(len(came), CHANCE), came, np.where(bought & (won >= 0), won, np.inf))


def plain(leads: Followed) -> bool:
    """Whether it would be told if nobody looked for lulls."""
    return pace.paced(leads.expected(Gamma()), leads.is_won).drifted


def told(leads: Followed) -> str:
    """What is told; empty: nothing."""
    found = pace.compared(Gamma(), leads)
    assert found is not None
    return found.text if found.drifted else ""


@pytest.mark.parametrize("ended", [0.0, 10.0, 20.0], ids=["it lasts", "is over", "weeks ago"])
def test_a_lull_is_not_told_of(ended: float) -> None:
    leads = followed(lull=Lull(ended + 24.0, ended))
    assert plain(leads) and not told(leads)


def test_a_lull_is_found_where_it_was() -> None:
    _, [found] = without_lulls(Gamma(), followed(lull=Lull(45.0, 20.0)))
    assert found.began == pytest.approx(45.0, abs=3) and found.ended == pytest.approx(20.0, abs=3)


def test_a_lull_that_does_not_end_is_told_of() -> None:
    assert "are won by now" in told(followed(lull=Lull(45.0, 0.0)))


def test_where_nobody_is_won_at_all_it_is_told() -> None:
    assert "0.0% are won by now" in told(followed(chance=0.0))


def test_fewer_wins_on_all_days_are_no_lull() -> None:
    leads, lulls = without_lulls(Gamma(), followed(chance=CHANCE / 4))
    assert not lulls and "won more seldom" in told(leads)


def test_who_takes_longer_after_a_lull_is_told_of() -> None:
    text = told(followed(slower=2.0, lull=Lull(24.0, 10.0)))
    assert "days left out on which hardly any were won" in text


def test_where_all_take_as_long_there_is_no_lull() -> None:
    leads, lulls = without_lulls(Gamma(), followed())
    assert not lulls and not told(leads)


@pytest.mark.parametrize(
    ("leads", "said"),
    [
        (followed(slower=2.5), "won later, "),
        (followed(chance=CHANCE / 2), "won more seldom, "),
        (followed(slower=0.3), "won sooner, "),
        (followed(chance=2 * CHANCE), "won more often, "),
    ],
    ids=["later", "more seldom", "sooner", "more often"],
)
def test_which_of_the_two_it_is_is_told(leads: Followed, said: str) -> None:
    text = told(leads)
    assert said in text and "times as likely as" in text and "half of those that are won took" in text  # fmt: skip


def test_where_a_crm_does_not_say_when_both_are_named() -> None:
    leads = followed(slower=2.5)
    undated = Followed(leads.chances, leads.came, np.where(np.isinf(leads.won), np.inf, np.nan))
    assert "won later, or more seldom (distance" in told(undated)
    assert not without_lulls(Gamma(), undated)[1]
