"""Tables of leads of which nothing tells who buys, while the base rate moves: how often the court takes them for a signal.

Columns are noise but for one that tells the period, as a campaign or a price list does. And tables with a weak signal, so
that a test which never sees one is not taken for a good one. Nothing is judged here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta, timezone
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kits.core.annotation import Annotation
from kits.core.dataset import DatasetItem
from kits.core.sample import Sample
from kits.core.stats import Floats
from kits.lead_scoring._lead import LOST, MEDIA_TYPE, WON, Lead, Value
from kits.lead_scoring._table import LeadTable, table_of

START = datetime(2024, 1, 1, tzinfo=timezone.utc)
SIZES = (600, 1_500, 4_000)
LOW, TIMES = 0.03, 10.0
"""Base rate before and how many times that it becomes."""
Drawn = tuple[Floats, Sequence[Value]]
"""(rows,) how likely each lead buys, and the column that tells the period."""


def _level(rng: np.random.Generator, rows: int) -> Drawn:
    return np.full(rows, rng.choice([0.05, 0.1, 0.3])), _blocks(np.arange(rows) * 8 // rows)


def _rises(_rng: np.random.Generator, rows: int) -> Drawn:
    return np.linspace(LOW, TIMES * LOW, rows), _blocks(np.arange(rows) * 8 // rows)


def _jumps(rng: np.random.Generator, rows: int) -> Drawn:
    """In one moment, which the column tells exactly."""
    late = np.arange(rows) >= rng.uniform(0.2, 0.9) * rows
    return np.where(late, TIMES * LOW, LOW), _blocks(late)


def _falls(rng: np.random.Generator, rows: int) -> Drawn:
    late = np.arange(rows) >= rng.uniform(0.2, 0.9) * rows
    return np.where(late, LOW, TIMES * LOW), _blocks(late)


def _blurred(rng: np.random.Generator, rows: int) -> Drawn:
    """In one moment; the column follows within a twentieth of the leads."""
    place = rng.uniform(0.2, 0.9) * rows
    late = np.arange(rows) >= place
    told = np.arange(rows) + rng.normal(0.0, 0.02 * rows, rows) >= place
    return np.where(late, TIMES * LOW, LOW), _blocks(told)


def _campaigns(rng: np.random.Generator, rows: int) -> Drawn:
    """Six campaigns one after the other, each with a rate of its own."""
    cuts = np.sort(rng.uniform(0.0, 1.0, 5)) * rows
    number = np.searchsorted(cuts, np.arange(rows))
    rates = np.exp(rng.uniform(np.log(LOW), np.log(TIMES * LOW), 6))
    return rates[number], _blocks(number)


def _weak(rng: np.random.Generator, rows: int) -> Drawn:
    """A signal: one value of a column doubles the odds or more, and the base rate doubles."""
    code = rng.integers(0, 3, rows)
    chance = np.linspace(0.08, 0.16, rows) * np.array([0.6, 1.0, 1.8])[code]
    return chance, [f"v{one}" for one in code]


def _fashion(rng: np.random.Generator, rows: int) -> Drawn:
    """A signal in what drifts: a device that comes into fashion, whose users buy four times as often."""
    share = np.linspace(0.0, 1.0, rows)
    mobile = rng.random(rows) < share
    return np.where(mobile, 0.16, 0.04), ["mobile" if one else "desk" for one in mobile]


def _after_a_jump(rng: np.random.Generator, rows: int) -> Drawn:
    """A signal in a table whose base rate jumps."""
    chance, _ = _jumps(rng, rows)
    code = rng.integers(0, 3, rows)
    return chance * np.array([0.5, 1.0, 1.8])[code], [f"v{one}" for one in code]


def _blocks(numbers: NDArray[Any]) -> list[Value]:
    return [f"c{int(one)}" for one in numbers]


NOISE: Mapping[str, Callable[[np.random.Generator, int], Drawn]] = {
    "level": _level,
    "rises tenfold": _rises,
    "jumps tenfold at once": _jumps,
    "falls to a tenth at once": _falls,
    "jumps, told late by some": _blurred,
    "six campaigns in a row": _campaigns,
}
SIGNALS: Mapping[str, Callable[[np.random.Generator, int], Drawn]] = {
    "weak": _weak,
    "in a column that drifts": _fashion,
    "weak, and a jump": _after_a_jump,
}


def drawn(kind: str, seed: int) -> LeadTable:
    """A table of a kind, of noise or with a signal."""
    makes = {**NOISE, **SIGNALS}
    rng = np.random.default_rng([seed, 97])
    rows = int(rng.choice(SIZES))
    chance, told = makes[kind](rng, rows)
    won = rng.random(rows) < chance
    columns: dict[str, Sequence[Value]] = {
        "campaign": told,
        "source": rng.choice(["web", "fair", "referral"], rows).tolist(),
        "visits": rng.poisson(4, rows).astype(float).tolist(),
        "budget": rng.lognormal(3, 0.6, rows).round(2).tolist(),
        "sector": rng.choice(["retail", "health", "steel", "food"], rows).tolist(),
    }
    made = []
    for row in range(rows):
        at = START + timedelta(hours=6 * row)
        label = WON if won[row] else LOST
        item = DatasetItem(
            Sample(str(row), MEDIA_TYPE, "", 0, at), Annotation(label=label), "train"
        )
        lead = Lead(str(row), {name: values[row] for name, values in columns.items()}, at)
        made.append((at.timestamp(), f"{row:06}", item, lead, float(won[row])))
    return table_of(made)
