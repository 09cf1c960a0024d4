"""What alarms were worth: false alarms per machine-month, how many were true, how early they came.

Computed from closed cases whose cause is known, with exact intervals; cases without one are counted
beside them, never guessed. The database counts and orders: no case is read whole. What is shown of it
is for pages and verbs.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pydantic import JsonValue
from sqlalchemy import ColumnElement, func, select
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
    within = [Case.opened_at >= since, Case.opened_at <= now]
    if level == "alarm":
        within.append(Case.worst == "alarm")
    if project:
        within.append(Case.project == project)
    spans = _watched(session, since, now, _machines(session, within) if project else None)
    counted = _by_cause(session, within)
    known = {cause: n for (closed, cause), n in counted.items() if closed and cause}
    harmless = [cause for cause in known if cause.lower() in NEGATIVE_LABELS]
    false = sum(known[cause] for cause in harmless)
    true = sum(known.values()) - false
    standing = sum(n for (closed, _), n in counted.items() if not closed)
    cases = sum(counted.values())
    months = sum(spans, timedelta()) / MONTH
    return CaseFigures(
        since, now, len(spans), months, cases, false, true,
        cases - true - false - standing, standing,
        poisson_rate(false, months) if months > 0 else None, proportion(true, true + false),
        _lead(session, within, harmless, true) if true else None,
    )  # fmt: skip


def _by_cause(
    session: Session, within: Sequence[ColumnElement[bool]]
) -> dict[tuple[bool, str], int]:
    """Whether closed, and the cause as it was written → how many: counted by the database."""
    closed = Case.closed_at.is_not(None)
    query = select(closed, Case.cause, func.count()).where(*within).group_by(closed, Case.cause)
    return {(bool(row[0]), row[1]): row[2] for row in session.execute(query)}


def _lead(
    session: Session,
    within: Sequence[ColumnElement[bool]],
    harmless: Sequence[str],
    true: int,
) -> Estimate:
    """The median lead of the true cases: the database puts them in order, and those few that the median is made of are read."""
    ranks = median_ranks(true)
    place = func.row_number().over(order_by=(_took(session), Case.id))
    ordered = (
        select(Case.since, Case.closed_at, (place - 1).label("place"))
        .where(*within, Case.closed_at.is_not(None), Case.cause != "", Case.cause.not_in(harmless))
        .subquery()
    )
    rows = session.execute(select(ordered).where(ordered.c.place.in_(set(ranks))))
    lead = {place: (closed - since) / timedelta(hours=1) for since, closed, place in rows}
    return median_of(lead.__getitem__, ranks, true)


def _took(session: Session) -> ColumnElement[Any]:
    """How long a case was from its onset until it was closed, in whatever the database counts time in."""
    if session.get_bind().dialect.name == "sqlite":
        return func.julianday(Case.closed_at) - func.julianday(Case.since)
    return Case.closed_at - Case.since


def _machines(session: Session, within: Sequence[ColumnElement[bool]]) -> set[tuple[str, str]]:
    """Those that had such a case."""
    rows = session.execute(select(Case.device, Case.asset).where(*within).distinct())
    return {(device, asset) for device, asset in rows}


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
    """The median of values that are at hand; as `median_ranks` says."""
    ordered, n = sorted(values), len(values)
    return median_of(ordered.__getitem__, median_ranks(n, confidence), n, confidence)


Ranks = tuple[int, int, int, int]


def median_ranks(n: int, confidence: float = CONFIDENCE) -> Ranks:
    """Which of n ordered values, from 0, make the median (two) and its interval (Conover 1999, section 3.2).

    The interval between two order statistics covers at least as often as stated; with five or fewer values no two of
    them do, and it goes from the smallest to the largest.
    """
    alpha, below, rank = (1 - confidence) / 2, 0.0, 0
    for k in range(n // 2):
        # by logarithms: of thousands of values the numbers themselves have thousands of digits
        chance = math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1) - n * math.log(2)
        below += math.exp(chance)
        if below > alpha:
            break
        rank = k + 1
    return (n - 1) // 2, n // 2, max(rank - 1, 0), n - max(rank, 1)


def median_of(
    value: Callable[[int], float], ranks: Ranks, n: int, confidence: float = CONFIDENCE
) -> Estimate:
    """The median of n values, of which `value` gives those with these ranks."""
    before, after, low, high = map(value, ranks)
    return Estimate(
        value=(before + after) / 2, low=low, high=high, n=n, method="order statistics",
        confidence=confidence,
    )  # fmt: skip


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
