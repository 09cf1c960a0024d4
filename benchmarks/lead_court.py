"""What the court of the lead-scoring kit convicts: on public data, on made-up tables whose truth is known, and how fast.

On public data everything is read as a user's project would read it, with no settings but the outcome's name; convictions,
suspicions and both splits are printed. On made-up tables (`lead_court_made.py`) the rates of false convictions and of
leaks found are counted with exact intervals; on made-up firms (`lead_court_ages.py`) of which columns is told by the leads
that came last; on tables of noise whose base rate moves (`lead_court_noise.py`) how often a signal is seen. Nothing here
chooses a threshold.

Usage: python -m benchmarks.lead_court DATA [--set bank_marketing …]
       python -m benchmarks.lead_court --made 300
       python -m benchmarks.lead_court --ages 100
       python -m benchmarks.lead_court --noise 60
       python -m benchmarks.lead_court --speed
DATA holds folders bank_marketing, x_education, online_shoppers (train.csv each) and crm_opportunities.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import datetime, timezone
from pathlib import Path

import numpy as np

from benchmarks.lead_court_ages import told
from benchmarks.lead_court_made import plant
from benchmarks.lead_court_noise import NOISE, SIGNALS, drawn
from kits.core.dataset import DatasetItem
from kits.core.kit import Finding
from kits.core.sample import Sample
from kits.core.stats import proportion
from kits.lead_scoring import KIT
from kits.lead_scoring._court.court import hold_court
from kits.lead_scoring._court.verdicts import Court
from kits.lead_scoring._lead import LOST, MEDIA_TYPE, WON, Lead, Value, decode_lead
from kits.lead_scoring._table import LeadTable, table_of
from kits.lead_scoring.config import Config

SETS: dict[str, tuple[str, dict[str, object]]] = {
    "bank_marketing": ("train.csv", {}),
    "x_education": ("train.csv", {}),
    "online_shoppers": ("train.csv", {}),
    "crm_opportunities": ("", {}),
}
"""Folder → file in it, and what `model` in kit.yaml must say beyond what is found."""
LEFT = ("leak", "drift", "identity", "protected", "proxy")


def main() -> None:
    """Prints what was asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("data", nargs="?", type=Path)
    parser.add_argument("--set", action="append", choices=list(SETS))
    parser.add_argument("--made", type=int, default=0, help="made-up tables to judge")
    parser.add_argument(
        "--ages", type=int, default=0, help="made-up firms of each pace, for what came last"
    )
    parser.add_argument("--noise", type=int, default=0, help="tables of noise of each kind")
    parser.add_argument("--speed", action="store_true")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    if args.data is not None:
        for name in args.set or list(SETS):
            _public(args.data, name, args.seed)
    if args.made:
        _made(args.made, args.seed)
    if args.ages:
        _ages(args.ages, args.seed)
    if args.noise:
        _noise(args.noise, args.seed)
    if args.speed:
        _speed(args.seed)


def _public(folder: Path, name: str, seed: int) -> None:
    file, settings = SETS[name]
    config = Config.model_validate(settings)
    path = folder / name / file
    table = read_table(path, config)
    start = time.process_time()
    court = hold_court(table, config, seed=seed)
    took = time.process_time() - start
    print(f"\n## {name}: {court.leads} decided leads, {court.won} won, {took:.1f} CPU-s")
    _print(court)


def _print(court: Court) -> None:
    for charge in LEFT:
        for finding in ("guilty", "suspicious"):
            said = [
                f"{one.column} ({one.strength:.2f})"
                for one in court.verdicts
                if one.charge == charge and one.finding == finding
            ]
            if said:
                print(f"{charge}, {finding}: {', '.join(said)}")
    cleared = [
        f"{one.column} ({one.strength:.2f})"
        for one in court.verdicts
        if one.charge == "leak" and one.finding == "cleared"
    ]
    print(f"leak, cleared: {', '.join(cleared)}")
    for side in court.side_by_side:
        print(
            f"{side.split}: AUC {side.all_columns.text()} with all, {side.without_guilty.text()} without guilty"
        )
    if court.adversarial_auc is not None:
        print(f"latest fifth against earlier: AUC {court.adversarial_auc.text()}")
        for step in court.removals:
            print(f"  without {step.column} (alone {step.own.text()}): {step.rest.text()}")
    if court.signal is not None:
        print(f"signal: {court.signal.auc.text()}, p = {court.signal.p_value:.3f}")
    print(court.no_signal or "there is a signal")


def read_table(path: Path, config: Config) -> LeadTable:
    """The leads of a file or folder, as `kit data import` reads them."""
    format = KIT.data.detect_format(path)
    rows: list[tuple[float, str, DatasetItem, Lead, float]] = []
    for number, one in enumerate(KIT.read(path, format, config)):
        if isinstance(one, Finding):
            print(f"{one.level}: {one.text}")
            continue
        label = one.annotation.label if one.annotation is not None else ""
        won = {WON: 1.0, LOST: 0.0}.get(label, float("nan"))
        sample = Sample(f"{number:026d}", MEDIA_TYPE, "", 0, datetime.now(timezone.utc), one.source)
        item = DatasetItem(sample, one.annotation, "train")
        rows.append((one.order or 0.0, sample.id, item, decode_lead(one.content), won))
    return table_of(sorted(rows, key=lambda row: row[:2]))


def _made(tables: int, seed: int) -> None:
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for number in range(tables):
        planted = plant(seed + number)
        court = hold_court(planted.table, Config(), seed=seed)
        _count(found["honest, weak"], planted.weak, court)
        for column, kind in planted.strong.items():
            _count(found[f"honest, strong: {kind}"], [column], court)
        for column, kind in planted.leaks.items():
            _count(found[f"leak: {kind}"], [column], court)
    print(f"\n## {tables} made-up tables, seeds {seed} to {seed + tables - 1}")
    print("| columns | n | convicted | suspected |")
    print("|---|---|---|---|")
    for kind in sorted(found):
        counts = found[kind]
        n = counts.total()
        print(f"| {kind} | {n} | {_rate(counts['guilty'], n)} | {_rate(counts['suspicious'], n)} |")


def _ages(firms: int, seed: int) -> None:
    """How many columns are told of by the leads that came last."""
    found, n = told(firms, seed)
    print(f"\n## {firms} made-up firms of each pace, seed {seed}")
    print("| columns | n | told of |")
    print("|---|---|---|")
    for kind, count in n.items():
        print(f"| {kind} | {count} | {_rate(found[kind], count)} |")


def _noise(tables: int, seed: int) -> None:
    """How often a signal is seen: by the test at 5 %, and by the court, which believes small trees too."""
    print(f"\n## {tables} tables of each kind, seeds {seed} to {seed + tables - 1}")
    print("| tables | by the test | by the court |")
    print("|---|---|---|")
    for kind in (*NOISE, *SIGNALS):
        test = court = 0
        for number in range(tables):
            found = hold_court(drawn(kind, seed + number), Config(), seed=seed)
            test += found.signal is not None and found.signal.p_value <= 0.05
            court += not found.no_signal
        what = "noise" if kind in NOISE else "signal"
        print(f"| {what}: {kind} | {_rate(test, tables)} | {_rate(court, tables)} |", flush=True)


def _count(counts: Counter[str], columns: Iterable[str], court: Court) -> None:
    for column in columns:
        verdict = court.of(column, "leak")
        counts[verdict.finding if verdict is not None else "cleared"] += 1


def _rate(hits: int, n: int) -> str:
    rate = proportion(hits, n)
    return f"{rate.value:.1%} [{rate.low:.1%}, {rate.high:.1%}]"


def _speed(seed: int, rows: int = 40_000, columns: int = 40) -> None:
    rng = np.random.default_rng(seed)
    won = (rng.random(rows) < 0.1).astype(float)
    values: dict[str, list[Value]] = {}
    for number in range(columns // 2):
        # all tell of the outcome and of the period, so nothing is cut short
        tells = 0.4 * won + np.linspace(0, 1, rows)
        values[f"n{number}"] = (rng.normal(size=rows) + tells).round(4).tolist()
        code = np.clip(12 + 6 * (rng.normal(size=rows) + tells), 0, 24).astype(int)
        values[f"c{number}"] = [f"v{k}" for k in code]
    at = datetime(2025, 1, 1, tzinfo=timezone.utc)
    made = []
    for row in range(rows):
        sample = Sample(f"{row:026d}", MEDIA_TYPE, "", 0, at)
        lead = Lead(str(row), {name: column[row] for name, column in values.items()})
        made.append((float(row), sample.id, DatasetItem(sample, None, "train"), lead, won[row]))
    table = table_of(made)
    wall, cpu = time.perf_counter(), time.process_time()
    hold_court(table, Config(), seed=seed)
    print(
        f"\n## {rows} leads of {columns} columns: {time.process_time() - cpu:.1f} CPU-s, "
        f"{time.perf_counter() - wall:.1f} s"
    )


if __name__ == "__main__":
    main()
