"""How well leads are scored: on public data by time and by lot, how long training takes, what one lead costs, and others.

The oldest three quarters (or a random three quarters) are a dataset version as a project would have it: all is chosen
inside it, by rolling folds. The shipped bundle then scores the rest as outside data. Columns that come after the
outcome are left out beforehand (`COLUMNS`), for everybody, so that models are compared and not their carelessness; the
court may leave out more. `--rival` has AutoGluon or FLAML learn from the same rows and columns in a Python of its own.

Usage: python -m benchmarks.lead_models DATA [--set bank_marketing …] [--split time random]
           [--rival autogluon=PYTHON:SECONDS …] [--as large]
       python -m benchmarks.lead_models --speed [--rival …]
DATA holds folders bank_marketing, x_education, online_shoppers (train.csv each).
"""

from __future__ import annotations

import argparse
import csv
import os
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kits.core.annotation import Annotation
from kits.core.bundle import BundleManifest
from kits.core.dataset import Dataset, DatasetHeader, DatasetItem, Split, build
from kits.core.kit import TrainTask
from kits.core.operating_point import Costs
from kits.core.runtime import cpu_session
from kits.core.sample import Sample, sample_id_for, utc_now
from kits.core.stats import Estimate, auroc, bootstrap
from kits.lead_scoring import KIT
from kits.lead_scoring._judging.figures import bins_of, ideal_errors
from kits.lead_scoring._lead import Lead, encode_lead
from kits.lead_scoring._learning import effort
from kits.lead_scoring._simulated.firm import make_leads
from kits.lead_scoring.config import Config
from kits.lead_scoring.runtime import LeadRuntime
from kits.toolchain import bundling
from kits.toolchain.evaluation import MemoryBlobStore

Floats = NDArray[np.float64]
Rows = list[dict[str, str]]


@dataclass(frozen=True)
class Source:
    """A public file: its outcome, what means won, what gives the order, and what is left out beforehand."""

    outcome: str
    won: str
    order: str
    without: tuple[str, ...] = ()


COLUMNS: Mapping[str, Source] = {
    "bank_marketing": Source("y", "yes", "row", ("duration",)),
    "x_education": Source(
        "Converted", "1", "Lead Number",
        (
            "Prospect ID", "Tags", "Lead Quality", "Lead Profile", "Last Activity", "Last Notable Activity",
            "Asymmetrique Activity Index", "Asymmetrique Profile Index", "Asymmetrique Activity Score",
            "Asymmetrique Profile Score",
        ),
    ),
    "online_shoppers": Source("Revenue", "True", "row"),
}  # fmt: skip
LEARNED, TRAIN = 0.75, 0.82
"""Share that a project holds (as a rule), and of it the share of its `train`."""
SIZES: Mapping[str, int] = {"small": 10**15, "large": 100_000}
"""Cells from which a table is large: for what the savings of large tables cost."""
AS_HELP = "learn as if every table were so: without the savings of large ones, or with them"
RIVAL = Path(__file__).parent / "lead_rivals.py"


def main() -> None:
    """Prints what was asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("data", nargs="?", type=Path)
    parser.add_argument("--set", action="append", choices=list(COLUMNS))
    parser.add_argument(
        "--split", nargs="*", choices=["time", "random"], default=["time", "random"]
    )
    parser.add_argument("--rival", action="append", default=[], help="NAME=PYTHON:SECONDS")
    parser.add_argument("--speed", action="store_true")
    parser.add_argument("--as", dest="size", choices=list(SIZES), help=AS_HELP)
    parser.add_argument("--learned", type=float, default=LEARNED, help="share that a project holds")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    as_if(args.size)
    if args.data is not None:
        for name in args.set or list(COLUMNS):
            for split in args.split:
                _public(args.data / name / "train.csv", name, split, args)
    if args.speed:
        _speed(args.seed, args.rival)


def as_if(size: str | None) -> None:
    """Has every table of this process learned from as if it were large, or small."""
    if size is not None:
        effort.LARGE = SIZES[size]


def _public(path: Path, name: str, split: str, args: argparse.Namespace) -> None:
    seed, rivals = args.seed, args.rival
    rows, won = read_rows(path, COLUMNS[name])
    place = np.arange(len(rows))
    if split == "random":
        place = np.random.default_rng(seed).permutation(len(rows))
    cut = int(args.learned * len(rows))
    known, rest = np.sort(place[:cut]), np.sort(place[cut:])
    print(
        f"\n## {name}, by {split}: {len(known)} leads to learn from, {len(rest)} to judge ({won[rest].mean():.3f} won)"
    )
    leads = [Lead(str(n), dict(row)) for n, row in enumerate(rows)]
    dataset = a_dataset([leads[n] for n in known], won[known], split == "time", seed)
    began, used = time.perf_counter(), time.process_time()
    runtime, notes = learned(dataset, Config(), seed)
    took = f"{time.perf_counter() - began:.1f} s ({time.process_time() - used:.1f} CPU-s)"
    print(next((note for note in notes if "was taken" in note), ""))
    print(next((note for note in notes if "calibrated" in note), ""))
    tell(
        "ours, court included",
        runtime.scorer.probabilities([leads[n] for n in rest]),
        won[rest],
        seed,
        took,
    )
    for rival in rivals:
        _rival(rival, rows, won, known, rest, seed)


def read_rows(path: Path, source: Source) -> tuple[Rows, Floats]:
    """Rows in order of time without what is left out beforehand, and outcomes."""
    with path.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    rows.sort(key=lambda row: float(row[source.order]))
    won = np.array([float(row[source.outcome] == source.won) for row in rows])
    left = {source.outcome, source.order, *source.without}
    return [{k: v for k, v in row.items() if k not in left} for row in rows], won


def a_dataset(leads: Sequence[Lead], won: Floats, in_time: bool, seed: int) -> Dataset:
    """A version as an import makes it: train, then val, no test."""
    blobs, items = MemoryBlobStore(), []
    lot = (
        np.arange(len(leads))
        if in_time
        else np.random.default_rng(seed + 1).permutation(len(leads))
    )
    for number, (lead, outcome) in enumerate(zip(leads, won)):
        content = encode_lead(lead)
        split: Split = "train" if lot[number] < TRAIN * len(leads) else "val"
        source = f"train.csv#{lead.id}"
        sample = Sample(
            sample_id_for(content, source), "application/json", blobs.put(content), len(content),
            utc_now(), source, meta={"order": float(number)},
        )  # fmt: skip
        items.append(DatasetItem(sample, Annotation(label="won" if outcome else "lost"), split))
    return build(DatasetHeader(kit=KIT.name, split_rule="as a project", seed=seed), items, blobs)


def learned(dataset: Dataset, config: Config, seed: int) -> tuple[LeadRuntime, tuple[str, ...]]:
    """The runtime of what is shipped, and what training tells."""
    with tempfile.TemporaryDirectory() as folder:
        told = KIT.train.train(TrainTask(dataset, config, Costs(), Path(folder), seed))
        exported = KIT.export.export(Path(folder), dataset, config)
    manifest = BundleManifest(
        kit=KIT.name, name="leads", project="leads", version=1, created_at=utc_now(),
        media_types=("application/json",), labels=exported.labels, artefacts=(),
        config=dict(exported.config), dataset=dataset.id, seed=seed, run="benchmark",
    )  # fmt: skip
    point = bundling.undecided(dataset, seed)
    bundle = bundling.in_memory(manifest, point, bundling.fp32_models(exported), exported.files)
    runtime = KIT.runtime.load(bundle, cpu_session)
    assert isinstance(runtime, LeadRuntime)
    return runtime, (*told.notes, *told.details)


def tell(who: str, score: Floats, won: Floats, seed: int, took: str) -> None:
    """Figures with intervals by resampling leads."""

    def lift(rows: NDArray[np.intp]) -> float:
        best = np.argsort(-score[rows], kind="stable")[: max(1, round(0.1 * len(rows)))]
        return float(won[rows][best].mean() / won[rows].mean())

    def error(rows: NDArray[np.intp]) -> float:
        part = bins_of(score[rows])
        gaps = [abs((score[rows] - won[rows])[part == one].sum()) for one in np.unique(part)]
        return float(sum(gaps) / len(rows))

    def loss(rows: NDArray[np.intp]) -> float:
        chance = np.clip(score[rows], 1e-6, 1 - 1e-6)
        return float(-np.where(won[rows] > 0, np.log(chance), np.log(1 - chance)).mean())

    def area(rows: NDArray[np.intp]) -> float:
        return auroc(score[rows], won[rows] > 0)

    each = [str(n) for n in range(len(won))]
    found: dict[str, Estimate] = {
        name: bootstrap(figure, each, seed=seed, rounds=200)
        for name, figure in {
            "AUC": area,
            "lift at 10 %": lift,
            "ECE": error,
            "log-loss": loss,
        }.items()
    }
    told = ", ".join(f"{name} {one.text()}" for name, one in found.items())
    print(
        f"{who}: {told} (n={len(won)}, seed {seed}; ECE of true probabilities {ideal_errors(score, seed).mean():.3f}); {took}"
    )


def _rival(
    rival: str, rows: Rows, won: Floats, known: NDArray[np.intp], rest: NDArray[np.intp], seed: int
) -> None:
    """Another program learns from the same rows and columns, and what came of it is told."""
    name, seconds = rival.partition("=")[0], rival.rpartition(":")[2]
    began = time.perf_counter()
    try:
        score = chances_of(rival, rows, won, known, rest, seed)
    except RivalError as error:
        print(f"{name}: failed: {error}")
        return
    took = f"{time.perf_counter() - began:.1f} s"
    tell(f"{name}, {seconds} s allowed", score, won[rest], seed, took)


class RivalError(Exception):
    """Another program gave no scores."""


def chances_of(
    rival: str, rows: Rows, won: Floats, known: NDArray[np.intp], rest: NDArray[np.intp], seed: int
) -> Floats:
    """Another program's probabilities of `rest`, learned from `known` in its own Python, within stated seconds.

    Raises:
        RivalError: it gave none.
    """
    name, _, where = rival.partition("=")
    python, _, seconds = where.rpartition(":")
    with tempfile.TemporaryDirectory() as folder:
        for part, numbers in (("known", known), ("rest", rest)):
            with (Path(folder) / f"{part}.csv").open("w", newline="", encoding="utf-8") as file:
                writer = csv.DictWriter(file, [*rows[0], "outcome"])
                writer.writeheader()
                writer.writerows({**rows[n], "outcome": int(won[n])} for n in numbers)
        command = [python, str(RIVAL), name, folder, seconds, str(seed)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=_clean())
        answer = Path(folder) / "chances.csv"
        if done.returncode or not answer.exists():
            raise RivalError((done.stderr.strip().splitlines() or ["no reason given"])[-1])
        return np.asarray(np.loadtxt(answer), dtype=np.float64)


def _clean() -> dict[str, str]:
    return {
        key: value
        for key, value in os.environ.items()
        if key not in ("PYTHONPATH", "OMP_NUM_THREADS")
    }


def _speed(seed: int, rivals: Sequence[str]) -> None:
    """Training of 40,000 made-up leads, also by others, judged on 10,000 more; and what one lead costs."""
    made = list(make_leads(seed, 50_000))
    leads = [Lead(one.id, one.fields, one.at) for one in made]
    won = np.array([float(one.outcome == "won") for one in made])
    known, rest = np.arange(40_000), np.arange(40_000, 50_000)
    print("\n## 40,000 made-up leads to learn from, the next 10,000 to judge")
    dataset = a_dataset(leads[:40_000], won[:40_000], True, seed)
    began, used = time.perf_counter(), time.process_time()
    runtime, _ = learned(dataset, Config.model_validate({"approach": "auto"}), seed)
    took = f"{time.perf_counter() - began:.1f} s ({time.process_time() - used:.1f} CPU-s)"
    score = runtime.scorer.probabilities([leads[n] for n in rest])
    tell("ours, court included", score, won[rest], seed, took)
    names = sorted({name for lead in leads for name in lead.fields})
    cells = ([lead.fields.get(name) for name in names] for lead in leads)
    rows = [
        {name: "" if cell is None else str(cell) for name, cell in zip(names, row)} for row in cells
    ]
    for rival in rivals:
        _rival(rival, rows, won, known, rest, seed)
    _one_lead(runtime, leads, won, seed)


def _one_lead(shipped: LeadRuntime, leads: Sequence[Lead], won: Floats, seed: int) -> None:
    """What one lead costs, with what 40,000 shipped and with curves and trees together."""
    mean, _ = learned(
        a_dataset(leads[:4_000], won[:4_000], True, seed), Config(approach="mean"), seed
    )
    for who, one in (("shipped", shipped), ("mean of curves and 400 trees", mean)):
        contents = [encode_lead(lead) for lead in leads[:300]]
        one.predict(contents[:1])
        taken = []
        for content in contents:
            start = time.perf_counter()
            one.predict([content])
            taken.append(1e3 * (time.perf_counter() - start))
        median, late = np.quantile(taken, [0.5, 0.95])
        began = time.perf_counter()
        one.scorer.probabilities(leads[:10_000])
        rate = 10_000 / (time.perf_counter() - began)
        print(
            f"{who} ({one.spec.model.approach}): one lead with reasons and hints p50 {median:.2f} ms, p95 {late:.2f} ms; {rate:,.0f} leads/s without"
        )


if __name__ == "__main__":
    main()
