"""A made-up firm that sells software for workshops: its leads, how likely each truly buys, and what sales write later.

The truth is a plain formula, so that a model, a reason or a court can be held against it. Three columns are filled in
after the decision (`call_duration`, `sales_tag`, `close_date`): whoever learns from them learns the answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

import numpy as np

from kits.lead_scoring._lead import LOST, WON, Value

START = datetime(2025, 1, 6, 8, tzinfo=timezone.utc)
LEAKS = ("call_duration", "sales_tag", "close_date")
PROTECTED = ("gender",)
SOURCES: Mapping[str, tuple[float, float]] = {
    "Organic search": (0.30, 0.1),
    "Paid search": (0.24, -0.5),
    "Trade fair": (0.14, 0.6),
    "Referral": (0.12, 0.9),
    "Direct": (0.20, 0.0),
}
"""Source of a lead → its share, and what it adds to the log-odds."""
PARTNER, PARTNER_WEIGHT, PARTNER_SHARE = "Partner", 3.0, 0.33
"""A channel that opens later: nothing of it can be learned before."""
_INDUSTRIES: Mapping[str, float] = {
    "Metalworking": 0.5, "Plastics": 0.3, "Woodworking": 0.1, "Retail": -0.7, "Consulting": -0.9,
}  # fmt: skip
_COUNTRIES: Mapping[str, float] = {"DE": 0.2, "AT": 0.2, "CH": 0.1, "FR": -0.1, "PL": -0.2}
_ROLES: Mapping[str, float] = {
    "Managing director": 0.5, "Production manager": 0.6, "IT": 0.0, "Purchasing": -0.2, "Student": -2.5,
}  # fmt: skip
_BASE = -3.4
_TAGS = {
    WON: ("Ready to sign", "Offer accepted"),
    LOST: ("No budget", "Not reachable", "Competitor"),
}


@dataclass(frozen=True, slots=True)
class MadeLead:
    """One made-up lead.

    Attributes:
        fields: what is known when it comes; a missing value is None.
        later: what sales fill in afterwards.
        chance: how likely it truly buys.
        decided: `won` or `lost`, which everybody knows `outcome_at`.
    """

    id: str
    at: datetime
    fields: Mapping[str, Value]
    later: Mapping[str, Value]
    chance: float
    outcome: str
    outcome_at: datetime


def make_leads(
    seed: int,
    n: int,
    *,
    start: datetime = START,
    days: float = 365.0,
    first: int = 10_001,
    drift: float = 0.8,
    partner: bool = False,
) -> Iterator[MadeLead]:
    """Leads in order of time.

    Args:
        days: they come within, evenly.
        first: number of the first one.
        drift: what the log-odds of all leads rise by from the first to the last.
        partner: the channel `PARTNER` is open.
    """
    rng = np.random.default_rng(seed)
    for number in range(n):
        share = number / max(n - 1, 1)
        at = start + timedelta(days=days * share)
        fields, log_odds = _drawn(rng, partner)
        chance = float(1 / (1 + np.exp(-(log_odds + drift * share))))
        won = bool(rng.random() < chance)
        outcome_at = at + timedelta(days=float(rng.gamma(2.0, 6.0 if won else 9.0)))
        outcome = WON if won else LOST
        later = _later(rng, won, outcome_at)
        yield MadeLead(str(first + number), at, fields, later, chance, outcome, outcome_at)


def _drawn(rng: np.random.Generator, partner: bool) -> tuple[dict[str, Value], float]:
    """What is known of a lead, and its log-odds without the drift."""
    source = _pick(rng, {name: share for name, (share, _) in SOURCES.items()})
    if partner and rng.random() < PARTNER_SHARE:
        source = PARTNER
    industry, country, role = (
        str(rng.choice(list(table))) for table in (_INDUSTRIES, _COUNTRIES, _ROLES)
    )
    employees = float(np.round(np.exp(rng.normal(3.6, 1.1))) + 1)
    visits = float(rng.poisson(3.0))
    pricing = float(rng.binomial(int(visits), 0.3))
    minutes = float(np.round(rng.gamma(1.4, 4.0) * (0.5 + 0.25 * visits), 1))
    demo = bool(rng.random() < 0.18)
    log_odds = (
        _BASE
        + (PARTNER_WEIGHT if source == PARTNER else SOURCES[source][1])
        + _INDUSTRIES[industry] + _COUNTRIES[country] + _ROLES[role]
        + 1.5 * demo + 0.45 * pricing + 0.04 * min(minutes, 30.0)
        + 0.5 * np.tanh(np.log(employees) - 3.6)
    )  # fmt: skip
    fields: dict[str, Value] = {
        "original_source": source,
        "industry": industry if rng.random() > 0.08 else None,
        "country": country,
        "role": role if rng.random() > 0.15 else None,
        "company_size": employees if rng.random() > 0.2 else None,
        "website_visits": visits,
        "pricing_page_views": pricing,
        "minutes_on_site": minutes,
        "demo_requested": "yes" if demo else "no",
        "newsletter": "yes" if rng.random() < 0.4 else "no",
        "gender": str(rng.choice(["f", "m"])),
    }
    return fields, float(log_odds)


def _later(rng: np.random.Generator, won: bool, at: datetime) -> dict[str, Value]:
    called = float(np.round(rng.gamma(3.0, 160.0) if won else rng.gamma(1.2, 70.0)))
    tags = _TAGS[WON if won else LOST]
    return {
        "call_duration": called,
        "sales_tag": str(rng.choice(tags)) if rng.random() < 0.9 else None,
        "close_date": at.date().isoformat(),
    }


def _pick(rng: np.random.Generator, shares: Mapping[str, float]) -> str:
    return str(rng.choice(list(shares), p=np.array(list(shares.values())) / sum(shares.values())))
