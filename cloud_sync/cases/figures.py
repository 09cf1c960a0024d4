"""What alarms were worth: false alarms per machine-month, how many were true, how early they came.

Computed from closed cases whose cause is known, with exact intervals; cases without one are counted
beside them, never guessed. Pure but for one query each; what is shown of it is for pages and verbs.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import JsonValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from cloud_sync.learning.audits import NEGATIVE_LABELS
from cloud_sync.store.models import Asset, Case
from kits.core.stats import Estimate, proportion

MONTH = timedelta(days=30)
"""A machine-month, as ISA-18.2 counts: 30 days of one machine's being watched."""
DAYS = 180.0
CONFIDENCE = 0.95
_FAR = 10.0
"""Standard deviations: below, a Poisson distribution has less than exp(-50)."""


@dataclass(frozen=True, slots=True)
class CaseFigures:
    """Figures of closed cases in a period.

    Attributes:
        machines, machine_months: how many were watched, and how long together.
        cases: opened in the period, of at least the level asked for.
        false, true: closed with a cause; the others are `unknown` (no cause) or `standing` (open).
        false_alarms: per machine-month, with Garwood's interval.
        precision: share of true ones among those with a cause, with Clopper and Pearson's.
        lead_h: median hours from a true case's onset until it was found, with the interval of order
            statistics; None without true cases.
    """

    since: datetime
    until: datetime
    machines: int
    machine_months: float
    cases: int
    false: int
    true: int
    unknown: int
    standing: int
    false_alarms: Estimate | None
    precision: Estimate
    lead_h: Estimate | None


def case_figures(
    session: Session, *, now: datetime, days: float = DAYS, project: str = "", level: str = "alarm"
) -> CaseFigures:
    """Figures of the last days.

    Args:
        project: only of this project's cases; machines are then those that ever had one of it, so
            without one the rate is that of all machines.
        level: `alarm`: cases that reached it; `warn`: all.
    """
    since = now - timedelta(days=days)
    query = select(Case).where(Case.opened_at >= since, Case.opened_at <= now)
    if level == "alarm":
        query = query.where(Case.worst == "alarm")
    if project:
        query = query.where(Case.project == project)
    cases = session.scalars(query).all()
    spans = _watched(session, since, now, {(c.device, c.asset) for c in cases} if project else None)
    known = [case for case in cases if case.closed_at is not None and case.cause]
    false = sum(case.cause.lower() in NEGATIVE_LABELS for case in known)
    true = [case for case in known if case.cause.lower() not in NEGATIVE_LABELS]
    standing = sum(case.closed_at is None for case in cases)
    months = sum(spans, timedelta()) / MONTH
    lead = [(c.closed_at - c.since) / timedelta(hours=1) for c in true if c.closed_at is not None]
    return CaseFigures(
        since, now, len(spans), months, len(cases), false, len(true),
        len(cases) - len(known) - standing, standing,
        poisson_rate(false, months) if months > 0 else None, proportion(len(true), len(known)),
        median(lead) if lead else None,
    )  # fmt: skip


def _watched(
    session: Session, since: datetime, until: datetime, only: set[tuple[str, str]] | None
) -> list[timedelta]:
    """How long each machine was watched within a period."""
    query = select(Asset.device, Asset.name, Asset.first_at, Asset.last_at)
    rows = session.execute(query.where(Asset.last_at >= since, Asset.first_at <= until))
    return [
        min(last, until) - max(first, since)
        for device, name, first, last in rows
        if only is None or (device, name) in only
    ]


def poisson_rate(count: int, exposure: float, confidence: float = CONFIDENCE) -> Estimate:
    """A rate per unit of exposure with its exact two-sided interval (Garwood 1936).

    The bounds are those means under which `count` or more, or as few, are just as rare as stated;
    found by halving, so that no table of chi-square is needed.
    """
    alpha = (1.0 - confidence) / 2
    low = 0.0
    if count:
        low = _halved(lambda mean: 1 - _poisson_cdf(count - 1, mean) < alpha, count)
    high = _halved(lambda mean: _poisson_cdf(count, mean) > alpha, count + 1)
    return Estimate(
        value=count / exposure, low=low / exposure, high=high / exposure, n=count,
        method="garwood", confidence=confidence,
    )  # fmt: skip


def _halved(below: Callable[[float], bool], near: float) -> float:
    low, high = 0.0, near + 10 * math.sqrt(near) + 20
    middle = (low + high) / 2
    while low < middle < high:  # until no number lies between them
        low, high = (middle, high) if below(middle) else (low, middle)
        middle = (low + high) / 2
    return middle


def _poisson_cdf(count: int, mean: float) -> float:
    if mean <= 0:
        return 1.0
    # what lies further below is less than a sum of this size can show; a year has thousands of alarms
    first = max(0, math.floor(mean - _FAR * math.sqrt(mean)))
    terms = (k * math.log(mean) - mean - math.lgamma(k + 1) for k in range(first, count + 1))
    return min(1.0, math.fsum(math.exp(term) for term in terms))


def median(values: Sequence[float], confidence: float = CONFIDENCE) -> Estimate:
    """The median with the interval between two order statistics (Conover 1999, section 3.2).

    It covers at least as often as stated; with five or fewer values no two of them do, and it goes
    from the smallest to the largest.
    """
    ordered, n = sorted(values), len(values)
    middle = (ordered[(n - 1) // 2] + ordered[n // 2]) / 2
    alpha, below, rank = (1 - confidence) / 2, 0.0, 0
    for k in range(n // 2):
        # by logarithms: of thousands of values the numbers themselves have thousands of digits
        chance = math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1) - n * math.log(2)
        below += math.exp(chance)
        if below > alpha:
            break
        rank = k + 1
    low, high = ordered[max(rank - 1, 0)], ordered[n - max(rank, 1)]
    return Estimate(
        value=middle, low=low, high=high, n=n, method="order statistics", confidence=confidence
    )


def as_json(figures: CaseFigures) -> dict[str, JsonValue]:
    """For API and `--json`."""

    def shown(estimate: Estimate | None) -> JsonValue:
        return estimate.model_dump(mode="json") if estimate else None

    return {
        "since": figures.since.isoformat(), "until": figures.until.isoformat(),
        "machines": figures.machines, "machine_months": figures.machine_months,
        "cases": figures.cases, "false": figures.false, "true": figures.true,
        "unknown": figures.unknown, "standing": figures.standing,
        "metrics": {
            "false_alarms_per_machine_month": shown(figures.false_alarms),
            "precision": shown(figures.precision), "lead_h": shown(figures.lead_h),
        },
    }  # fmt: skip
