"""Made-up leads with a known truth: who would buy, and why. The same seed gives the same people.

The truth is a logistic function of what a CRM shows of a lead, so that a model can find it, plus chance, so that
none finds it all; its level rises through time, as base rates do. How a CRM names the columns is not known here.
"""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

Value = str | float | bool
"""Of one column; a number is a float."""
Columns = dict[str, Value]

BASE = -4.9
"""Log-odds of a lead of whom nothing speaks for or against it."""
RISE = 0.8
"""Log-odds by which all leads get better in a year."""

CHOICES: Mapping[str, Mapping[str, tuple[float, float]]] = {
    "country": {
        "Germany": (0.30, 0.3), "Austria": (0.12, 0.2), "Switzerland": (0.10, 0.4), "France": (0.18, 0.0),
        "Poland": (0.12, -0.1), "United States": (0.10, -0.5), "India": (0.08, -0.9),
    },
    "industry": {
        "Machinery": (0.25, 0.6), "Food": (0.15, 0.2), "Logistics": (0.18, 0.1), "Software": (0.20, -0.2),
        "Education": (0.12, -0.8), "Construction": (0.10, 0.0),
    },
    "jobtitle": {
        "Managing Director": (0.12, 0.6), "Head of Production": (0.15, 0.7), "Buyer": (0.18, 0.3),
        "Engineer": (0.25, 0.1), "Student": (0.12, -1.8), "Assistant": (0.18, -0.4),
    },
    "source": {
        "Organic search": (0.28, 0.1), "Paid search": (0.20, -0.1), "Referral": (0.12, 1.0),
        "Trade fair": (0.12, 0.5), "Social media": (0.18, -0.6), "Direct": (0.10, 0.2),
    },
    "last_form": {
        "Newsletter": (0.35, -0.7), "White paper": (0.30, 0.0), "Price list": (0.15, 1.0),
        "Demo request": (0.10, 1.9), "Contact": (0.10, 0.8),
    },
}  # fmt: skip
"""Column → value → (share of the leads, log-odds it adds)."""
FIRST = (
    "Ada",
    "Ben",
    "Carla",
    "Deniz",
    "Eva",
    "Felix",
    "Greta",
    "Hugo",
    "Ines",
    "Jan",
    "Kim",
    "Lena",
)
LAST = (
    "Adler",
    "Brandt",
    "Costa",
    "Dubois",
    "Ekman",
    "Fuchs",
    "Gruber",
    "Huber",
    "Ito",
    "Jansen",
    "Kowal",
)
FIRMS = (
    "Alpha",
    "Brook",
    "Cedar",
    "Delta",
    "Ember",
    "Falk",
    "Garnet",
    "Harbour",
    "Iris",
    "Juniper",
)
FREE_MAIL = 0.25
"""Share of leads that write from a free mailbox."""
COLUMNS: tuple[str, ...] = (
    "first_name", "last_name", "email", "company", "phone", *CHOICES, "employees", "visits", "page_views",
    "emails_opened", "budget_stated", "opted_out",
)  # fmt: skip
NUMBERS = frozenset({"employees", "visits", "page_views", "emails_opened"})
YES_NO = frozenset({"budget_stated", "opted_out"})


@dataclass(frozen=True, slots=True)
class PastLead:
    """A lead whose outcome is known.

    Attributes:
        columns: as they were when it was created.
        probability: what it would have bought with: the truth.
    """

    columns: Columns
    created_at: datetime
    decided_at: datetime
    won: bool
    probability: float


class World:
    """Draws leads and what becomes of them.

    Args:
        seed: the same gives the same.
        epoch: from when on the level of all leads rises.
    """

    def __init__(self, seed: int, epoch: datetime) -> None:
        self._random = random.Random(f"world:{seed}")  # noqa: S311 - made-up people
        self._epoch = epoch

    def lead(self) -> Columns:
        """A new lead."""
        draw = self._random
        first, last = draw.choice(FIRST), draw.choice(LAST)
        firm = f"{draw.choice(FIRMS)} {draw.choice(FIRMS)}"
        domain = f"{firm.lower().replace(' ', '-')}.example"
        host = "freemail.example" if draw.random() < FREE_MAIL else domain
        columns: Columns = {
            "first_name": first, "last_name": last, "company": firm,
            "email": f"{first}.{last}{draw.randrange(10_000)}@{host}".lower(),
            "phone": f"+49 30 {draw.randrange(10**6, 10**7)}" if draw.random() < 0.6 else "",
        }  # fmt: skip
        for column, values in CHOICES.items():
            shares = [share for share, _ in values.values()]
            columns[column] = draw.choices(list(values), shares)[0]
        visits = 1 + int(draw.expovariate(1 / 4))
        columns["employees"] = float(round(10 ** draw.uniform(0.3, 3.7)))
        columns["visits"] = float(visits)
        columns["page_views"] = float(visits + int(draw.expovariate(1 / (2 * visits))))
        columns["emails_opened"] = float(int(draw.expovariate(1 / 2)))
        columns["budget_stated"] = draw.random() < 0.15
        columns["opted_out"] = draw.random() < 0.01
        return columns

    def step(self, columns: Mapping[str, Value]) -> Columns:
        """What an open lead does next: the columns that change."""
        draw = self._random
        visits = _number(columns, "visits") + 1
        changed: Columns = {
            "visits": visits,
            "page_views": _number(columns, "page_views") + draw.randrange(1, 6),
        }
        if draw.random() < 0.4:
            changed["emails_opened"] = _number(columns, "emails_opened") + 1
        if draw.random() < 0.25:
            forms = CHOICES["last_form"]
            changed["last_form"] = draw.choices(list(forms), [s for s, _ in forms.values()])[0]
        if draw.random() < 0.05:
            changed["budget_stated"] = True
        return {name: value for name, value in changed.items() if value != columns.get(name)}

    def probability(self, columns: Mapping[str, Value], at: datetime) -> float:
        """How probably this lead buys: the truth."""
        years = max(-3.0, min(3.0, (at - self._epoch).total_seconds() / (365 * 86_400)))
        return 1 / (1 + math.exp(-(BASE + RISE * years + _log_odds(columns))))

    def decide(self, probability: float) -> bool:
        """Whether it bought."""
        return self._random.random() < probability

    def past(self, n: int, start: datetime, end: datetime) -> list[PastLead]:
        """Leads of the past, oldest first, all decided before `end`."""
        moments = sorted(self._random.random() for _ in range(n))
        found = []
        for share in moments:
            created = start + share * (end - start)
            columns = self.lead()
            probability = self.probability(columns, created)
            wait = min(self._random.expovariate(1 / 20), 90.0)
            decided = min(created + timedelta(days=wait), end)
            found.append(PastLead(columns, created, decided, self.decide(probability), probability))
        return found


def _log_odds(columns: Mapping[str, Value]) -> float:
    total = sum(
        values[str(columns[column])][1]
        for column, values in CHOICES.items()
        if str(columns.get(column)) in values
    )
    employees = math.log10(1 + _number(columns, "employees"))
    total += 0.9 * math.exp(-((employees - 2.2) ** 2))
    total += 0.35 * math.log1p(_number(columns, "visits"))
    total += 0.20 * math.log1p(_number(columns, "page_views"))
    total += 0.15 * min(_number(columns, "emails_opened"), 6)
    total += 1.1 if columns.get("budget_stated") is True else 0.0
    if str(columns.get("email", "")).endswith("@freemail.example"):
        total -= 0.6
    # a student with a budget is still a student: an interaction that no sum of columns has
    if columns.get("jobtitle") == "Student" and columns.get("last_form") == "Demo request":
        total -= 1.2
    return total


def _number(columns: Mapping[str, Value], name: str) -> float:
    value = columns.get(name)
    return float(value) if isinstance(value, int | float) else 0.0
