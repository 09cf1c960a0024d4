"""The same made-up leads as many programs write them, read without a setting: what of them the kit finds, and what it learns.

Of each file: leads found, outcomes and dates of decision that are the true ones, columns known when a lead comes, and with
`--train` the AUC of the project that `kit new`, `kit data import` and `kit train` make of it, beside what the true
probabilities reach on the same leads. Files are written by what the makers say of their fields, not by real accounts.

Usage: python -m benchmarks.lead_programs [NAME …] [--train] [--leads 600] [--seed 5] [--keep FOLDER]
NAME: part of a program's name; without any, all.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.machines_run import header, table
from benchmarks.programs.all_programs import PROGRAMS
from benchmarks.programs.made import Deal, chance, make_deals
from benchmarks.programs.writing import Program
from kits.core.errors import KitwrightError
from kits.core.kit import Finding, RawSample
from kits.core.stats import auroc
from kits.lead_scoring import data
from kits.lead_scoring._lead import Lead, decode_lead

_COLUMNS = ("program", "outcomes", "decided", "known", "AUC (by the truth)", "not as in truth")


@dataclass(frozen=True)
class Found:
    """What was read of a program's file.

    Attributes:
        leads: how many there are in the dataset.
        outcomes, decisions: of how many of the true leads the outcome (open too) and the day of the decision are right.
        columns: which of source, employees and amount are known when a lead comes.
        findings: what was told.
    """

    leads: int
    outcomes: int
    decisions: int
    columns: frozenset[str]
    findings: tuple[Finding, ...]

    def wrong(self, program: Program, deals: Sequence[Deal]) -> list[str]:
        """What is not as it is in truth, in words; what the program does not tell is not asked for."""
        said = []
        if self.leads != len(deals):
            said.append(f"{self.leads} leads, {len(deals)} in truth")
        if self.outcomes != len(deals):
            said.append(f"{self.outcomes} outcomes right of {len(deals)}")
        if "decided" not in program.told and self.decisions != len(deals):
            said.append(f"{self.decisions} days of decision right of {len(deals)}")
        missing = {"source", "employees", "amount"} - self.columns - program.told
        return said + [f"{name} is not read" for name in sorted(missing)]


def look(path: Path, deals: Sequence[Deal]) -> Found:
    """Reads a file as `kit data import` does, without a setting.

    Raises:
        KitwrightError: it is refused.
    """
    read = list(data.read(path, data.detect_format(path)))
    samples = [one for one in read if isinstance(one, RawSample)]
    findings = tuple(one for one in read if isinstance(one, Finding))
    pairs = [
        (decode_lead(s.content), s.annotation.label if s.annotation else "open") for s in samples
    ]
    true = list(deals)
    if all(lead.at is not None for lead, _ in pairs):
        pairs.sort(key=lambda one: one[0].at or deals[0].created)
    elif _is_backwards(pairs, deals):
        pairs.reverse()
    both = list(zip(true, pairs))
    return Found(
        len(samples),
        sum(deal.outcome == label for deal, (_, label) in both),
        sum(lead.at is not None and lead.at.date() == deal.created.date() for deal, (lead, _) in both),
        frozenset(name for name in ("source", "employees", "amount") if _is_read(name, both)),
        findings,
    )  # fmt: skip


def _is_backwards(pairs: Sequence[tuple[Lead, str]], deals: Sequence[Deal]) -> bool:
    """Files without a date keep their order, which may be the newest first: the open ones tell."""
    first = [label for _, label in pairs[: len(deals) // 10]]
    return first.count("open") > len(first) // 3


def _is_read(name: str, both: Sequence[tuple[Deal, tuple[Lead, str]]]) -> bool:
    """Whether a column tells it: the same value for the same truth, and another for another."""
    columns = {column for _, (lead, _) in both for column in lead.fields}
    return any(_tells(column, name, both) for column in columns)


def _tells(column: str, name: str, both: Sequence[tuple[Deal, tuple[Lead, str]]]) -> bool:
    if name == "source":
        pairs = {(deal.source, lead.fields.get(column)) for deal, (lead, _) in both}
        return len(pairs) == len({true for true, _ in pairs}) == len({said for _, said in pairs})
    true = [getattr(deal, name) for deal, _ in both]
    said = [_number(lead.fields.get(column)) for _, (lead, _) in both]
    factors = {round(number / truth, 6) for number, truth in zip(said, true) if number is not None}
    return None not in said and len(factors) == 1 and factors != {0.0}


def _number(value: object) -> float | None:
    try:
        return float(str(value))
    except ValueError:
        return None


def _trained(path: Path, folder: Path, deals: Sequence[Deal]) -> str:
    """The AUC on `test` of a project that learns from the file, by the commands a user types; why not, where it does not."""
    kit = [str(Path(sys.executable).with_name("kit"))]
    project = folder / f"project-{path.stem}"
    steps = (
        ([*kit, "new", "lead-scoring", str(project), "--defaults"], folder),
        ([*kit, "data", "import", str(path.resolve())], project),
        ([*kit, "train", "--json"], project),
    )
    for command, where in steps:
        done = subprocess.run(command, cwd=where, capture_output=True, text=True, check=False)
        if done.returncode:
            return f"{command[1]} refused: {(done.stderr.strip().splitlines() or ['?'])[0]}"
    auc = json.loads(done.stdout)["metrics"]["auc"]
    return f"{auc['value']:.3f} [{auc['low']:.3f}, {auc['high']:.3f}] ({_by_truth(deals, auc['n']):.3f})"


def _by_truth(deals: Sequence[Deal], count: int) -> float:
    """The AUC of the true probabilities on the latest decided leads."""
    latest = [deal for deal in deals if deal.outcome != "open"][-count:]
    won = np.array([deal.outcome == "won" for deal in latest])
    return auroc(np.array([chance(deal) for deal in latest]), won)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="part of a program's name")
    parser.add_argument("--train", action="store_true", help="learn from each file as well")
    parser.add_argument("--leads", type=int, default=600)
    parser.add_argument("--seed", type=int, default=5)
    parser.add_argument("--keep", type=Path, help="a folder that keeps the files and projects")
    parser.add_argument("--told", action="store_true", help="print what the import tells of each")
    options = parser.parse_args()
    deals = make_deals(options.leads, options.seed)
    wanted = [
        p
        for p in PROGRAMS
        if not options.names or any(n.lower() in p.name.lower() for n in options.names)
    ]
    print(header(f"Leads: {len(wanted)} programs' files, {len(deals)} leads each"))
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.keep or Path(scratch)
        print(table(_COLUMNS, [_row(p, folder, deals, options) for p in wanted]))


def _row(
    program: Program, folder: Path, deals: Sequence[Deal], options: argparse.Namespace
) -> list[str]:
    path = program.write(folder, deals)
    try:
        found = look(path, deals)
    except KitwrightError as error:
        return [program.name, "", "", "", "", f"refused: {error}"]
    if options.told:
        print(f"\n== {program.name}\n" + "\n".join(f"{f.check}: {f.text}" for f in found.findings))
    auc = _trained(path, folder, deals) if options.train else ""
    return [
        program.name, f"{found.outcomes / len(deals):.1%}", f"{found.decisions / len(deals):.1%}",
        ", ".join(sorted(found.columns)), auc, "; ".join(found.wrong(program, deals)),
    ]  # fmt: skip


if __name__ == "__main__":
    main()
