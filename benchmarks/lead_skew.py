"""How soon it is told that leads come otherwise than those learned from, and how often where nothing is to be told.

`python -m benchmarks.lead_skew FOLDER [--looks 200] [--seed 0]`, FOLDER with the public files. A bundle is trained on half of
each file by the commands a user types. *By lot*: the halves are drawn, so nothing is to be told; the other half is drawn
again and again in lots of 30 to 1,000 leads, and told is in how many of these lots anything is found. *Emptied*: of each column that was
learned from, the other half has nothing, one column at a time; told is after how many leads it is found. *In order*: the
older half is learned from, and what is found in each following tenth is real: the times have changed.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

import numpy as np

from benchmarks.lead_bundles import trained
from benchmarks.machines_run import header, table
from kits.core.runtime import Skew
from kits.core.stats import proportion
from kits.lead_scoring._lead import Lead, Value, encode_lead
from kits.lead_scoring.runtime import LeadRuntime

FILES: Mapping[str, tuple[str, str]] = {
    "bank_marketing": ("y", "row"),
    "x_education": ("Converted", "Lead Number"),
    "online_shoppers": ("Revenue", "row"),
}
"""Set → its outcome, which no lead has when it comes, and the column that tells their order."""
LOTS = (30, 100, 300, 1_000)
STEPS = (30, 40, 50, 60, 80, 100, 150, 200, 300, 500, 1_000)
TENTHS = 5
Rows: TypeAlias = Sequence[Mapping[str, Value]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--looks", type=int, default=200, help="lots of leads by lot")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    print(header("Leads: how soon a skew is told"))
    told, ordered = [], []
    for name, (outcome, order) in FILES.items():
        file = options.folder / name / "train.csv"
        rows = list(csv.DictReader(file.open(encoding="utf-8-sig", newline="")))
        rows.sort(key=lambda row: int(row[order]))
        rng = np.random.default_rng(options.seed)
        drawn = [_without(rows[n], order) for n in rng.permutation(len(rows))]
        runtime = _trained(drawn[: len(drawn) // 2])
        leads = _leads(drawn[len(drawn) // 2 :], outcome)
        told.append(
            (name, str(len(runtime.spec.usual)), *_by_lot(runtime, leads, options.looks, rng))
        )
        told[-1] += _emptied(runtime, leads)
        ordered += _in_order(name, rows, outcome)
    chance = [f"lots of {size} in which anything is found" for size in LOTS]
    found = ("emptied: leads to the word, median", "90 %", "not within 1,000")
    print(table(("set", "columns", *chance, *found), told))
    print(table(("set", "leads after the older half", "found"), ordered))


def _trained(rows: Rows) -> LeadRuntime:
    """The runtime of a bundle that learned from them."""
    runtime = trained(rows, "model.approach=logistic").runtime
    assert isinstance(runtime, LeadRuntime)
    return runtime


def _leads(rows: Rows, outcome: str) -> list[Lead]:
    return [Lead(str(n), _without(row, outcome)) for n, row in enumerate(rows)]


def _by_lot(
    runtime: LeadRuntime,
    leads: Sequence[Lead],
    looks: int,
    rng: np.random.Generator,
) -> tuple[str, ...]:
    """Of lots in which nothing is to be told, in how many anything is found."""
    found = []
    for size in LOTS:
        lots = (rng.choice(len(leads), size, replace=False) for _ in range(looks))
        hits = sum(bool(_skews(runtime, [leads[n] for n in lot])) for lot in lots)
        share = proportion(hits, looks)
        found.append(f"{hits} of {looks} [{share.low:.3f}, {share.high:.3f}]")
    return tuple(found)


def _emptied(runtime: LeadRuntime, leads: Sequence[Lead]) -> tuple[str, str, str]:
    """After how many leads it is found that a column is empty: the median of columns, that of nine in ten, and how many are not."""
    needed = []
    for column in runtime.columns:
        without = [replace(one, fields=_without(one.fields, column)) for one in leads[: STEPS[-1]]]
        hits = (n for n in STEPS if _names(_skews(runtime, without[:n]), column))
        needed.append(next(hits, STEPS[-1] + 1))
    middle, most = np.quantile(needed, (0.5, 0.9), method="higher")
    late = sum(n > STEPS[-1] for n in needed)
    return str(middle), str(most), f"{late} of {len(needed)}"


def _without(fields: Mapping[str, Value], column: str) -> dict[str, Value]:
    return {name: value for name, value in fields.items() if name != column}


def _skews(runtime: LeadRuntime, leads: Sequence[Lead]) -> tuple[Skew, ...]:
    return runtime.skews([encode_lead(lead) for lead in leads])


def _names(found: Sequence[Skew], column: str) -> bool:
    return any(one.column == column for one in found)


def _in_order(name: str, rows: Rows, outcome: str) -> list[tuple[str, str, str]]:
    """What is found in each part of the younger half."""
    half = len(rows) // 2
    runtime = _trained(rows[:half])
    leads = _leads(rows[half:], outcome)
    told = []
    for part in range(TENTHS):
        end = (part + 1) * len(leads) // TENTHS
        begin = max(0, end - LOTS[-1])
        found = _skews(runtime, leads[begin:end])
        text = "; ".join(dict.fromkeys(one.column for one in found)) or "nothing"
        told.append((name, f"{begin:,} to {end:,}", text))
    return told


if __name__ == "__main__":
    main()
