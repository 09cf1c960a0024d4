"""What columns that say nothing cost a model of leads, and how much of it is won back by learning from telling columns too.

Public leads, in order of time, as many as a small firm has, beside copies of their own columns that were each shuffled: so
these look as real ones do and say nothing. Judged on `test` by models that had not seen it; what was tried is chosen by what
came before, as `kit train` does. Columns that `lead_models` leaves out are left out.

Intervals: leads of `test` drawn again; gains lead by lead.

Usage: python -m benchmarks.lead_columns DATA [--leads 2000 5000] [--copies 0 9] [--seed 0]
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks.lead_models import COLUMNS
from benchmarks.lead_steps import TRAIN, VAL, auc_text, public_table
from benchmarks.machines_run import header, table
from kits.core.dataset import Split
from kits.core.stats import Floats
from kits.lead_scoring._court.court import hold_court
from kits.lead_scoring._learning.backtest import run_backtest
from kits.lead_scoring._learning.candidates import FEW_LEADS, FEW_WON, candidates
from kits.lead_scoring._learning.folds import origins
from kits.lead_scoring._learning.kinds import kinds_of
from kits.lead_scoring._learning.learner import Learner
from kits.lead_scoring._learning.sheet import Sheet
from kits.lead_scoring._learning.telling import are_many
from kits.lead_scoring._table import LeadTable
from kits.lead_scoring.config import Config


def beside_copies(leads: LeadTable, names: list[str], copies: int, seed: int) -> LeadTable:
    """Leads with so many shuffled copies of each of some columns."""
    rng = np.random.default_rng(seed)
    fields = [dict(lead.fields) for lead in leads.leads]
    for name in names:
        values = [lead.fields.get(name) for lead in leads.leads]
        for copy in range(copies):
            for own, other in zip(fields, rng.permutation(len(values)).tolist()):
                own[f"{name} copy {copy + 1}"] = values[other]
    return replace(
        leads, leads=tuple(replace(lead, fields=own) for lead, own in zip(leads.leads, fields))
    )


def judged(leads: LeadTable, copies: int, seed: int) -> tuple[list[str], Floats, list[Floats]]:
    """Of one table: how it was learned from; and of its latest leads the outcomes, and what is said of them without and with telling columns."""
    count, won, config = len(leads), leads.won, Config()
    ends = round(TRAIN * count), round((TRAIN + VAL) * count)
    splits: list[Split] = [
        "train" if n < ends[0] else "val" if n < ends[1] else "test" for n in range(count)
    ]
    known = np.arange(ends[1])
    court = hold_court(leads.rows(known), config, seed=seed)
    names = [name for name in Sheet(leads.leads).names if name not in court.excluded]
    wide = beside_copies(leads, names, copies, seed)
    sheet = Sheet(wide.leads)
    kept = [name for name in sheet.names if name not in court.excluded]
    kinds = kinds_of(sheet, known, kept, config.columns)
    drifting = frozenset(court.drifting) & set(kinds)
    learner = Learner(sheet, won, kinds, drifting, config, seed)
    few = bool(len(known) < FEW_LEADS or won[known].sum() < FEW_WON)
    steps = origins(splits, [""] * count, config.folds, in_time=True, seed=seed)
    found, taken = [], ""
    many = are_many(kinds, won[known])
    for telling in (False, True):
        tried = candidates(config, few=few, in_time=True, drifting=drifting, many=many and telling)
        made = run_backtest(learner, steps, tried, in_time=True)
        found.append(np.array([made.unseen[row] for row in range(ends[1], count)]))
        taken = made.chosen["test"].candidate.name
    return (
        [f"{len(kinds)}", f"{int(won[known].sum())}", taken if many else "not many"],
        won[ends[1] :],
        found,
    )


def _rows(data: Path, sizes: list[int], copies: list[int], seed: int) -> Iterator[list[str]]:
    for name in (*COLUMNS, "crm_opportunities"):
        every = public_table(data, name)
        for size in sizes:
            leads = every.rows(np.arange(min(size, len(every))))
            for times in copies:
                told, won, found = judged(leads, times, seed)
                yield [
                    name, f"{len(leads):,}", *told[:2], auc_text(won, found[0], seed=seed), auc_text(won, found[1], seed=seed),
                    auc_text(won, found[1], found[0], seed=seed), told[2],
                ]  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--leads", type=int, nargs="+", default=[2_000, 5_000])
    parser.add_argument("--copies", type=int, nargs="+", default=[0, 9])
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    print(header("Leads: many columns, few outcomes"))
    print(f"the oldest leads of each set, judged on their latest 15 %, seed {options.seed}\n")
    columns = (
        "set",
        "leads",
        "columns",
        "won before",
        "AUC, all columns",
        "AUC, telling ones tried too",
        "gain",
        "taken",
    )
    print(table(columns, list(_rows(options.data, options.leads, options.copies, options.seed))))


if __name__ == "__main__":
    main()
