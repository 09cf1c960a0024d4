"""What is promised of an export of a CRM, and what came of the leads after it, scored as they came.

`python -m benchmarks.lead_exports [--firms 5] [--seed 0]`: made-up firms (`lead_exports_made.py`) whose CRM is exported as it stands
one day. `kit new --defaults` and `kit train` learn from that, nobody answers a question, and `kit predict` scores the leads that
come later by what is known of them when they come. Told is what training says of its test split; came is how those scores did;
truth is what the true probabilities reach on the same leads. Nothing is chosen here.
"""

from __future__ import annotations

import argparse
import csv
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.lead_exports_made import FIRMS, Firm, Row
from benchmarks.machines_run import header, table
from kits.core.stats import auroc, bootstrap
from kits.toolchain.demo.programs import Programs


@dataclass(frozen=True)
class Held:
    """One firm.

    Attributes:
        told, came, truth: AUC on the test split, of the scores of later leads, and of their true probabilities.
        said: share won that is told of the test split.
        expected, won: mean probability of the later leads, and the share of them that was won.
        hot: share of them that was called hot.
    """

    told: float
    came: float
    truth: float
    said: float
    expected: float
    won: float
    hot: float


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--firms", type=int, default=5, help="of each kind")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    print(header("Leads: exports held beside what came"))
    print(
        f"{options.firms} firms of each kind, seed {options.seed}, means with 95 % intervals over firms\n"
    )
    rows = []
    for number, (name, make) in enumerate(FIRMS.items()):
        found = [
            held(make(np.random.default_rng((options.seed, number, firm))))
            for firm in range(options.firms)
        ]
        rows.append([name, *(mean([getattr(one, key) for one in found]) for key in _COLUMNS)])
    print(table(("export", *_COLUMNS.values()), rows))


_COLUMNS: Mapping[str, str] = {
    "told": "AUC told", "came": "AUC that came", "truth": "AUC of the truth", "said": "share won told", "expected": "mean probability of later leads",
    "won": "share of them won", "hot": "share called hot",
}  # fmt: skip


def held(firm: Firm) -> Held:
    """Learns from a firm's export, scores its later leads as they come."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        programs, place = Programs(root / "logs"), str(root / "project")
        known = written(root / "known" / "export.csv", firm.known())
        come = written(root / "later" / "export.csv", firm.arrivals())
        programs.text(
            "kit", "new", "lead-scoring", place, "--defaults", "--data", str(known.parent)
        )
        trained = programs.json("kit", "train", "-C", place, "--json")
        programs.text("kit", "predict", str(come), "-C", place, "--out", str(root / "scored.csv"))
        with (root / "scored.csv").open(encoding="utf-8-sig", newline="") as file:
            scored = list(csv.DictReader(file))
    later = np.flatnonzero(firm.later)
    score = np.array([float(one["score"]) for one in scored])
    won = firm.won[later]
    assert len(score) == len(later), "rows were refused"
    return Held(
        told=_figure(trained, "auc"),
        came=auroc(score, won > 0),
        truth=auroc(firm.chance[later], won > 0),
        said=_figure(trained, "base_rate"),
        expected=float(score.mean()),
        won=float(won.mean()),
        hot=sum(one["band"] == "hot" for one in scored) / len(scored),
    )


def _figure(answer: Mapping[str, object], name: str) -> float:
    metrics = answer["metrics"]
    assert isinstance(metrics, Mapping)
    return float(metrics[name]["value"])


def written(path: Path, rows: Sequence[Row]) -> Path:
    """An export in a folder of its own."""
    path.parent.mkdir()
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def mean(values: Sequence[float], digits: int = 3) -> str:
    """The mean with its 95 % interval."""
    every = np.array(values)
    found = bootstrap(
        lambda rows: float(every[rows].mean()),
        [str(n) for n in range(len(every))],
        seed=0,
        rounds=2_000,
    )
    return f"{found.value:.{digits}f} [{found.low:.{digits}f}, {found.high:.{digits}f}]"


if __name__ == "__main__":
    main()
