"""Markets that take longer to decide than they did: what a training says of the leads after an export, and of those that are open.

`python -m benchmarks.lead_longer [--firms 6] [--seed 0] [--kept 1]`: made-up firms (`lead_exports_made.deals`). Whoever comes from day 480 on takes
twice as long until the outcome, won or lost, or half as long; or half as many buy, or both; or nothing changes. The firm is exported 60, 120 and
240 days later, and learned from as `kit train` does: with the leads that are open then, or a share of them, and as if they were not in the export; how
often a training warned of either is counted. Truth is the
probabilities that the leads of the next 90 days truly have, and how many of those that are open are won in the end. Nothing is chosen here.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.circle_leads import imported, leads_of, log_loss
from benchmarks.lead_exports import mean
from benchmarks.lead_exports_made import START, Firm, deals
from benchmarks.machines_run import header, table
from kits import load_bundle
from kits.core.ready import ReadyBundle
from kits.core.stats import Floats
from kits.lead_scoring._lead import MEDIA_TYPE
from kits.lead_scoring.data import open_on
from kits.toolchain.training import train_project

SINCE, NEXT = 480.0, 90.0
AFTER = (60.0, 120.0, 240.0)
MARKETS: Mapping[str, Callable[[np.random.Generator], Firm]] = {
    "nothing changes": deals,
    "all take twice as long": partial(deals, slower=(SINCE, 2.0)),
    "all take half as long": partial(deals, slower=(SINCE, 0.5)),
    "half as many buy": partial(deals, moved=(SINCE, 0.5)),
    "half as many buy, all take twice as long": partial(
        deals, moved=(SINCE, 0.5), slower=(SINCE, 2.0)
    ),
}


@dataclass(frozen=True)
class Side:
    """What was said one way.

    Attributes:
        said: mean probability of the leads that came next.
        excess: how much more log-loss it has than the truth.
        still: mean probability of those that were open.
        warned: whether the training said that outcomes of late are not to be trusted.
    """

    said: float
    excess: float
    still: float
    warned: bool


@dataclass(frozen=True)
class Found:
    """One export: what was true of either, and what was said with open leads and without."""

    truth: float
    still: float
    whole: Side
    decided: Side


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--firms", type=int, default=6, help="of each market")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kept", type=float, default=1.0, help="share of open leads in the export")
    options = parser.parse_args()
    print(header("Leads: markets that take longer"))
    print(
        f"{options.firms} firms of each market, seed {options.seed}, means with 95 % intervals over firms\n"
    )
    rows = []
    for number, (name, make) in enumerate(MARKETS.items()):
        firms = [
            make(np.random.default_rng((options.seed, number, firm)))
            for firm in range(options.firms)
        ]
        for after in AFTER:
            found = [exported(replace(one, exported=SINCE + after), options.kept) for one in firms]
            rows.append([name, f"{after:.0f}", *_row(found)])
    print(table(_COLUMNS, rows))


_COLUMNS = (
    "market", "days after", "true of the next", "said: by decided leads", "with the open ones",
    "excess log-loss: by decided leads", "with the open ones", "won of the open ones", "said of them: by decided leads",
    "with the open ones", "warned: by decided leads", "with the open ones",
)  # fmt: skip


def _row(found: Sequence[Found]) -> list[str]:
    sides = [one.decided for one in found], [one.whole for one in found]
    return [
        f"{np.mean([one.truth for one in found]):.3f}",
        *(mean([one.said for one in side]) for side in sides),
        *(mean([one.excess for one in side], 4) for side in sides),
        f"{np.mean([one.still for one in found]):.3f}",
        *(mean([one.still for one in side]) for side in sides),
        *(f"{sum(one.warned for one in side)} of {len(side)}" for side in sides),
    ]


def exported(firm: Firm, kept: float = 1.0) -> Found:
    """Learns from a firm's export both ways, scores the leads that come next and those that are open.

    Args:
        kept: share of the open ones that are in the export.
    """
    next_ones = np.flatnonzero(firm.later & (firm.day < firm.exported + NEXT))
    still = np.flatnonzero(firm.still_open)
    decided = np.flatnonzero(~firm.later & ~firm.still_open)
    truth = firm.chance[next_ones]
    drawn = np.random.default_rng(len(still)).random(len(still)) < kept
    sides = [
        _side(firm, rows, next_ones, still)
        for rows in (np.sort(np.concatenate([decided, still[drawn]])), decided)
    ]
    return Found(float(truth.mean()), float(firm.won[still].mean()), *sides)


def _side(
    firm: Firm, rows: np.ndarray, next_ones: np.ndarray, still: np.ndarray
) -> Side:  # fmt: skip
    truth = firm.chance[next_ones]
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        known = [firm.row(n, float(firm.exported - firm.day[n])) for n in rows.tolist()]
        project = imported(root / "shop", known)
        notes = train_project(project).notes
        warned = any(
            note.startswith("young: ") and "trust outcomes until" in note for note in notes
        )
        ready = load_bundle(project.run_dir() / "bundle.kwb")
        columns = {column for lead in leads_of(project) for column in lead["fields"]}
        said = _said(ready, firm, root / "next", next_ones, columns, None)
        at = START + timedelta(days=firm.exported)
        of_open = _said(ready, firm, root / "open", still, columns, at)
    excess = log_loss(said, truth) - log_loss(truth, truth)
    return Side(float(said.mean()), excess, float(of_open.mean()), warned)


def _said(
    ready: ReadyBundle, firm: Firm, root: Path, leads: np.ndarray, columns: set[str], as_of: datetime | None
) -> Floats:  # fmt: skip
    """(leads,) probabilities as they came; or as of a day, of those that are still open then."""
    rows = [firm.row(n, 0.0) for n in leads.tolist()]
    told = {lead["id"].split()[-1]: lead["fields"] for lead in leads_of(imported(root, rows))}
    chances = []
    for n, row in zip(leads.tolist(), rows):
        fields = {key: value for key, value in told[f"{row[firm.id]:g}"].items() if key in columns}
        came = (START + timedelta(days=float(firm.day[n]))).isoformat()
        content = json.dumps({"id": str(n), "fields": fields, "at": came}).encode()
        content = content if as_of is None else open_on(content, as_of)
        chances.append(ready.predict_bytes(content, MEDIA_TYPE).probabilities["won"])
    return np.array(chances)


if __name__ == "__main__":
    main()
