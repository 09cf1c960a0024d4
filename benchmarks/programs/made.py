"""Leads of a made-up firm, whose outcomes are known, before any program has written them down."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from math import exp
from typing import Literal, TypeAlias, TypeVar

Outcome: TypeAlias = Literal["won", "lost", "open"]
Said = TypeVar("Said")
SOURCES = ("Call", "Web", "Mail", "Trade show", "Recommendation")
"""Where leads come from; who calls or comes by the web buys more."""
EMPLOYEES = (3, 8, 20, 50, 150)
"""The firm's size; the larger, the more it buys."""
_PEOPLE = ("Anna Schmidt", "Ben Otto", "Cara Lenz")
_START = datetime(2024, 3, 4, tzinfo=timezone.utc)


@dataclass(frozen=True)
class Deal:
    """A lead, or a deal of it; one each day, in the hours of work.

    Attributes:
        n: its place, from 0.
        closed: when it was won or lost; None while it is open.
        updated: when somebody touched it last, after `closed`.
        amount: in whole euros.
        draw: for what a program says at random; the same for the same lead.
    """

    n: int
    created: datetime
    closed: datetime | None
    updated: datetime
    outcome: Outcome
    source: str
    employees: int
    amount: int
    owner: str
    draw: random.Random

    def said(self, won: Said, lost: Said, *still: Said) -> Said:
        """A program's word for the outcome; one of `still` while it is open."""
        if self.outcome == "open":
            return self.draw.choice(still)
        return won if self.outcome == "won" else lost

    @property
    def planned(self) -> datetime:
        """When somebody thought that it would close; the true moment once it has."""
        return self.closed or self.created + timedelta(days=45)

    @property
    def mail(self) -> str:
        return f"kim{self.n}@firm{self.n}.example"

    @property
    def firm(self) -> str:
        return f"Firm {self.n} Ltd"


def make_deals(count: int = 600, seed: int = 5) -> list[Deal]:
    """Leads in order of time: most decided, the latest still open."""
    return [_deal(n, count, random.Random(f"{seed}/{n}")) for n in range(count)]


def _deal(n: int, count: int, draw: random.Random) -> Deal:
    created = _START + timedelta(days=n, seconds=draw.randrange(9 * 3_600, 15 * 3_600))
    source, employees = draw.choice(SOURCES), draw.choice(EMPLOYEES)
    amount = draw.randrange(10, 900) * 10
    took = timedelta(seconds=int(draw.gammavariate(2, 10) * 86_400))
    won = draw.random() < _chance(source, employees, amount)
    decided = took < timedelta(days=count - n)
    closed = created + took if decided else None
    return Deal(
        n, created, closed, (closed or created) + timedelta(seconds=3_600 + draw.randrange(90_000)),
        ("won" if won else "lost") if decided else "open", source, employees, amount, draw.choice(_PEOPLE), draw,
    )  # fmt: skip


def chance(deal: Deal) -> float:
    """The true probability that it is won: no model can rank better."""
    return _chance(deal.source, deal.employees, deal.amount)


def _chance(source: str, employees: int, amount: int) -> float:
    logit = -1.2 + 1.2 * (source in ("Call", "Web")) + 0.01 * employees - 0.0001 * amount
    return 1 / (1 + exp(-logit))
