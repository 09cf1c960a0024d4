"""Whether probabilities keep their word in the next period: rules of calibration beside each other on rolling steps.

Each table is a project as `kit train` has it: folds within the oldest 70 %, then `val`, then `test`. From the fourth
step on each is judged by the candidate and the calibration of the three steps before, as training does. Made-up
tables come by seed: the demo's firm while its base rate rises, falls, stands, wanders, jumps. Public files are read in
order of time, cut at their oldest shares (`--oldest`), so that a rule can be looked at without the latest leads.

`ece` is of ten bins of equal mass, weighed by their leads (Nguyen & O'Connor 2015), as the kit reports it; it is biased
upward on few leads, so beside it stands what the same scores would show were they all true. Intervals: tables, then
their steps, drawn again. Nothing is chosen here.

Usage: python -m benchmarks.lead_calibration [--only WORD …] [--seeds 6] [--seed 0]
           [--data FOLDER] [--oldest 1 0.8 0.6]
FOLDER holds folders bank_marketing, x_education, online_shoppers (train.csv each) and crm_opportunities.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.lead_calibration_rules import IN_FORCE, RULES, Rule, losses
from benchmarks.lead_steps import rolled, tables
from benchmarks.machines_run import header, table
from kits.core.stats import Estimate, Floats, bootstrap
from kits.lead_scoring._judging.figures import calibration_error, ideal_errors
from kits.lead_scoring._learning.calibration import Slice
from kits.lead_scoring._learning.choice import LATEST, choose, judge
from kits.lead_scoring._models.calibrator import calibrated, probability
from kits.lead_scoring._table import LeadTable


@dataclass(frozen=True)
class Step:
    """One period: what calibration had to learn from, and what came."""

    family: str
    table: str
    earlier: tuple[Slice, ...]
    coming: Slice


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--data", type=Path)
    parser.add_argument("--oldest", type=float, nargs="+", default=[1.0, 0.8, 0.6])
    parser.add_argument("--only", nargs="*", default=[], help="words in names of families or files")
    parser.add_argument("--seeds", type=int, default=6, help="tables of each made-up family")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    print(header("Leads: probabilities while the base rate moves"))
    steps = [
        step
        for family, name, leads in tables(
            options.only, _seeds(options), options.data, options.oldest
        )
        for step in steps_of(family, name, leads, options.seed)
    ]
    if steps:
        print(_told(steps, options.seed))


def _seeds(options: argparse.Namespace) -> range:
    return range(options.seed, options.seed + options.seeds)


def steps_of(family: str, name: str, leads: LeadTable, seed: int) -> Iterator[Step]:
    """The steps of a table whose calibration has three before it."""
    found = rolled(leads, seed)
    for place in range(LATEST, len(found.steps)):
        latest = found.steps[place - LATEST : place]
        taken = choose(judge(found.margins, latest, found.won)).candidate
        *earlier, coming = (
            Slice(found.margins[one.name][taken], found.won[one.judge])
            for one in found.steps[place - LATEST : place + 1]
        )
        yield Step(family, name, tuple(earlier), coming)


def _figures(step: Step, rule: Rule, seed: int) -> tuple[float, float, float]:
    """Calibration error, what it would be were the probabilities true, log-loss."""
    coming = step.coming
    made = rule(step.earlier, coming.margins)
    chances = probability(calibrated(coming.margins, made))
    error = calibration_error(chances, coming.won > 0)(np.ones(len(chances)))
    return error, float(ideal_errors(chances, seed).mean()), float(losses(coming, made).mean())


def _told(steps: Sequence[Step], seed: int) -> str:
    """Calibration error, then log-loss: families as rows, rules as columns; last what each rule has beyond the kit's."""
    figures = {
        name: np.array([_figures(step, rule, seed) for step in steps])
        for name, rule in RULES.items()
    }
    true = figures[IN_FORCE][:, [1, 1, 2]]
    said = [f"{len(steps)} steps, seed {seed}, means with 95 % intervals over tables\n"]
    for number, what, columns in ((0, "ece", {**figures, "true": true}), (2, "log-loss", figures)):
        shown = {name: found[:, number] for name, found in columns.items()}
        rows = [
            _row(family, steps, shown, seed)
            for family in (*dict.fromkeys(step.family for step in steps), "all")
        ]
        own = shown[IN_FORCE]
        beyond = {name: found - own for name, found in shown.items()}
        rows.append(["all, less the one in force", *_row("all", steps, beyond, seed)[1:]])
        said.append(table((what, "steps, leads in each", *shown), rows))
    return "\n".join(said)


def _row(family: str, steps: Sequence[Step], shown: Mapping[str, Floats], seed: int) -> list[str]:
    own = [n for n, step in enumerate(steps) if family in ("all", step.family)]
    groups = [steps[n].table for n in own]
    sizes = [len(steps[n].coming.won) for n in own]
    means = [_mean(found[own], groups, seed) for found in shown.values()]
    return [family, f"{len(own)}, {min(sizes):,} to {max(sizes):,}", *means]


def _mean(values: Floats, groups: Sequence[str], seed: int) -> str:
    found: Estimate = bootstrap(lambda rows: float(values[rows].mean()), groups, seed=seed)
    return f"{found.value:.3f} [{found.low:.3f}, {found.high:.3f}]"


if __name__ == "__main__":
    main()
