"""Another program's scores for `lead_models.py`, run by a Python that has it: nothing of Kitwright is imported here.

Usage: PYTHON lead_rivals.py autogluon|flaml|logistic|recipe FOLDER SECONDS SEED
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


def logistic(known: Any, rest: Any, seconds: int, folder: Path, seed: int) -> Any:
    """scikit-learn's logistic regression: numbers standardised, values of five rows and more one-hot."""
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    del seconds, folder, seed
    rows, coming = known.drop(columns="outcome"), rest.drop(columns="outcome")
    numbers = list(rows.select_dtypes("number").columns)
    others = [name for name in rows.columns if name not in numbers]
    rows[others], coming[others] = rows[others].astype(str), coming[others].astype(str)
    made = make_pipeline(
        ColumnTransformer(
            [
                ("numbers", make_pipeline(SimpleImputer(add_indicator=True), StandardScaler()), numbers),
                ("others", OneHotEncoder(handle_unknown="ignore", min_frequency=5), others),
            ]
        ),
        LogisticRegression(max_iter=2_000),
    )  # fmt: skip
    made.fit(rows, known["outcome"])
    return made.predict_proba(coming)[:, 1]


def recipe(known: Any, rest: Any, seconds: int, folder: Path, seed: int) -> Any:
    """xgboost: 400 slow trees of depth 5, half of the columns each, choices as they are."""
    import pandas as pd
    from xgboost import XGBClassifier

    del seconds, folder
    rows, coming = known.drop(columns="outcome"), rest.drop(columns="outcome")
    for name in rows.columns.difference(rows.select_dtypes("number").columns):
        kinds = pd.CategoricalDtype(sorted(set(rows[name].dropna().astype(str))))
        for part in (rows, coming):
            part[name] = part[name].astype("string").astype(kinds)
    made = XGBClassifier(
        n_estimators=400, learning_rate=0.03, max_depth=5, min_child_weight=5, subsample=0.8, colsample_bytree=0.5,
        reg_lambda=2.0, enable_categorical=True, tree_method="hist", n_jobs=2, random_state=seed,
    )  # fmt: skip
    made.fit(rows, known["outcome"])
    return made.predict_proba(coming)[:, 1]


def main() -> None:
    """Learns and writes."""
    import numpy as np
    import pandas as pd

    name, folder, seconds, seed = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
    known, rest = (pd.read_csv(folder / f"{part}.csv") for part in ("known", "rest"))
    programs = {"autogluon": autogluon, "flaml": flaml, "logistic": logistic, "recipe": recipe}
    chances = programs[name](known, rest, seconds, folder, seed)
    np.savetxt(folder / "chances.csv", np.asarray(chances))


if __name__ == "__main__":
    main()
