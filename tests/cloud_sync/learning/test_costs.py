"""Money: figures that can be checked by hand, with intervals."""

from __future__ import annotations

import numpy as np
import pytest

from cloud_sync.learning.audits import AuditCounts, count, is_positive
from cloud_sync.learning.costs import (
    Measured,
    Prices,
    cost_draws,
    project_costs,
    retraining_worth,
)
from kits.core.errors import ConfigError
from kits.core.operating_point import Costs
from kits.core.stats import proportion

COSTS = Costs(escape=100, overkill=2, review=0.5)


def test_retraining_pays_when_mistakes_are_dear_and_many() -> None:
    bad = AuditCounts(200, 20, escapes=10, overkills=5, reviews=0)
    worth = retraining_worth(
        bad, COSTS, Prices(), decisions_per_month=20_000, labels_before=200, labels_after=600
    )
    assert worth.chance > 0.9
    assert worth.balance.low < worth.balance.value < worth.balance.high
    assert worth.balance.value == pytest.approx(worth.gain.value - worth.cost)
    assert "EUR" in worth.text


def test_retraining_does_not_pay_without_new_labels_or_without_traffic() -> None:
    bad = AuditCounts(200, 20, escapes=10, overkills=5, reviews=0)
    for traffic, after in ((20_000, 200), (1, 600)):
        worth = retraining_worth(
            bad, COSTS, Prices(), decisions_per_month=traffic, labels_before=200, labels_after=after
        )
        assert worth.chance < 0.05 and worth.balance.value < 0


@pytest.mark.parametrize("n", [30, 100, 300, 1000])
def test_no_mistake_in_a_few_audits_makes_no_retraining_pay(n: int) -> None:
    """Half an escape was assumed among 30 audits: 352 EUR were named where 8 came, and a retraining was told to pay."""
    measured = Measured(0.02, proportion(1, 80), proportion(1, 320))
    worth = retraining_worth(
        AuditCounts(n, positives=round(0.02 * n), reviews=round(0.03 * n)), COSTS, Prices(),
        decisions_per_month=3_000, labels_before=300, labels_after=330, before=measured,
    )  # fmt: skip
    assert worth.chance < 0.25
    assert worth.gain.value < 30


def test_audits_outweigh_what_was_measured_before() -> None:
    measured = Measured(0.02, proportion(1, 800), proportion(1, 3200))
    worse = AuditCounts(2_000, positives=80, escapes=40, overkills=100, reviews=60)
    drawn = cost_draws(worse, COSTS, before=measured)
    assert drawn.mean() == pytest.approx(40 / 2000 * 100 + 100 / 2000 * 2 + 0.015, rel=0.45)


@pytest.mark.parametrize("n", [30, 300])
def test_the_money_named_is_near_what_comes(n: int) -> None:
    """Interval of the cost per decision, and its middle, over audits of a line whose rates are known."""
    prevalence, escapes, overkills, reviews = 0.02, 0.05, 0.01, 0.05
    true = prevalence * escapes * 100 + (1 - prevalence) * overkills * 2 + reviews * 0.5
    rng = np.random.default_rng(0)
    held, middles = 0, []
    for _ in range(100):
        positives = int(rng.binomial(n, prevalence))
        counts = AuditCounts(
            n, positives, int(rng.binomial(positives, escapes)),
            int(rng.binomial(n - positives, overkills)), int(rng.binomial(n, reviews)),
        )  # fmt: skip
        before = Measured(
            prevalence,
            proportion(int(rng.binomial(60, escapes)), 60),
            proportion(int(rng.binomial(200, overkills)), 200),
        )
        drawn = cost_draws(counts, COSTS, before=before)
        low, high = np.quantile(drawn, [0.025, 0.975])
        held += low <= true <= high
        middles.append(drawn.mean())
    assert held >= 88
    assert np.mean(middles) == pytest.approx(true, rel=0.45)


def test_costs_come_from_the_project() -> None:
    assert project_costs("costs: {escape: 7}").escape == 7
    assert project_costs("").escape == Costs().escape
    with pytest.raises(ConfigError):
        project_costs("costs: {escap: 7}")


def test_outcomes_are_counted_by_verdict_and_truth() -> None:
    pairs = [("pass", True), ("pass", False), ("act", True), ("act", False), ("review", True)]
    assert count(pairs) == AuditCounts(5, 3, escapes=1, overkills=1, reviews=1)
    assert [is_positive(x) for x in ("good", "scratch", "")] == [False, True, False]
    assert is_positive("", [{"x0": 0}])
