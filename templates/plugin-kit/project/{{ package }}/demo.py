"""Sample data: good numbers around 1, bad ones far away."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np


def generate(folder: Path, seed: int) -> None:
    """Writes 60 good and 30 bad samples, one folder per class."""
    rng = np.random.default_rng(seed)
    for label, mean, n in (("good", 1.0, 60), ("bad", 3.0, 30)):
        (folder / label).mkdir(parents=True, exist_ok=True)
        for number, value in enumerate(rng.normal(mean, 0.1, n)):
            text = json.dumps({"value": round(float(value), 12)})
            (folder / label / f"{number:03d}.json").write_text(text)
