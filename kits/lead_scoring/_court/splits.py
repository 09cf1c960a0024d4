"""Side by side: what the same trees reach on a random and on a later quarter, with and without the guilty columns.

The difference is the lesson: a leak makes figures that never come true, a random split hides drift. The trees are small
and fixed; they judge columns, they are not the model that ships.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from kits.core.stats import Estimate
from kits.lead_scoring._court.columns import EMPTY, Column, Floats
from kits.lead_scoring._court.measures import auc_of, auc_within
from kits.lead_scoring._court.stretches import stretches
from kits.lead_scoring._court.verdicts import Side

_ROWS = 16_000
_SHARE = 0.25
_ROUNDS = 120
_LARGEST = 1e38
_SETTINGS: dict[str, str | int | float] = {
    "objective": "binary:logistic",
    "max_depth": 4,
    "eta": 0.08,
    "subsample": 0.8,
    "colsample_bytree": 0.6,
    "min_child_weight": 5,
    "lambda": 2.0,
    "tree_method": "hist",
    "max_bin": 64,
    "nthread": 1,
    "verbosity": 0,
}


@dataclass(frozen=True)
class Trees:
    """Small trees, judged on leads left out.

    Attributes:
        gains: (columns,) how much each column was used for.
        scores: (judged,) of the leads left out.
    """

    auc: Estimate
    gains: Floats
    scores: Floats


@dataclass(frozen=True, slots=True)
class Sides:
    """Both splits.

    Attributes:
        shown: the later one last, where time is known.
        witness: AUC of the last one without the guilty columns, among leads of the same stretch of time; None: no split.
    """

    shown: tuple[Side, ...] = ()
    witness: Estimate | None = None


def random_quarter(rows: int, seed: int) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """Leads that are looked at, in their order, and which of these are judged: a quarter by lot."""
    rng = np.random.default_rng([seed, 23])
    picked = np.sort(rng.permutation(rows)[:_ROWS])
    return picked, rng.permutation(_late(len(picked)))


def _late(rows: int) -> NDArray[np.bool_]:
    return np.arange(rows) >= round((1 - _SHARE) * rows)


def side_by_side(
    columns: Sequence[Column],
    guilty: Collection[str],
    suspects: Collection[str],
    won: Floats,
    timed: bool,
    seed: int,
) -> Sides:
    """What trees reach on both splits, the later one where time is known.

    Args:
        columns: rows in order of time, guilty columns included.
        suspects: columns that may be leaks, which nobody has decided about.
    """
    honest = [column for column in columns if column.name not in guilty]
    undoubted = [column for column in honest if column.name not in suspects]
    if not honest:
        return Sides()
    picked, by_lot = random_quarter(len(won), seed)
    late = _late(len(picked))
    splits: list[tuple[Literal["random", "time"], NDArray[np.bool_]]] = [("random", by_lot)]
    if timed:
        splits.append(("time", late))
    near = stretches(won[picked]) if timed else np.zeros(len(picked), dtype=np.intp)
    sides, witness = [], None
    for name, judged in splits:
        if min(_both(won[picked][judged]), _both(won[picked][~judged])) < 1:
            continue
        trees = grown(honest, picked, won, judged, seed)
        without = everything = trees.auc
        sure = None
        witness = auc_within(trees.scores, won[picked][judged] == 1, near[judged])
        if len(honest) < len(columns):
            everything = grown(columns, picked, won, judged, seed).auc
        if undoubted and len(undoubted) < len(honest):
            sure = grown(undoubted, picked, won, judged, seed).auc
        sides.append(Side(name, everything, without, sure))
    return Sides(tuple(sides), witness)


def _both(won: Floats) -> int:
    return int(min(won.sum(), (1 - won).sum()))


def grown(
    columns: Sequence[Column],
    picked: NDArray[np.intp],
    won: Floats,
    judged: NDArray[np.bool_],
    seed: int,
) -> Trees:
    """The trees on some columns.

    Args:
        picked: leads that are looked at.
        judged: (picked,) which of them are left out for judging.
    """
    import xgboost

    kinds = ["c" if column.kind == "choice" else "float" for column in columns]
    matrix = np.stack([_values(column)[picked] for column in columns], axis=1)

    def part(rows: NDArray[np.bool_]) -> xgboost.DMatrix:
        return xgboost.DMatrix(
            matrix[rows],
            won[picked][rows],
            feature_types=kinds,
            enable_categorical=True,
            nthread=1,
        )

    learned = xgboost.train({**_SETTINGS, "seed": seed}, part(~judged), _ROUNDS)
    scores = np.asarray(learned.predict(part(judged)), dtype=np.float64)
    used = learned.get_score(importance_type="total_gain")
    gains = np.array([_first(used.get(f"f{n}")) for n in range(len(columns))])
    return Trees(auc_of(scores, won[picked][judged] == 1), gains, scores)


def _first(gain: float | list[float] | None) -> float:
    return float(gain[0]) if isinstance(gain, list) else float(gain or 0.0)


def _values(column: Column) -> NDArray[np.float32]:
    """Numbers as they are, choices as codes; NaN where a lead has no value."""
    if column.kind == "choice":
        return np.where(column.codes == EMPTY, np.nan, column.codes).astype(np.float32)
    # seconds since 1970 do not fit into 32 bits, and neither do the largest numbers
    start = np.nanmin(column.numbers) if column.kind == "date" else 0.0
    return np.clip(column.numbers - start, -_LARGEST, _LARGEST).astype(np.float32)
