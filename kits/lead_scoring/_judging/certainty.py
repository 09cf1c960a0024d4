"""Intervals of figures that resampling would make certain: of leads that were all won it never draws a lost one.

What is measured stands in `figures.py`. Here such figures are opened by what so few leads still allow, exactly (Clopper &
Pearson 1934); all others are left as they are.
"""

from __future__ import annotations

from collections.abc import Mapping

from kits.core.stats import Estimate, opened, upper_bound, widened
from kits.lead_scoring._judging.capacity import TENTH, Terms

_ONE_SIDE = 0.975


def never_certain(
    found: Mapping[str, Estimate], terms: Terms, alone: int, won: float
) -> dict[str, Estimate]:
    """Those of these figures that are opened: order, lift, precision, and the money that follows from it.

    Args:
        alone: what counts singly behind the figures: accounts, or leads where each is its own.
        won: share of leads that was won, 0 to 1.
    """
    rarer = {"auc": min(won, 1.0 - won), "pr_auc": won}
    orders = {
        name: order_opened(found[name], alone * share)
        for name, share in rarer.items()
        if name in found
    }
    return orders | _lift(found, alone, won) | _called(found, terms, alone)


def order_opened(order: Estimate, count: float) -> Estimate:
    """The area under a curve; of an order without a mistake, as many of `count` leads may still stand wrongly.

    Args:
        count: leads of the outcome that is told by it, or that is rarer; in accounts, so no whole number.
    """
    count = max(1, round(count))
    wrong = upper_bound(0, count, _ONE_SIDE)
    if order.value >= 1.0:
        return widened(order, 1.0 - wrong, 1.0, f"exact bound: perfect order, {count} leads")
    if order.value <= 0.0:
        return widened(order, 0.0, wrong, f"exact bound: reversed order, {count} leads")
    return order


def gap_opened(gap: Estimate, won: Estimate) -> Estimate:
    """Probability less share won, where that share is opened: as far off as it allows."""
    probability = gap.value + won.value
    return widened(gap, probability - won.high, probability - won.low, won.method)


def _lift(found: Mapping[str, Estimate], alone: int, won: float) -> dict[str, Estimate]:
    lift = found.get("lift_at_10")
    if lift is None or not won:
        return {}
    count = max(1, round(TENTH * alone))
    share = min(1.0, lift.value * won)
    exact = opened(lift.model_copy(update={"value": share, "low": share, "high": share}), count)
    if exact.low == exact.high:
        return {}
    return {"lift_at_10": widened(lift, exact.low / won, exact.high / won, exact.method)}


def _called(found: Mapping[str, Estimate], terms: Terms, alone: int) -> dict[str, Estimate]:
    """Precision among the called, and money."""
    precision = found.get("precision_at_capacity")
    if precision is None:
        return {}
    exact = opened(precision, max(1, round(terms.share * alone)))
    if exact is precision:
        return {}
    scale = terms.per_month * terms.value
    below, above = scale * (exact.low - precision.low), scale * (exact.high - precision.high)
    money = {
        name: one.model_copy(update={"low": one.low + below, "high": one.high + above})
        for name in ("money_per_month", "income_per_month")
        if (one := found.get(name)) is not None
    }
    return {"precision_at_capacity": exact, **money}
