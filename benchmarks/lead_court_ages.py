"""What the court tells of columns by the leads that came last before an export, on made-up firms whose truth is known.

Each firm draws its size, its time and its share won. Late columns are filled in, or counted on, so many days after a lead came;
honest ones are as the lead brought them, and imitate what late ones look like: leads of a fair, weeks without the agent who asks,
campaigns that come and go, counts that fall over the years, a form that changes, sums that fall at once.

Here it is counted how many columns are told of (`kits/lead_scoring/_court/youngest.py`); whether that convicts is a matter of what
they tell of outcomes. Nothing here chooses a threshold.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TypeAlias

import numpy as np

from kits.core.annotation import Annotation
from kits.core.dataset import DatasetItem
from kits.core.sample import Sample
from kits.core.stats import Floats
from kits.lead_scoring._court.case import case_of
from kits.lead_scoring._lead import LOST, MEDIA_TYPE, WON, Lead, Value
from kits.lead_scoring._table import LeadTable, table_of
from kits.lead_scoring.config import Config

START = datetime(2023, 1, 2, tzinfo=timezone.utc)
SIZES = (500, 2_000, 8_000)
YEARS = (1, 2, 3)
DELAYS = ((1.0, 7.0), (7.0, 30.0), (30.0, 90.0))
"""Days until half of the leads have a late column."""


@dataclass(frozen=True)
class _Firm:
    """Attributes:
    days: (leads,) since the first, rising.
    age: (leads,) days until the export.
    won: (leads,)
    done: (leads,) 0 to 1: how far each has been worked on.
    """

    rng: np.random.Generator
    days: Floats
    age: Floats
    won: Floats
    done: Floats


Column: TypeAlias = Callable[[_Firm], Sequence[Value]]


def _some(firm: _Firm, share: float) -> list[Value]:
    return [f"v{firm.rng.integers(3)}" if firm.rng.random() < share else None for _ in firm.days]


def _as_brought(firm: _Firm) -> Sequence[Value]:
    return _some(firm, float(firm.rng.uniform(0.1, 0.95)))


def _count_as_brought(firm: _Firm) -> Sequence[Value]:
    return [float(n) for n in firm.rng.poisson(firm.rng.uniform(0.5, 6.0), len(firm.days))]


def _without_agent(firm: _Firm) -> Sequence[Value]:
    """Nobody asks on some days of the week, or in holidays of two weeks, the last days among them."""
    cycle, off = (7.0, 2.5) if firm.rng.random() < 0.5 else (90.0, 14.0)
    away = firm.age % cycle < off
    return [None if gone else one for gone, one in zip(away, _some(firm, 0.8))]


def _campaigns(firm: _Firm) -> Sequence[Value]:
    """On and off for months by lot."""
    lengths = np.cumsum(firm.rng.exponential(firm.rng.uniform(15, 60), 200))
    phase = np.searchsorted(lengths, firm.days)
    return [f"c{n}" if n % 2 and firm.rng.random() < 0.7 else None for n in phase.tolist()]


def _falling(firm: _Firm) -> Sequence[Value]:
    """Counts that become a third over all the time."""
    mean = firm.rng.uniform(2, 8) * np.exp(-1.1 * firm.days / firm.days[-1])
    return [float(n) for n in firm.rng.poisson(mean)]


def _sums(firm: _Firm) -> Sequence[Value]:
    """Whole sums, of small customers in the last weeks: seven tenths of what they were."""
    level = np.where(firm.age < firm.rng.uniform(5, 60), np.log(0.7), 0.0)
    return [float(round(x)) for x in np.exp(firm.rng.normal(6 + level, 0.8))]


def _employees(firm: _Firm) -> Sequence[Value]:
    return [float(round(x) + 1) for x in np.exp(firm.rng.normal(3, 1.3, len(firm.days)))]


def _filled_later(firm: _Firm) -> Sequence[Value]:
    shares = np.where(firm.won == 1, 0.95, firm.rng.uniform(0.4, 0.9))
    return [
        "high" if done > 0.4 and firm.rng.random() < share else None
        for done, share in zip(firm.done, shares)
    ]


def _ticked_later(firm: _Firm) -> Sequence[Value]:
    return [one is not None for one in _filled_later(firm)]


def _worked(firm: _Firm) -> list[float]:
    ends = firm.rng.poisson(np.where(firm.won == 1, 12.0, 5.0))
    return [float(int(end * done)) for end, done in zip(ends, firm.done)]


def _counted_from_nought(firm: _Firm) -> Sequence[Value]:
    return _worked(firm)


def _counted_on(firm: _Firm) -> Sequence[Value]:
    """Looks at pages: some when the lead comes, three times as many in the end."""
    first = 1 + firm.rng.poisson(2, len(firm.days))
    return [float(a) + b for a, b in zip(first, _worked(firm))]


def _channel(firm: _Firm) -> Sequence[Value]:
    """A channel that had a tenth of the leads, and has nearly all of those of the last days."""
    surge = firm.age < firm.rng.uniform(3, 20)
    first = firm.rng.random(len(firm.days)) < np.where(surge, 0.9, 0.1)
    return ["paid" if one else f"c{firm.rng.integers(4)}" for one in first]


def _new_campaign(firm: _Firm) -> Sequence[Value]:
    """Each campaign takes the place of the one before; the last has just begun."""
    begins = np.cumsum(firm.rng.exponential(70, 60)) + firm.rng.uniform(3, 30)
    return [f"campaign {n}" for n in np.searchsorted(begins, firm.age)]


def _changed(firm: _Firm) -> Sequence[Value]:
    """A rating that is low for all who come; half keep it."""
    keeps = firm.rng.random(len(firm.days)) < 0.5
    return [
        "low" if done < 0.4 or kept else ("high" if won else "medium")
        for done, kept, won in zip(firm.done, keeps, firm.won)
    ]


HONEST: dict[str, Column] = {
    "as the lead brought it": _as_brought, "a count the lead brought": _count_as_brought, "weeks without the agent": _without_agent,
    "campaigns that come and go": _campaigns, "counts that fall to a third": _falling, "sums that fall at once": _sums,
    "employees": _employees, "campaigns that take each other's place": _new_campaign,
}  # fmt: skip
BESIDE = "a channel that has most of the last leads"
"""Honest, and looked at beside honest ones alone: it hides what is late, as leads of other channels tell nothing of its own."""
LATE: dict[str, Column] = {
    "filled in later": _filled_later, "ticked later": _ticked_later, "counted from nought": _counted_from_nought,
    "counted on": _counted_on, "changed from its first value": _changed,
}  # fmt: skip


def _firm(rng: np.random.Generator, delay: tuple[float, float]) -> _Firm:
    rows, years = int(rng.choice(SIZES)), int(rng.choice(YEARS))
    days = np.sort(rng.uniform(0, 365 * years, rows))
    age = days[-1] + rng.uniform(0, 2) - days
    won = (rng.random(rows) < rng.choice([0.05, 0.1, 0.2, 0.4])).astype(np.float64)
    takes = rng.lognormal(np.log(rng.uniform(*delay)), 0.7, rows)
    return _Firm(rng, days, age, won, np.minimum(age / (2 * takes), 1.0))


def _table(firm: _Firm, columns: Mapping[str, Sequence[Value]]) -> LeadTable:
    """Leads that have been worked on to the end are decided."""
    rows = []
    for row, day in enumerate(firm.days.tolist()):
        at = START + timedelta(days=day)
        fields = {name: values[row] for name, values in columns.items()}
        over = firm.done[row] >= 1
        label = (WON if firm.won[row] else LOST) if over else ""
        item = DatasetItem(
            Sample(f"{row:06}", MEDIA_TYPE, "", 0, at),
            Annotation(label=label) if label else None,
            "train",
        )
        won = float(firm.won[row]) if over else float("nan")
        rows.append((at.timestamp(), f"{row:06}", item, Lead(str(row), fields, at), won))
    return table_of(rows)


def told(firms: int, seed: int) -> tuple[Counter[str], Counter[str]]:
    """Kind of column → how many are told of, and how many there were."""
    found: Counter[str] = Counter()
    n: Counter[str] = Counter()
    for number in range(firms):
        rng = np.random.default_rng([seed, number, 61])
        for low, high in DELAYS:
            firm = _firm(rng, (low, high))
            columns = {name: column(firm) for name, column in (HONEST | LATE).items()}
            marks = case_of(_table(firm, columns), Config(), seed).youngest
            for name in columns:
                kind = f"honest: {name}"
                if name in LATE:
                    kind = f"late by {low:g} to {high:g} days: {name}"
                n[kind] += 1
                found[kind] += name in marks
            honest = {name: columns[name] for name in HONEST} | {BESIDE: _channel(firm)}
            marks = case_of(_table(firm, honest), Config(), seed).youngest
            n[f"honest: {BESIDE}"] += 1
            found[f"honest: {BESIDE}"] += BESIDE in marks
            n["honest: any of the others beside that"] += len(HONEST)
            found["honest: any of the others beside that"] += len(marks.keys() - {BESIDE})
    return found, n
