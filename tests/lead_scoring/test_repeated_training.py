"""The same data and seed give the same model in every process: what a figure is traced to can be had again."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from kits.lead_scoring._court.court import hold_court
from kits.lead_scoring._simulated.firm import make_leads
from kits.lead_scoring._table import load_table
from kits.lead_scoring.config import Config
from tests.lead_scoring.trained_leads import SEED, a_dataset, as_lead, splits_in_time, trained

N = 1_200
_PARTS = [f"need {number}" for number in range(40)]
_WORDS = (
    "please",
    "call",
    "offer",
    "winter",
    "parts",
    "price",
    "sample",
    "drawing",
    "urgent",
    "boss",
)


def digests(folder: Path) -> str:
    """Trains on leads with several needs each, and with messages; what is told, what the court says, each file's digest."""
    made = list(make_leads(SEED, N))
    won = [one.outcome == "won" for one in made]
    leads = [
        as_lead(
            one,
            # all needs are met equally often, and so are pairs of telling words: what comes first is for the kit to say
            needs=f"{_PARTS[row % 40]};{_PARTS[(row + 7) % 40]}",
            message=" ".join(_WORDS[(row * step) % 10] for step in (1, 3, 7, 9, 11))
            + (" contract signed" if bought and row % 3 else f" number {row}"),
        )
        for row, (one, bought) in enumerate(zip(made, won))
    ]  # fmt: skip
    dataset = a_dataset(leads, won, splits_in_time(N))
    told = trained(dataset, Config(approach="logistic"), folder)
    court = hold_court(load_table(dataset, dataset.items), Config(), seed=SEED)
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return "\n".join([*told.notes, *told.details, str(court.verdicts)]) + "\n".join(
        f"{path.relative_to(folder)} {hashlib.sha256(path.read_bytes()).hexdigest()}"
        for path in files
    )


@pytest.mark.slow
def test_no_order_of_a_set_gets_into_a_model(tmp_path: Path) -> None:
    code = "import sys; from pathlib import Path; from tests.lead_scoring.test_repeated_training import digests; print(digests(Path(sys.argv[1])))"
    found = [
        subprocess.run(
            [sys.executable, "-c", code, str(tmp_path / hash_seed)],
            capture_output=True, text=True, check=True, env={**os.environ, "PYTHONHASHSEED": hash_seed},
        ).stdout
        for hash_seed in ("1", "2")
    ]  # fmt: skip
    assert found[0] == found[1] and "contract" in found[0]
