"""Tables of leads whose columns' nature is known: for the court's rates of false convictions and of leaks found.

Each table draws its size, its base rate, how much honest columns tell, and one leak of each kind with a strength of its
own. Strong honest columns imitate what leaks look like: a form that buyers fill in, values at both ends, noughts of most
who lose. The outcome follows from honest columns; leaks follow from the outcome.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from kits.core.annotation import Annotation
from kits.core.dataset import DatasetItem
from kits.core.sample import Sample
from kits.lead_scoring._lead import LOST, MEDIA_TYPE, WON, Lead, Value
from kits.lead_scoring._table import LeadTable, table_of

Floats: TypeAlias = NDArray[np.float64]
Drawn: TypeAlias = tuple[Sequence[Value], Floats]
"""Values of an honest column, and what they add to the log-odds."""
START = datetime(2024, 1, 1, tzinfo=timezone.utc)
SIZES = (500, 2_000, 8_000)
BASE_RATES = (0.05, 0.1, 0.2, 0.4)
LATE_NAMES = (
    "call_duration", "Last Activity", "lead_rating", "Letzte Aktivität", "talkTime", "Sales Note", "win probability",
    "Gesprächsdauer", "dernier appel", "times_contacted",
)  # fmt: skip
HONEST_NAMES = (
    "company_size", "time on site", "pages viewed", "timeframe", "budget range", "seats wanted", "country", "channel",
    "campaign", "job title", "Branche", "nombre de sites", "current system", "newsletter",
)  # fmt: skip
SOUNDING_NAMES = (
    "employment status", "credit score", "visit duration", "previous contact", "contract duration months", "price index",
    "account owner role", "preferred contact", "expected close date known", "purchase amount last year",
)  # fmt: skip
"""Honest names with words that late columns have."""


@dataclass(frozen=True)
class Planted:
    """A table and what its columns are.

    Attributes:
        weak, strong: honest columns.
        leaks: column → kind.
    """

    table: LeadTable
    weak: tuple[str, ...]
    strong: dict[str, str]
    leaks: dict[str, str]


def plant(seed: int) -> Planted:
    """A table."""
    rng = np.random.default_rng([seed, 41])
    rows, base = int(rng.choice(SIZES)), float(rng.choice(BASE_RATES))
    names = list(rng.permutation(HONEST_NAMES))
    columns: dict[str, Sequence[Value]] = {}
    logit = np.zeros(rows)
    weak = []
    for _ in range(int(rng.integers(5, 9))):
        weak.append(names.pop())
        values, tells = _weak(rng, rows)
        columns[weak[-1]] = values
        logit += tells
    strong: dict[str, str] = {}
    kind = str(rng.choice(list(HONEST)))
    sounding = rng.random() < 0.4
    name = str(rng.choice(SOUNDING_NAMES)) if sounding else names.pop()
    strong[name] = "name sounds late" if sounding else kind
    values, tells = HONEST[kind](rng, rows)
    columns[name] = values
    logit += tells
    won = _outcomes(rng, logit, base)
    at = [START + timedelta(hours=3 * row) for row in range(rows)]
    leaks: dict[str, str] = {}
    for kind in rng.choice(list(LEAKS), 2, replace=False):
        name = str(rng.choice(LATE_NAMES)) if kind == "name" else f"field_{len(leaks) + 7}"
        if name not in columns:
            columns[name] = LEAKS[str(kind)](rng, won, at)
            leaks[name] = str(kind)
    return Planted(_table(columns, won, at, rng, leaks), tuple(weak), strong, leaks)


def _outcomes(rng: np.random.Generator, logit: Floats, base: float) -> Floats:
    low, high = -30.0, 30.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (
            (middle, high) if (1 / (1 + np.exp(-logit - middle))).mean() < base else (low, middle)
        )
    return (rng.random(len(logit)) < 1 / (1 + np.exp(-logit - low))).astype(float)


def _weak(rng: np.random.Generator, rows: int) -> Drawn:
    weight = float(rng.normal(0, 0.4))
    if rng.random() < 0.5:
        values = rng.lognormal(2, 0.7, rows)
        gone = rng.random(rows) < rng.choice([0.0, 0.1, 0.4])
        told = [None if no else float(v) for v, no in zip(values, gone)]
        return told, _floats(1.4 * weight * (np.log(values) - 2) * ~gone)
    levels = int(rng.integers(2, 12))
    codes = rng.integers(0, levels, rows)
    effects = rng.normal(0, abs(weight) + 0.1, levels)
    return [f"v{code}" for code in codes], _floats(effects[codes])


def _intent(rng: np.random.Generator, rows: int) -> Drawn:
    """A number that tells much."""
    values = rng.normal(0, 1, rows)
    return [round(float(v), 3) for v in values], _floats(rng.uniform(1.2, 2.5) * values)


def _ends(rng: np.random.Generator, rows: int) -> Drawn:
    """Choices at both ends: at once, some day, never."""
    codes = rng.choice(4, rows, p=[0.15, 0.35, 0.35, 0.15])
    spread = float(rng.uniform(1.5, 3.0))
    words = ("at once", "this year", "some day", "only looking")
    return [words[c] for c in codes], _floats(np.array([spread, 0.4, -0.4, -spread])[codes])


def _form(rng: np.random.Generator, rows: int) -> Drawn:
    """A form that those fill in who want to buy."""
    filled = rng.random(rows) < rng.uniform(0.2, 0.6)
    values = rng.choice(["A", "B", "C"], rows)
    told = [str(v) if yes else None for v, yes in zip(values, filled)]
    return told, _floats(rng.uniform(1.0, 2.2) * filled)


def _noughts(rng: np.random.Generator, rows: int) -> Drawn:
    """Looks at prices: nought for most, and most of those lose."""
    values = rng.poisson(1.5, rows) * (rng.random(rows) < 0.35)
    return [float(v) for v in values], _floats(rng.uniform(0.6, 1.1) * values)


def _few(rng: np.random.Generator, rows: int) -> Drawn:
    """A small group that nearly always buys."""
    few = rng.random(rows) < 0.05
    told = ["referral" if yes else "other" for yes in few]
    return told, _floats(rng.uniform(2.0, 3.5) * few)


def _floats(values: object) -> Floats:
    return np.asarray(values, dtype=np.float64)


HONEST: dict[str, Callable[[np.random.Generator, int], Drawn]] = {
    "number": _intent, "both ends": _ends, "form": _form, "noughts": _noughts, "small group": _few,
}  # fmt: skip


def _named(rng: np.random.Generator, won: Floats, _at: list[datetime]) -> list[Value]:
    """A number that rises with work on those who are interested; only its name says when it is written."""
    return [
        float(v) for v in np.round(rng.gamma(1.5, 60, len(won)) * (1 + rng.uniform(1.5, 4) * won))
    ]


def _filled_later(rng: np.random.Generator, won: Floats, _at: list[datetime]) -> list[Value]:
    """Filled in for those won, and by mistake for a few others."""
    filled = np.where(
        won == 1, rng.random(len(won)) < rng.uniform(0.6, 1.0), rng.random(len(won)) < 0.01
    )
    return [f"c{rng.integers(5)}" if yes else None for yes in filled]


def _nought_if_lost(rng: np.random.Generator, won: Floats, _at: list[datetime]) -> list[Value]:
    """A sum that is nought for those lost."""
    return [
        round(float(v), 2) if yes else 0.0 for v, yes in zip(rng.lognormal(6, 1, len(won)), won)
    ]


def _restates(rng: np.random.Generator, won: Floats, _at: list[datetime]) -> list[Value]:
    """Free words of sales, for four of five leads."""
    words = (
        ("not interested", "no budget", "wrong number"),
        ("signed", "closed by phone", "customer"),
    )
    return [str(rng.choice(words[int(yes)])) if rng.random() < 0.8 else None for yes in won]


def _later_date(rng: np.random.Generator, won: Floats, at: list[datetime]) -> list[Value]:
    """A date after the decision, sooner for those won."""
    days = rng.gamma(2, np.where(won == 1, 4, 9), len(won)) + 2
    return [(moment + timedelta(days=float(d))).isoformat() for moment, d in zip(at, days)]


def _only_decided(rng: np.random.Generator, won: Floats, _at: list[datetime]) -> list[Value]:
    """Filled in when a lead is decided; the open ones lack it."""
    codes = np.where(rng.random(len(won)) < 0.6, won, rng.integers(0, 2, len(won)))
    return [f"k{int(code)}{rng.integers(3)}" for code in codes]


def _nameless(rng: np.random.Generator, won: Floats, _at: list[datetime]) -> list[Value]:
    """A number that follows the outcome, and nothing says so."""
    return [round(float(v), 3) for v in rng.normal(0, 1, len(won)) + rng.uniform(1.0, 2.0) * won]


LEAKS: dict[str, Callable[[np.random.Generator, Floats, list[datetime]], list[Value]]] = {
    "name": _named, "filled later": _filled_later, "nought if lost": _nought_if_lost, "restates": _restates,
    "later date": _later_date, "only decided": _only_decided, "nothing says so": _nameless,
}  # fmt: skip
OPEN_LACK = ("filled later", "restates", "later date", "only decided")


def _table(
    columns: dict[str, Sequence[Value]],
    won: Floats,
    at: list[datetime],
    rng: np.random.Generator,
    leaks: dict[str, str],
) -> LeadTable:
    """With one open lead for ten decided ones, like them but for what comes with the outcome."""
    made = []
    for row, moment in enumerate(at):
        fields = {name: values[row] for name, values in columns.items()}
        made.append(_row(f"d{row}", moment, fields, float(won[row])))
    if "only decided" in leaks.values():
        for row in rng.choice(len(at), len(at) // 10, replace=False):
            fields = {
                name: None if leaks.get(name) in OPEN_LACK else values[row]
                for name, values in columns.items()
            }
            made.append(_row(f"o{row}", at[row], fields, float("nan")))
    return table_of(sorted(made, key=lambda one: one[:2]))


def _row(
    name: str, at: datetime, fields: dict[str, Value], won: float
) -> tuple[float, str, DatasetItem, Lead, float]:
    label = {1.0: WON, 0.0: LOST}.get(won)
    item = DatasetItem(
        Sample(name, MEDIA_TYPE, "", 0, at), Annotation(label=label) if label else None, "train"
    )
    return at.timestamp(), name, item, Lead(name, fields, at), won
