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

from benchmarks.lead_calibration_made import FAMILIES
from benchmarks.lead_calibration_rules import IN_FORCE, RULES, Rule, losses
from benchmarks.lead_court import read_table
from benchmarks.lead_models import COLUMNS
from benchmarks.machines_run import header, table
from kits.core.dataset import Split
from kits.core.stats import Estimate, Floats, bootstrap
from kits.lead_scoring._court.court import hold_court
from kits.lead_scoring._judging.figures import calibration_error, ideal_error
from kits.lead_scoring._learning.calibration import Slice
from kits.lead_scoring._learning.candidates import (
    FEW_LEADS,
    FEW_WON,
    Candidate,
    Learner,
    candidates,
)
from kits.lead_scoring._learning.choice import LATEST, choose, judge
from kits.lead_scoring._learning.folds import Origin, origins
from kits.lead_scoring._learning.kinds import kinds_of
from kits.lead_scoring._learning.sheet import Sheet
from kits.lead_scoring._models.calibrator import calibrated, probability
from kits.lead_scoring._table import LeadTable
from kits.lead_scoring.config import ColumnsConfig, Config

TRAIN, VAL = 0.7, 0.15
"""Shares of a project's splits."""


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
        for family, name, leads in _tables(options)
        for step in steps_of(family, name, leads, options.seed)
    ]
    if steps:
        print(_told(steps, options.seed))


def _tables(options: argparse.Namespace) -> Iterator[tuple[str, str, LeadTable]]:
    def asked(family: str) -> bool:
        return not options.only or any(word in family for word in options.only)

    for family in filter(asked, FAMILIES):
        for seed in range(options.seed, options.seed + options.seeds):
            yield family, f"{family} {seed}", FAMILIES[family](seed)
    if options.data is not None:
        for name in filter(asked, (*COLUMNS, "crm_opportunities")):
            leads = _public(options.data, name)
            for share in options.oldest:
                yield name, f"{name} {share}", leads.rows(np.arange(round(share * len(leads))))


def _public(folder: Path, name: str) -> LeadTable:
    """A file's decided leads, without what `lead_models` leaves out beforehand."""
    known = COLUMNS.get(name)
    left = known.without if known is not None else ()
    path = folder / name / "train.csv" if known is not None else folder / name
    return read_table(path, Config(columns=ColumnsConfig(exclude=left))).decided


def steps_of(family: str, name: str, leads: LeadTable, seed: int) -> Iterator[Step]:
    """The steps of a table whose calibration has three before it."""
    margins, done = {}, list[Origin]()
    learner, steps, tried = _prepared(leads, seed)
    for step in steps:
        margins[step.name] = learner.margins(step, tried, inner=True)
        latest = done[-LATEST:]
        if len(latest) == LATEST:
            taken = choose(judge(margins, latest, learner.won)).candidate
            *earlier, coming = (
                Slice(margins[one.name][taken], learner.won[one.judge]) for one in (*latest, step)
            )
            yield Step(family, name, tuple(earlier), coming)
        done.append(step)


def _prepared(
    leads: LeadTable, seed: int
) -> tuple[Learner, tuple[Origin, ...], tuple[Candidate, ...]]:
    """Who learns, on which steps, and what is tried, as in `kit train`."""
    count, won, config = len(leads), leads.won, Config()
    ends = round(TRAIN * count), round((TRAIN + VAL) * count)
    places: list[Split] = [
        "train" if n < ends[0] else "val" if n < ends[1] else "test" for n in range(count)
    ]
    known = np.flatnonzero(np.array(places) != "test")
    court = hold_court(leads.rows(known), config, seed=seed)
    sheet = Sheet(leads.leads)
    kept = [name for name in sheet.names if name not in court.excluded]
    kinds = kinds_of(sheet, known, kept, config.columns)
    drifting = frozenset(court.drifting) & set(kinds)
    few = len(known) < FEW_LEADS or won[known].sum() < FEW_WON
    learner = Learner(sheet, won, kinds, drifting, config, seed)
    steps = origins(places, [""] * count, config.folds, in_time=True, seed=seed)
    return learner, steps, candidates(config, few=few, in_time=True, drifting=drifting)


def _figures(step: Step, rule: Rule, seed: int) -> tuple[float, float, float]:
    """Calibration error, what it would be were the probabilities true, log-loss."""
    coming = step.coming
    made = rule(step.earlier, coming.margins)
    chances = probability(calibrated(coming.margins, made))
    error = calibration_error(chances, coming.won > 0)(np.ones(len(chances)))
    return error, ideal_error(chances, seed), float(losses(coming, made).mean())


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
