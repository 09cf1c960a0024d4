"""Firms whose CRM is exported as it stands one day: what was filled in since a lead came is in it, and the truth is known.

Contacts of HubSpot with pages that are counted on, opportunities of Salesforce with contacts that are added, sign-ups with logins,
leads of Odoo with stars, deals of Pipedrive that are lost later than won. Whether a lead buys follows from what was known when it
came; all else follows from that.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import partial
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from kits.core.stats import Floats
from kits.lead_scoring._lead import Value

Row: TypeAlias = dict[str, Value]
Choices: TypeAlias = Mapping[str, tuple[float, float]]
"""Value → its share of leads, and what it adds to the log-odds."""
START = datetime(2023, 1, 2, 8, tzinfo=timezone.utc)
NEVER = 1e9
Moved: TypeAlias = tuple[float, float]
"""Since which day the odds of each lead are how many times as high."""
STANDS: Moved = (NEVER, 1.0)
Lull: TypeAlias = tuple[float, float]
"""First day, and how many, in which nobody decides: what is open then takes as much longer."""
_LARGE = 40
"""Employees beyond which a customer is a large one."""


@dataclass(frozen=True)
class Firm:
    """Leads in order of time.

    Attributes:
        day: (leads,) since `START`.
        chance: (leads,) how likely each truly buys.
        row: (lead, days since it came) → its row in an export of that day.
        exported: day of the export that is learned from; later leads come after it.
        id: column that names a lead.
        takes: (leads,) days until the outcome; `NEVER`: nobody closes it.
    """

    day: Floats
    chance: Floats
    won: Floats
    row: Callable[[int, float], Row]
    exported: float
    id: str
    takes: Floats

    def known(self) -> list[Row]:
        """The export that is learned from."""
        rows = np.flatnonzero(~self.later).tolist()
        return [self.row(n, float(self.exported - self.day[n])) for n in rows]

    def arrivals(self) -> list[Row]:
        """Leads that come later, as they come."""
        return [self.row(n, 0.0) for n in np.flatnonzero(self.later).tolist()]

    @property
    def still_open(self) -> NDArray[np.bool_]:
        """(leads,) who had come and was open on the day of the export."""
        return ~self.later & (self.takes > self.exported - self.day)

    @property
    def later(self) -> NDArray[np.bool_]:
        """(leads,) who comes after the export."""
        return self.day >= self.exported


class _Drawn:
    """Leads of a firm while they are drawn."""

    def __init__(self, rng: np.random.Generator, leads: int, days: float, base: float) -> None:
        self.rng, self.leads = rng, leads
        self.day = np.sort(rng.uniform(0, days, leads))
        self.logits = np.full(leads, base)

    def choice(self, choices: Choices) -> list[str]:
        names, shares = list(choices), np.array([share for share, _ in choices.values()])
        drawn = self.rng.choice(len(names), self.leads, p=shares / shares.sum())
        self.logits += np.array([weight for _, weight in choices.values()])[drawn]
        return [names[n] for n in drawn]

    def outcome(self, moved: Moved = STANDS) -> tuple[Floats, Floats]:
        since, odds = moved
        self.logits += np.where(self.day >= since, np.log(odds), 0.0)
        chance = 1 / (1 + np.exp(-self.logits))
        return chance, (self.rng.random(self.leads) < chance).astype(np.float64)

    def when(self, n: int, days: float = 0.0, form: str = "%Y-%m-%d %H:%M") -> str:
        return (START + timedelta(days=float(self.day[n] + days))).strftime(form)


@dataclass(frozen=True)
class TimeOfYear:
    """What it does to a firm.

    Attributes:
        swing: log-odds that it adds at most, and takes.
        lulls: in which nobody decides.
    """

    swing: float = 0.0
    lulls: Sequence[Lull] = ()


NO_SEASON = TimeOfYear()


def put_off(began: Floats, ends: Floats, lulls: Sequence[Lull]) -> Floats:
    """(leads,) days on which they are decided that would be on others if there were no lulls."""
    ends = ends.copy()
    for first, days in sorted(lulls):
        # who comes in a lull begins when it is over
        ends += np.where(ends >= first, np.clip(first + days - np.maximum(began, first), 0.0, None), 0.0)  # fmt: skip
    return ends


SOURCES: Choices = {
    "Organic Search": (0.35, 0.0), "Paid Search": (0.2, -0.4), "Social Media": (0.15, -0.9), "Referrals": (0.1, 0.8),
    "Offline Sources": (0.1, 0.6), "Email Marketing": (0.1, 0.2),
}  # fmt: skip
COUNTRIES: Choices = {"Germany": (0.5, 0.3), "United States": (0.2, 0.0), "France": (0.15, 0.0), "India": (0.15, -1.2)}  # fmt: skip


def contacts(rng: np.random.Generator, *, moved: Moved = STANDS) -> Firm:
    """HubSpot: customers by lifecycle stage; nobody is ever lost, pages and forms are counted on."""
    made = _Drawn(rng, 12_000, 900, -4.0)
    source, country = made.choice(SOURCES), made.choice(COUNTRIES)
    form = made.choice({"Newsletter": (0.4, -1.1), "Contact us": (0.2, 0.9), "Whitepaper": (0.25, -0.2), "Demo request": (0.15, 1.4)})  # fmt: skip
    job = made.choice({"CEO": (0.1, 0.5), "Engineer": (0.3, 0.2), "Student": (0.15, -2.0), "Buyer": (0.2, 0.3), "": (0.25, -0.2)})  # fmt: skip
    chance, won = made.outcome(moved)
    takes = np.where(won > 0, rng.lognormal(np.log(40), 0.8, made.leads), NEVER)
    interest, span = rng.lognormal(np.where(won > 0, 1.6, 0.6), 0.7), np.where(won > 0, takes, 90.0)

    def row(n: int, age: float) -> Row:
        part, bought = min(1.0, age / span[n]), takes[n] <= age
        seen = float(interest[n] * part)
        lead = "Marketing Qualified Lead" if seen > 2.5 else "Lead"
        return {
            "Record ID": 5000.0 + n, "Email": f"p{n}@firm{n % 900}.com", "Create Date": made.when(n),
            "Lifecycle Stage": "Customer" if bought else lead, "Original Traffic Source": source[n], "First Conversion": form[n],
            "Country/Region": country[n], "Job Title": job[n], "Number of Form Submissions": 1.0 + int(seen * 0.5),
            "Number of Pageviews": 2.0 + int(6 * seen), "Marketing emails opened": float(int(3 * seen)),
            "Became a Customer Date": made.when(n, takes[n], "%Y-%m-%d") if bought else None,
            "Contact owner": ("Kim", "Sam")[n % 2] if bought or part > 0.5 else None,
        }  # fmt: skip

    return Firm(made.day, chance, won, row, 720.0, "Record ID", takes)


STAGES = (
    "Prospecting",
    "Qualification",
    "Needs Analysis",
    "Value Proposition",
    "Proposal/Price Quote",
)


def opportunities(rng: np.random.Generator) -> Firm:
    """Salesforce: contact roles are added, close dates pushed."""
    made = _Drawn(rng, 3_000, 1_000, -1.4)
    kind = made.choice({"New Customer": (0.6, -0.3), "Existing Customer - Upgrade": (0.25, 0.8), "Existing Customer - Replacement": (0.15, 0.5)})  # fmt: skip
    source = made.choice({"Web": (0.2, 0.0), "Phone Inquiry": (0.2, 0.4), "Partner Referral": (0.2, 0.8), "Purchased List": (0.2, -0.9), "Other": (0.2, -0.1)})  # fmt: skip
    industry = made.choice({"Energy": (0.25, 0.3), "Retail": (0.25, -0.4), "Electronics": (0.25, 0.2), "Government": (0.25, -0.2)})  # fmt: skip
    amount = np.round(rng.lognormal(10, 1, made.leads), -2)
    made.logits -= 0.3 * (np.log(amount) - 10)
    chance, won = made.outcome()
    takes = np.where(won > 0, rng.gamma(3, 30, made.leads), rng.gamma(2, 60, made.leads))
    people = rng.poisson(np.where(won > 0, 3.0, 1.5))

    def row(n: int, age: float) -> Row:
        part, day = min(1.0, age / takes[n]), "%m/%d/%Y"
        end = "Closed Won" if won[n] else "Closed Lost"
        return {
            "Opportunity ID": f"006{n:012d}", "Account Name": f"Acc {n % 1100}", "Created Date": made.when(n, form=day),
            "Close Date": made.when(n, takes[n] if part >= 1 else 90.0, day), "Stage": end if part >= 1 else STAGES[int(part * 5)],
            "Amount": float(amount[n]), "Type": kind[n], "Lead Source": source[n], "Industry": industry[n],
            "Opportunity Owner": ("R1", "R2", "R3")[n % 3], "Contact Roles": 1.0 + int(people[n] * part),
        }  # fmt: skip

    return Firm(made.day, chance, won, row, 820.0, "Opportunity ID", takes)


def sign_ups(rng: np.random.Generator, *, moved: Moved = STANDS) -> Firm:
    """A shop's own table: who has not paid has 0, steps and logins are counted."""
    made = _Drawn(rng, 20_000, 800, -4.1)
    source = made.choice({"google": (0.4, 0.0), "direct": (0.25, 0.3), "facebook": (0.15, -0.9), "capterra": (0.1, 0.8), "newsletter": (0.1, 0.5)})  # fmt: skip
    plan = made.choice({"free": (0.6, -0.9), "starter": (0.25, 0.4), "pro": (0.15, 0.9)})
    device = made.choice({"desktop": (0.65, 0.3), "mobile": (0.3, -0.7), "tablet": (0.05, -0.3)})
    team = made.choice(
        {"1": (0.5, -0.5), "2-5": (0.3, 0.3), "6-20": (0.15, 0.7), "21+": (0.05, 0.4)}
    )
    domain = made.choice({"company": (0.55, 0.8), "freemail": (0.45, 0.0)})
    chance, won = made.outcome(moved)
    takes = np.where(won > 0, 14 + rng.gamma(1, 4, made.leads), NEVER)
    steps = rng.poisson(np.where(won > 0, 7.0, 2.2))

    def row(n: int, age: float) -> Row:
        paid, done = takes[n] <= age, min(8, int(steps[n] * min(1.0, age / 10)))
        return {
            "user_id": f"u{n}", "signup_at": made.when(n, form="%Y-%m-%dT%H:%M:%S"), "plan_chosen": plan[n], "utm_source": source[n],
            "device": device[n], "email_type": domain[n], "team_size": team[n], "onboarding_steps_done": float(done),
            "logins_30d": float(int(done * 2.3)), "is_paying": float(paid),
            "first_payment_at": made.when(n, takes[n], "%Y-%m-%dT%H:%M:%S") if paid else None,
        }  # fmt: skip

    return Firm(made.day, chance, won, row, 640.0, "user_id", takes)


def odoo(rng: np.random.Generator) -> Firm:
    """Odoo: stars that are one for all who come; a fifth of the lost are never closed."""
    made = _Drawn(rng, 4_200, 900, -2.1)
    source = made.choice({"Search engine": (0.3, 0.0), "Lead Recall": (0.1, -0.4), "Newsletter": (0.2, 0.1), "Referral": (0.2, 0.9), "Trade Show": (0.2, 0.5)})  # fmt: skip
    medium = made.choice({"Website": (0.5, 0.0), "Email": (0.3, 0.2), "Phone": (0.2, 0.6)})
    tag = made.choice({"Product": (0.25, 0.2), "Software": (0.25, 0.4), "Services": (0.25, -0.2), "Consulting": (0.25, -0.6)})  # fmt: skip
    chance, won = made.outcome()
    takes = np.where(won > 0, rng.gamma(2, 20, made.leads), rng.gamma(2, 35, made.leads))
    forgotten, stars = (won == 0) & (rng.random(made.leads) < 0.2), rng.random(made.leads)

    def row(n: int, age: float) -> Row:
        part = min(1.0, age / takes[n])
        ended = part >= 1 and not forgotten[n]
        high = part > 0.4 and won[n] > 0 and stars[n] < 0.6
        stage = (
            "Won"
            if ended and won[n]
            else ("New", "Qualified", "Proposition")[min(int(part * 3), 2)]
        )
        return {
            "ID": f"__export__.crm_lead_{n}", "Created on": made.when(n, form="%Y-%m-%d %H:%M:%S"), "Stage": stage,
            "Active": "False" if ended and not won[n] else "True", "Source": source[n], "Medium": medium[n], "Tags": tag[n],
            "Priority": "High" if high else "Medium" if part > 0.4 and stars[n] < 0.4 else "Low",
            "Closed Date": made.when(n, takes[n], "%Y-%m-%d %H:%M:%S") if ended else None,
        }  # fmt: skip

    return Firm(made.day, chance, won, row, 720.0, "ID", np.where(forgotten, NEVER, takes))


def deals(
    rng: np.random.Generator,
    *,
    dated: Sequence[str] = ("Won", "Lost"),
    moved: Moved = STANDS,
    forgotten: float = 0.0,
    longer: float = 1.0,
    slower: Moved = STANDS,
    leads: int = 3_700,
    year: TimeOfYear = NO_SEASON,
) -> Firm:
    """Pipedrive: nothing is filled in late; won deals take 40 days, lost ones 110, so of the latest the won ones are known.

    Args:
        dated: outcomes that have a date.
        moved: the market, if it does not stand.
        forgotten: share of lost ones that nobody closes.
        longer: by how many times those of large customers take longer.
        slower: since which day who comes takes how many times as long.
        leads: within 900 days.
        year: what the time of year does.
    """
    made = _Drawn(rng, leads, 900, -1.5)
    label = made.choice({"Inbound": (0.3, 0.5), "Cold call": (0.3, -0.8), "Referral": (0.15, 1.2), "Trade fair": (0.25, 0.0)})  # fmt: skip
    country = made.choice({"DE": (0.4, 0.3), "AT": (0.2, 0.0), "CH": (0.2, 0.4), "PL": (0.2, -0.6)})
    value, people = np.round(rng.lognormal(8, 1, made.leads), -1), np.round(rng.lognormal(3, 1.2, made.leads))  # fmt: skip
    made.logits += 0.3 * (np.log(people + 1) - 3) - 0.35 * (np.log(value + 10) - 8)
    if year.swing:
        made.logits += year.swing * np.sin(2 * np.pi * (made.day / 365.2425 + rng.random()))
    chance, won = made.outcome(moved)
    takes = rng.gamma(2, np.where(won > 0, 20.0, 55.0))
    takes[people > _LARGE] *= longer
    takes[made.day >= slower[0]] *= slower[1]
    if forgotten:
        takes[(won == 0) & (rng.random(made.leads) < forgotten)] = NEVER
    if year.lulls:
        takes = put_off(made.day, made.day + takes, year.lulls) - made.day

    def row(n: int, age: float) -> Row:
        status = "Open" if age < takes[n] else "Won" if won[n] else "Lost"
        at = made.when(n, takes[n], "%Y-%m-%d %H:%M:%S") if status in dated else None
        return {
            "Deal - ID": 1000.0 + n, "Deal - Title": f"Deal {n}", "Deal - Status": status,
            "Deal - Deal created": made.when(n, form="%Y-%m-%d %H:%M:%S"), "Deal - Won time": at if status == "Won" else None,
            "Deal - Lost time": at if status == "Lost" else None, "Deal - Value": float(value[n]), "Deal - Label": label[n],
            "Organization - Country": country[n], "Organization - Employees": float(people[n]),
        }  # fmt: skip

    return Firm(made.day, chance, won, row, 720.0, "Deal - ID", takes)


FIRMS: Mapping[str, Callable[[np.random.Generator], Firm]] = {
    "HubSpot contacts": contacts, "Salesforce opportunities": opportunities, "sign-ups": sign_ups, "Odoo leads": odoo,
    "Pipedrive deals": deals, "the same, lost ones undated": partial(deals, dated=("Won",)),
}  # fmt: skip
