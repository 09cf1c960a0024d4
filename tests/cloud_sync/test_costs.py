"""Money: figures that can be checked by hand, with intervals."""

from __future__ import annotations

import pytest

from cloud_sync.learning.audits import AuditCounts, count, is_positive
from cloud_sync.learning.costs import (
    Prices,
    project_costs,
    retraining_worth,
)
from kits.core.errors import ConfigError
from kits.core.operating_point import Costs

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
