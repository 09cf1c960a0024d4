"""What a training costs by the size of a table, on made-up exports as wide as a CRM's: seconds, memory, what is shipped.

Such an export holds every property that anybody ever created: most are empty for nearly all leads, some have a value
for each lead, some hold what a dozen of them share. Here a dozen columns tell who buys, two of them only together, a
few go with time, and all others tell nothing. Which is which is drawn by seed, before any model. Figures on leads that
came after those learned from stand beside the seconds, so that what is saved can be weighed against what it costs.

Usage: python -m benchmarks.lead_wide 40000x100 [40000x400 …] [--seed 0] [--as small] [--csv FOLDER]
--as learns without the savings of large tables; --csv writes the table for `kit data import` and trains nothing.
"""

from __future__ import annotations

import argparse
import csv
import resource
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.lead_models import AS_HELP, SIZES, a_dataset, as_if, learned, tell
from kits.lead_scoring._lead import Lead, Value
from kits.lead_scoring.config import Config

Floats = NDArray[np.float64]
START = datetime(2024, 1, 1, tzinfo=timezone.utc)
DAYS = 540.0
OUTSIDE = 0.2
"""Share of leads beside those learned from: the latest, which are only judged."""
TELLING, DRIFTING = 12, 4
_EMPTY = 0.6
"""Share of columns that nearly all leads lack."""
_BASE = -2.6
_WORDS = [
    "price", "team", "demo", "urgent", "budget", "call", "soon", "trial", "compare", "integration", "support",
    "contract", "pilot", "security", "migrate", "renewal", "partner", "training", "invoice", "webinar",
]  # fmt: skip


@dataclass(frozen=True)
class Made:
    """A made-up export, in order of time.

    Attributes:
        won: (leads,) 1 or 0.
    """

    leads: list[Lead]
    won: Floats


def make_wide(seed: int, leads: int, columns: int) -> Made:
    """An export of so many leads and columns."""
    rng = np.random.default_rng([seed, 91])
    place = np.linspace(0.0, 1.0, leads)
    moments = [START + timedelta(days=DAYS * float(one)) for one in place]
    logits = np.full(leads, _BASE) + 0.8 * place
    cells: dict[str, list[Value]] = {}
    kept: list[Floats] = []
    for number in range(columns):
        telling = number % max(1, columns // TELLING) == 0 and len(kept) < TELLING
        drifting = not telling and number % max(2, columns // DRIFTING) == 1
        latent = rng.normal(size=leads) + (3.0 * place if drifting else 0.0)
        kind = list(KINDS)[int(rng.choice(len(KINDS), p=SHARES))]
        made = KINDS[kind](latent, moments, rng)
        if not telling and rng.random() < _EMPTY:
            absent = rng.random(leads) < rng.uniform(0.85, 0.995)
            made = [None if gone else cell for cell, gone in zip(made, absent.tolist())]
        elif rng.random() < 0.5:
            absent = rng.random(leads) < rng.uniform(0.0, 0.4)
            made = [None if gone else cell for cell, gone in zip(made, absent.tolist())]
        cells[f"{kind} {number}"] = made
        if telling:
            kept.append(latent)
    for number, latent in enumerate(kept):
        weight = float(rng.uniform(0.25, 0.65)) * (-1) ** number
        logits += weight * (latent if number % 3 else np.maximum(latent, 0.0) ** 1.5)
    logits += 0.6 * np.sign(kept[0] * kept[1]) * (np.abs(kept[0]) > 0.5)
    won = (rng.random(leads) < 1 / (1 + np.exp(-logits))).astype(np.float64)
    names = list(cells)
    rows = [
        Lead(str(n), {name: cell for name, cell in zip(names, row) if cell is not None}, moments[n])
        for n, row in enumerate(zip(*cells.values()))
    ]
    return Made(rows, won)


def _numbers(latent: Floats, _: Sequence[datetime], rng: np.random.Generator) -> list[Value]:
    scale = 10 ** rng.uniform(0, 4)
    return list(np.round(scale * np.exp(0.8 * latent), 2).tolist())


def _counts(latent: Floats, _: Sequence[datetime], rng: np.random.Generator) -> list[Value]:
    return list(rng.poisson(np.exp(rng.uniform(-1.0, 2.0) + 0.7 * latent)).tolist())


def _few(latent: Floats, _: Sequence[datetime], rng: np.random.Generator) -> list[Value]:
    return _binned("value", latent, int(rng.integers(3, 13)), rng)


def _many(latent: Floats, _: Sequence[datetime], rng: np.random.Generator) -> list[Value]:
    return _binned("campaign", latent, int(rng.integers(150, 3_000)), rng)


def _binned(word: str, latent: Floats, values: int, rng: np.random.Generator) -> list[Value]:
    """Values by ranges of what stands behind them, in no order, some far more frequent than others."""
    edges = np.sort(rng.normal(scale=1.4, size=values - 1))
    names = rng.permutation(values)
    return [f"{word} {names[one]}" for one in np.searchsorted(edges, latent).tolist()]


def _dates(latent: Floats, moments: Sequence[datetime], _: np.random.Generator) -> list[Value]:
    days = np.exp(2.5 + latent)
    return [
        (at - timedelta(days=float(min(before, 3_000.0)))).isoformat(timespec="seconds")
        for at, before in zip(moments, days)
    ]


def _truths(latent: Floats, _: Sequence[datetime], rng: np.random.Generator) -> list[Value]:
    limit = float(rng.normal())
    return ["true" if one > limit else "false" for one in latent.tolist()]


def _several(latent: Floats, _: Sequence[datetime], rng: np.random.Generator) -> list[Value]:
    limits = rng.normal(scale=1.2, size=8)
    return [
        ";".join(f"topic {n}" for n, limit in enumerate(limits) if one > limit) or "none of them"
        for one in latent.tolist()
    ]


def _texts(latent: Floats, _: Sequence[datetime], rng: np.random.Generator) -> list[Value]:
    """Six words, of which the latent draws some; half of the leads write what others wrote too."""
    drawn = rng.integers(len(_WORDS), size=(len(latent), 6))
    drawn[::2] = drawn[rng.integers(min(200, len(latent)), size=len(drawn[::2]))]
    told = (rng.random(drawn.shape) < 0.3) & (np.arange(len(latent)) % 2 == 1)[:, None]
    words = np.where(told, (3 * latent[:, None] + 9).astype(int), drawn) % len(_WORDS)
    return [" ".join(_WORDS[n] for n in row) for row in words.tolist()]


KINDS: dict[str, Callable[[Floats, Sequence[datetime], np.random.Generator], list[Value]]] = {
    "number": _numbers,
    "count": _counts,
    "few": _few,
    "many": _many,
    "date": _dates,
    "truth": _truths,
    "several": _several,
    "text": _texts,
}
SHARES = (0.16, 0.16, 0.24, 0.1, 0.16, 0.1, 0.05, 0.03)


def main() -> None:
    """Prints what each size took."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("sizes", nargs="+", help="LEADSxCOLUMNS")
    parser.add_argument("--csv", type=Path)
    parser.add_argument("--as", dest="size", choices=list(SIZES), help=AS_HELP)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    as_if(args.size)
    for size in args.sizes:
        leads, columns = map(int, size.split("x"))
        if args.csv is not None:
            _write(args.csv / f"wide-{size}.csv", make_wide(args.seed, leads, columns))
        else:
            _trained(leads, columns, args.seed)


def _trained(leads: int, columns: int, seed: int) -> None:
    """Learns from so many leads, and judges as a fifth more that came after them."""
    made = make_wide(seed, round(leads * (1 + OUTSIDE)), columns)
    dataset = a_dataset(made.leads[:leads], made.won[:leads], True, seed)
    later, won = made.leads[leads:], made.won[leads:]
    del made  # as in a project, where leads are read from files
    began, used = time.perf_counter(), time.process_time()
    runtime, notes = learned(dataset, Config(), seed)
    took = f"{time.perf_counter() - began:.1f} s ({time.process_time() - used:.1f} CPU-s)"
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"## {leads:,} leads x {columns} columns: {took}, resident peak {peak:.2f} GiB")
    for word in ("was taken", "calibrated", "models were chosen by"):
        print(next((note for note in notes if word in note), f"(not told: {word})"))
    tell("leads that came after", runtime.scorer.probabilities(later), won, seed, took)


def _write(path: Path, made: Made) -> None:
    names = dict.fromkeys(name for lead in made.leads for name in lead.fields)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, ["lead id", "created at", *names, "outcome"])
        writer.writeheader()
        for lead, won in zip(made.leads, made.won):
            at = lead.at.isoformat(timespec="seconds") if lead.at is not None else ""
            said = {"lead id": f"L{lead.id}", "created at": at, **lead.fields}
            writer.writerow({**said, "outcome": "won" if won else "lost"})
    print(path)


if __name__ == "__main__":
    main()
