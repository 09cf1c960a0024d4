"""What a training says of the leads after an export whose CRM closes nobody: with young leads as they are so far, and without.

`python -m benchmarks.lead_held [--firms 8] [--seed 0]`: made-up firms (`lead_exports_made.py`) of which an export of day 720 is imported.
The market stands, or from day 600 on the odds of each lead are half, or twice. Each is learned from twice: as `kit train` does it, and
as if a person had stated for how long whatever happens to a lead says nothing (`model.source.open_for_days`), which holds young leads
as long as the import does. Truth is the probabilities that the leads of the next 90 days truly have. Nothing is chosen here.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.circle_leads import imported, leads_of, log_loss
from benchmarks.lead_exports import mean
from benchmarks.lead_exports_made import NEVER, START, Firm, contacts, deals, sign_ups
from benchmarks.machines_run import header, table
from kits import load_bundle
from kits.core.ready import ReadyBundle
from kits.core.sample import ORDER
from kits.core.stats import Floats
from kits.lead_scoring._lead import MEDIA_TYPE
from kits.lead_scoring._reading.samples import SETTLED_AT
from kits.toolchain.project import Project
from kits.toolchain.training import train_project

MOVED, NEXT, DAY_S = 600.0, 90.0, 86_400.0
MARKETS: Mapping[str, float] = {"stands": 1.0, "halved": 0.5, "doubled": 2.0}
FIRMS: Mapping[str, Callable[..., Firm]] = {
    "HubSpot contacts": contacts,
    "sign-ups": sign_ups,
    "Pipedrive deals, the lost never closed": partial(deals, dated=("Won",), forgotten=1.0),
}


@dataclass(frozen=True)
class Found:
    """What was said one way of the leads that came next: their mean probability, and how much more log-loss than the truth has."""

    said: float
    excess: float


@dataclass(frozen=True)
class Held:
    """One firm; `days`: for how long its outcomes are held."""

    days: float
    truth: float
    so_far: Found
    decided: Found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--firms", type=int, default=8, help="of each kind and market")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    print(header("Leads: outcomes that are held"))
    print(
        f"{options.firms} firms of each, seed {options.seed}, means with 95 % intervals over firms\n"
    )
    rows = []
    for number, (name, make) in enumerate(FIRMS.items()):
        for market, odds in MARKETS.items():
            found = [
                held(
                    make(
                        np.random.default_rng((options.seed, number, firm)),
                        moved=(MOVED if odds != 1 else NEVER, odds),
                    )
                )
                for firm in range(options.firms)
            ]
            rows.append(_row(name, market, found))
    print(table(_COLUMNS, rows))


_COLUMNS = (
    "export", "market", "held for", "true of the next", "said: by decided leads", "with those so far",
    "excess log-loss: by decided leads", "with those so far",
)  # fmt: skip


def _row(name: str, market: str, found: list[Held]) -> list[str]:
    return [
        name,
        market,
        f"{np.mean([one.days for one in found]):.0f} days",
        f"{np.mean([one.truth for one in found]):.3f}",
        mean([one.decided.said for one in found]),
        mean([one.so_far.said for one in found]),
        mean([one.decided.excess for one in found], 4),
        mean([one.so_far.excess for one in found], 4),
    ]


def held(firm: Firm) -> Held:
    """Learns from a firm's export both ways, scores the leads that come next."""
    later = np.flatnonzero(firm.later & (firm.day < firm.exported + NEXT))
    truth = firm.chance[later]
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        project = imported(root / "shop", firm.known())
        days = _held_days(project)
        columns = {column for lead in leads_of(project) for column in lead["fields"]}
        read = imported(root / "read", [firm.row(n, 0.0) for n in later.tolist()])
        told = {lead["id"].split()[-1]: lead["fields"] for lead in leads_of(read)}
        fields = [
            {key: value for key, value in told[_name(firm, n)].items() if key in columns}
            for n in later.tolist()
        ]
        so_far = _said(project, fields, firm.day[later])
        with (project.root / "kit.yaml").open("a") as file:
            file.write(f"model:\n  source: {{open_for_days: {days:.0f}}}\n")
        decided = _said(Project.open(project.root), fields, firm.day[later])
    sides = (
        Found(float(said.mean()), log_loss(said, truth) - log_loss(truth, truth))
        for said in (so_far, decided)
    )
    return Held(days, float(truth.mean()), *sides)


def _name(firm: Firm, n: int) -> str:
    """What a lead is called where it is read."""
    told = firm.row(n, 0.0)[firm.id]
    return str(told) if isinstance(told, str) else f"{told:g}"


def _held_days(project: Project) -> float:
    spans = [
        item.sample.meta[SETTLED_AT] - item.sample.meta[ORDER]  # type: ignore[operator]
        for item in project.dataset().items
        if SETTLED_AT in item.sample.meta
    ]
    return min(spans) / DAY_S


def _said(project: Project, fields: list[dict[str, object]], days: Floats) -> Floats:
    train_project(project)
    ready: ReadyBundle = load_bundle(project.run_dir() / "bundle.kwb")
    chances = []
    for number, (one, day) in enumerate(zip(fields, days.tolist())):
        at = (START + timedelta(days=day)).isoformat()
        content = json.dumps({"id": str(number), "fields": one, "at": at}).encode()
        chances.append(ready.predict_bytes(content, MEDIA_TYPE).probabilities["won"])
    return np.array(chances)


if __name__ == "__main__":
    main()
