"""Grows boosted trees with xgboost, and turns them into arrays and ONNX. What columns mean is not known here."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from kits.core.errors import not_installed
from kits.lead_scoring._features.encoder import Floats32
from kits.lead_scoring._learning.newton import shift_fit
from kits.lead_scoring._models.trees import Trees
from kits.lead_scoring.config import Config
from kits.toolchain.processors import threads_for

if TYPE_CHECKING:
    from xgboost import Booster

Floats = NDArray[np.float64]
_CELLS_PER_THREAD = 4_000_000
"""Cells of a matrix for which another thread is worth its waiting."""
_WIDE = 128
"""Columns of a matrix of which each tree sees half; of wider ones it sees as many as of one with so many, not fewer than a fifth."""
_LEAST_SEEN, _SEEN = 0.2, 0.5
_OPSET, _ML_OPSET = 15, 3


def grow(
    matrix: Floats32,
    won: Floats,
    config: Config,
    *,
    seed: int,
    device: str,
    stride: int = 1,
    beside: Floats | None = None,
) -> Booster:
    """Boosted trees of log-loss: slow and shallow, which calibrates best.

    Args:
        stride: so many times fewer trees, each with so many times the step.
        beside: (rows,) what is known to add to their log-odds; None: nothing.

    Raises:
        MachineError: xgboost is not installed.
    """
    try:
        import xgboost
    except ImportError as error:
        raise not_installed("xgboost", "train") from error
    base = base_rate(won, beside)
    settings: dict[str, Any] = {
        "objective": "binary:logistic",
        "tree_method": "hist",
        "device": device,
        "max_depth": config.depth,
        "eta": min(1.0, stride * config.learning_rate),
        "min_child_weight": 5,
        "subsample": 0.8,
        "colsample_bytree": float(np.clip(_SEEN * _WIDE / matrix.shape[1], _LEAST_SEEN, _SEEN)),
        "lambda": 2.0,
        "max_bin": 128,
        "base_score": base,
        "seed": seed,
        "nthread": threads_for(matrix.size, _CELLS_PER_THREAD),
        "verbosity": 0,
    }
    start = None if beside is None else beside + math.log(base / (1 - base))
    rows = xgboost.QuantileDMatrix(
        matrix, won, base_margin=start, max_bin=128, nthread=settings["nthread"]
    )
    return xgboost.train(settings, rows, num_boost_round=max(1, config.trees // stride))


def base_rate(won: Floats, beside: Floats | None = None) -> float:
    """Share of won, away from 0 and 1; `beside` as in `grow`."""
    rate = float(won.mean())
    if beside is not None and 0 < rate < 1:
        rate = 1 / (1 + math.exp(-shift_fit(beside, won)))
    return float(np.clip(rate, 1e-4, 1 - 1e-4))


def margins(booster: Booster, matrix: Floats32) -> Floats:
    """(rows,) log-odds."""
    found: Floats = booster.inplace_predict(matrix, predict_type="margin").astype(np.float64)
    return found


def arrays_of(booster: Booster, base: float) -> Trees:
    """The trees as arrays.

    Args:
        base: `base_rate` they were grown from.
    """
    stored = json.loads(bytes(booster.save_raw("json")))
    trees = stored["learner"]["gradient_booster"]["model"]["trees"]
    sizes = [len(tree["left_children"]) for tree in trees]
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.int64)

    def joined(name: str, dtype: type[np.generic]) -> NDArray[Any]:
        return np.concatenate([np.asarray(tree[name], dtype=dtype) for tree in trees])

    shift = np.repeat(starts, sizes)
    left, right = joined("left_children", np.int64), joined("right_children", np.int64)
    limit, leaf = joined("split_conditions", np.float32), left < 0
    return Trees(
        roots=starts.astype(np.int32),
        left=np.where(leaf, -1, left + shift).astype(np.int32),
        right=np.where(leaf, -1, right + shift).astype(np.int32),
        column=np.where(leaf, 0, joined("split_indices", np.int64)).astype(np.int32),
        limit=limit,
        missing_left=joined("default_left", np.bool_),
        value=np.where(leaf, limit, np.float32(0)).astype(np.float32),
        cover=np.maximum(joined("sum_hessian", np.float32), np.float32(1e-12)),
        base=math.log(base / (1 - base)),
    )


def to_onnx(trees: Trees, columns: int) -> bytes:
    """A model with input `rows` (n, columns) and output `margin` (n, 1): the log-odds."""
    from onnx import TensorProto, checker, helper

    nodes = len(trees.left)
    starts = np.append(trees.roots, nodes)
    tree = np.repeat(np.arange(len(trees.roots)), np.diff(starts))
    own = np.arange(nodes) - starts[tree]
    leaf = trees.left < 0
    shift = starts[tree]
    node = helper.make_node(
        "TreeEnsembleRegressor",
        ["rows"],
        ["margin"],
        domain="ai.onnx.ml",
        name="trees",
        n_targets=1,
        aggregate_function="SUM",
        post_transform="NONE",
        base_values=[trees.base],
        nodes_treeids=tree.tolist(),
        nodes_nodeids=own.tolist(),
        nodes_featureids=trees.column.tolist(),
        nodes_modes=np.where(leaf, "LEAF", "BRANCH_LT").tolist(),
        nodes_values=np.where(leaf, 0, trees.limit).tolist(),
        nodes_truenodeids=np.where(leaf, 0, trees.left - shift).tolist(),
        nodes_falsenodeids=np.where(leaf, 0, trees.right - shift).tolist(),
        nodes_missing_value_tracks_true=(trees.missing_left & ~leaf).astype(int).tolist(),
        target_treeids=tree[leaf].tolist(),
        target_nodeids=own[leaf].tolist(),
        target_ids=[0] * int(leaf.sum()),
        target_weights=trees.value[leaf].tolist(),
    )
    graph = helper.make_graph(
        [node],
        "trees",
        [helper.make_tensor_value_info("rows", TensorProto.FLOAT, ["n", columns])],
        [helper.make_tensor_value_info("margin", TensorProto.FLOAT, ["n", 1])],
    )
    opsets = [helper.make_opsetid("", _OPSET), helper.make_opsetid("ai.onnx.ml", _ML_OPSET)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=9)
    checker.check_model(model)
    content: bytes = model.SerializeToString()
    return content
