"""What is said of the leads that are open when a CRM is exported, as they came and as they stand, and what became of them.

`python -m benchmarks.lead_open [--firms 5] [--seed 0]`: made-up firms (`lead_exports_made.py`) whose CRM is exported as it stands one
day. `kit new --defaults` and `kit train` learn from that, nobody answers a question, and `kit predict --as-of` scores the leads
of it that are open. As new is what would be said if they had just come; as they stand is what is left of it. Nothing is chosen here.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.lead_exports import mean, written
from benchmarks.lead_exports_made import FIRMS, START, Firm, deals
from benchmarks.machines_run import header, table
from kits.core.stats import Floats
from kits.toolchain.demo.programs import Programs

BEST = 20
MORE: Mapping[str, Callable[[np.random.Generator], Firm]] = {
    "Pipedrive deals, a third of the lost never closed": partial(deals, forgotten=1 / 3),
    "the same, lost ones undated": partial(deals, forgotten=1 / 3, dated=("Won",)),
    "Pipedrive deals, those of large customers take four times as long": partial(deals, longer=4.0),
}


@dataclass(frozen=True)
class Side:
    """What was said one way of the open leads of a firm.

    Attributes:
        said: mean probability.
        loss: log-loss.
        best, came: mean probability of the best `BEST`, and the share of them that was won.
    """

    said: float
    loss: float
    best: float
    came: float


@dataclass(frozen=True)
class Held:
    """One firm; `known`: its bundle knows how long outcomes take."""

    open: int
    won: float
    new: Side
    now: Side
    known: bool


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--firms", type=int, default=5, help="of each kind")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    print(header("Leads: open ones"))
    print(
        f"{options.firms} firms of each kind, seed {options.seed}, means with 95 % intervals over firms\n"
    )
    rows = []
    for number, (name, make) in enumerate([*FIRMS.items(), *MORE.items()]):
        found = [
            held(make(np.random.default_rng((options.seed, number, firm))))
            for firm in range(options.firms)
        ]
        rows += _rows(name, found)
    print(table(_COLUMNS, rows))


_COLUMNS = (
    "export", "reckoned", "open leads", "won of them", "scored", "said on the whole", "log-loss",
    f"best {BEST}: said", f"best {BEST}: won",
)  # fmt: skip


def _rows(name: str, found: Sequence[Held]) -> list[list[str]]:
    rows = []
    for way in ("as new", "as they stand"):
        sides = [one.new if way == "as new" else one.now for one in found]
        rows.append(
            [
                name,
                f"{sum(one.known for one in found)} of {len(found)}",
                f"{np.mean([one.open for one in found]):.0f}",
                mean([one.won for one in found]),
                way,
                *(
                    mean([getattr(side, key) for side in sides])
                    for key in ("said", "loss", "best", "came")
                ),
            ]
        )
    return rows


def held(firm: Firm) -> Held:
    """Learns from a firm's export, scores the leads of it that are open."""
    live = np.flatnonzero(firm.still_open)
    day = START + timedelta(days=firm.exported)
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        programs, place = Programs(root / "logs"), str(root / "project")
        known = written(root / "known" / "export.csv", firm.known())
        rows = [firm.row(n, float(firm.exported - firm.day[n])) for n in live.tolist()]
        listed = written(root / "open" / "export.csv", rows)
        programs.text(
            "kit", "new", "lead-scoring", place, "--defaults", "--data", str(known.parent)
        )
        programs.json("kit", "train", "-C", place, "--json")
        out = root / "scored.jsonl"
        programs.text(
            "kit",
            "predict",
            str(listed),
            "-C",
            place,
            "--out",
            str(out),
            "--as-of",
            day.isoformat(),
        )
        told = [json.loads(line)["prediction"] for line in out.read_text().splitlines()]
    assert len(told) == len(live), "rows were refused"
    now = np.array([one["probabilities"]["won"] for one in told])
    new = np.array(
        [one["details"].get("probability_when_new", p) for one, p in zip(told, now.tolist())]
    )
    won = firm.won[live]
    known_by = all("probability_when_new" in one["details"] for one in told)
    return Held(len(live), float(won.mean()), _side(new, won), _side(now, won), known_by)


def _side(said: Floats, won: Floats) -> Side:
    best = np.argsort(-said, kind="stable")[:BEST]
    p = np.clip(said, 1e-6, 1 - 1e-6)
    loss = -np.mean(won * np.log(p) + (1 - won) * np.log(1 - p))
    return Side(float(said.mean()), float(loss), float(said[best].mean()), float(won[best].mean()))


if __name__ == "__main__":
    main()
