"""What it is worth to take the best samples first, in sentences: money a month, how sure that is, and at what work.

For kits whose samples wait for people. It reads figures by their names and computes nothing of its own but the number
of those that are won.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from kits.core.kit_manifest import Words
from kits.core.operating_point import OperatingPoint
from kits.core.stats import Estimate

MONEY, PRECISION, BASE, CAPACITY = (
    "money_per_month", "precision_at_capacity", "base_rate", "capacity"
)  # fmt: skip
_ROUND = 100.0
"""From this amount on money has no decimals."""


@dataclass(frozen=True, slots=True)
class Worth:
    """Sentences about a month.

    Attributes:
        headline: the money, beside a random order.
        interval: within which it lies.
        sure: whether it is more than nothing beyond chance.
        sureness: the same in words.
        work: what the team works on, and how many of these are hits.
    """

    headline: str
    interval: str
    sure: bool
    sureness: str
    work: str


def is_money(name: str) -> bool:
    """Whether a metric or rate of this name is in money."""
    return name.startswith(("money_", "income_", "cost_")) or name.endswith("_price")


def amount(money: float) -> str:
    """`12,300`; cents only where they matter."""
    return f"{money:,.0f}" if abs(money) >= _ROUND else f"{money:,.2f}"


def figure_text(name: str, one: Estimate, currency: str) -> str:
    """A figure with its interval; money with its currency."""
    if not is_money(name):
        return one.text()
    return f"{amount(one.value)} [{amount(one.low)}, {amount(one.high)}] {currency}"


def worth_of(
    metrics: Mapping[str, Estimate], point: OperatingPoint, words: Words, currency: str
) -> Worth | None:
    """The sentences; None where money was not measured."""
    money = metrics.get(MONEY)
    if money is None:
        return None
    sure = money.low > 0
    return Worth(
        headline=f"{money.value:+,.0f} {currency} a month",
        interval=f"95 % interval {money.low:+,.0f} to {money.high:+,.0f} {currency}",
        sure=sure,
        sureness="more than a random order, beyond chance" if sure else "chance could explain it",
        work=_work(metrics, point, words),
    )


def monthly(point: OperatingPoint) -> tuple[float, int] | None:
    """Samples that the team works on in a month, and those that come in; None where no capacity is stated."""
    stated = point.rates.get(CAPACITY)
    return (stated.value * stated.n, stated.n) if stated is not None else None


def hits(metrics: Mapping[str, Estimate], name: str, point: OperatingPoint) -> Estimate | None:
    """How many of those worked on in a month are hits, at the rate of a metric; None where one is not known."""
    rate, work = metrics.get(name), monthly(point)
    if rate is None or work is None:
        return None
    ends = {end: work[0] * getattr(rate, end) for end in ("value", "low", "high")}
    return rate.model_copy(update=ends)


def _work(metrics: Mapping[str, Estimate], point: OperatingPoint, words: Words) -> str:
    parts = []
    work, by_score, base = monthly(point), metrics.get(PRECISION), metrics.get(BASE)
    if work is not None:
        parts.append(f"the team works on {work[0]:,.0f} of {work[1]:,.0f} {words.sample}s a month")
    if by_score is not None:
        parts.append(
            f"of those worked on by score {by_score.value:.0%} are {words.bad} "
            f"[{by_score.low:.0%}, {by_score.high:.0%}]"
        )
    if base is not None:
        parts.append(f"of all {words.sample}s {base.value:.0%}")
    said = "; ".join(parts)
    return said[:1].upper() + said[1:]
