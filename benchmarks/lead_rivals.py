"""Another program's scores for `lead_models.py`, run by a Python that has it: nothing of Kitwright is imported here.

Usage: PYTHON lead_rivals.py autogluon|flaml FOLDER SECONDS SEED
FOLDER holds known.csv and rest.csv with the column `outcome`; chances.csv is written there.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any


def autogluon(known: Any, rest: Any, seconds: int, folder: Path, seed: int) -> Any:
    """Its preset for medium quality, chosen by AUC."""
    from autogluon.tabular import TabularPredictor

    del seed  # it has its own
    made = TabularPredictor(
        "outcome", eval_metric="roc_auc", path=str(folder / "models"), verbosity=0
    )
    made.fit(known, presets="medium_quality", time_limit=seconds, num_cpus=2)
    return made.predict_proba(rest.drop(columns="outcome"))[1]


def flaml(known: Any, rest: Any, seconds: int, folder: Path, seed: int) -> Any:
    """Its search over boosted trees, forests and logistic regression, chosen by AUC."""
    from flaml import AutoML

    del folder
    made = AutoML()
    made.fit(
        known.drop(columns="outcome"), known["outcome"], task="classification", metric="roc_auc",
        time_budget=seconds, seed=seed, verbose=0, n_jobs=2,
    )  # fmt: skip
    return made.predict_proba(rest.drop(columns="outcome"))[:, 1]


def main() -> None:
    """Learns and writes."""
    import numpy as np
    import pandas as pd

    name, folder, seconds, seed = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
    known, rest = (pd.read_csv(folder / f"{part}.csv") for part in ("known", "rest"))
    chances = {"autogluon": autogluon, "flaml": flaml}[name](known, rest, seconds, folder, seed)
    np.savetxt(folder / "chances.csv", np.asarray(chances))


if __name__ == "__main__":
    main()
