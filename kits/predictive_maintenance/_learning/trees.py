"""Boosted trees: one way to fit them, and from them to ONNX. Used by training only.

It is not responsible for what the columns mean, nor for splits.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from kits.core.errors import not_installed
from kits.predictive_maintenance._learning.chances import FLOOR, Calibration
from kits.toolchain.processors import threads_for

if TYPE_CHECKING:
    import xgboost

Floats = NDArray[np.float64]
_OPSET = 15
_ROWS_PER_THREAD = 10_000
"""A thread with fewer rows waits for the others longer than it works, on a busy machine many times as long."""
_ML_OPSET = 3


def regressor(
    rows: Floats,
    target: Floats,
    *,
    trees: int,
    depth: int,
    seed: int,
    quantile: float | None = None,
    device: str = "cpu",
) -> xgboost.XGBRegressor:
    """Boosted regression trees of squared error, or of a quantile.

    Raises:
        MachineError: xgboost is not installed.
    """
    xgb = _library()
    goal: dict[str, Any] = (
        {"objective": "reg:quantileerror", "quantile_alpha": quantile} if quantile else {}
    )
    model: xgboost.XGBRegressor = xgb.XGBRegressor(
        n_estimators=trees,
        max_depth=depth,
        learning_rate=_rate(trees, 9.0),
        subsample=0.7,
        colsample_bytree=0.3,
        min_child_weight=_least_weight(len(rows)),
        max_bin=64,
        tree_method="hist",
        device=device,
        n_jobs=threads_for(len(rows), _ROWS_PER_THREAD),
        random_state=seed,
        **goal,
    )
    return model.fit(rows.astype(np.float32), target)


def classifier(
    rows: Floats,
    classes: NDArray[np.intp],
    *,
    trees: int,
    depth: int,
    seed: int,
    device: str = "cpu",
) -> xgboost.XGBClassifier:
    """Boosted classification trees; classes are 0 … k−1, all present.

    Raises:
        MachineError: xgboost is not installed.
    """
    xgb = _library()
    model: xgboost.XGBClassifier = xgb.XGBClassifier(
        n_estimators=trees,
        max_depth=depth,
        learning_rate=_rate(trees, 12.0),
        subsample=0.8,
        colsample_bytree=0.4,
        min_child_weight=1,
        max_bin=256,
        tree_method="hist",
        device=device,
        n_jobs=threads_for(len(rows), _ROWS_PER_THREAD),
        random_state=seed,
    )
    return model.fit(rows.astype(np.float32), classes)


def _rate(trees: int, whole: float) -> float:
    """Of learning: fewer trees take longer steps, so that they come as far. 0.03 at the configured defaults."""
    return min(whole / trees, 0.3)


def _least_weight(rows: int) -> float:
    """A leaf holds a share of the rows: neighbouring rows of one life are hardly more than one."""
    return float(min(max(rows / 400, 1), 50))


def mean_to_onnx(models: Sequence[tuple[Any, NDArray[np.intp]]], columns: int) -> bytes:
    """One model with input `rows` (n, columns) and output `value` (n, 1): the mean of some regressors.

    Args:
        models: each with the columns it sees.

    Raises:
        MachineError: onnxmltools is not installed.
    """
    from onnx import TensorProto, helper, numpy_helper

    nodes, constants, names = [], [], []
    for number, (model, seen) in enumerate(models):
        node = _converted(model, seen.size).graph.node[0]
        assert node.op_type == "TreeEnsembleRegressor"
        constants.append(numpy_helper.from_array(seen.astype(np.int64), f"columns_{number}"))
        picked = [f"rows_{number}"]
        nodes.append(helper.make_node("Gather", ["rows", f"columns_{number}"], picked, axis=1))
        node.input[0], node.output[0], node.name = picked[0], f"part_{number}", f"trees_{number}"
        nodes.append(node)
        names.append(node.output[0])
    nodes.append(helper.make_node("Mean", names, ["value"]))
    inputs = [helper.make_tensor_value_info("rows", TensorProto.FLOAT, ["n", columns])]
    outputs = [helper.make_tensor_value_info("value", TensorProto.FLOAT, ["n", 1])]
    return _finished(nodes, inputs, outputs, constants)


def classifier_to_onnx(model: Any, columns: int, calibration: Calibration | None = None) -> bytes:
    """A model with input `rows` (n, columns) and output `chances` (n, classes).

    Raises:
        MachineError: onnxmltools is not installed.
    """
    from onnx import TensorProto, helper, numpy_helper

    converted = _converted(model, columns)
    nodes = list(converted.graph.node)
    trees = next(node for node in nodes if node.op_type == "TreeEnsembleClassifier")
    source = converted.graph.input[0].name
    for node in nodes:
        for place, name in enumerate(node.input):
            if name == source:
                node.input[place] = "rows"
    probabilities = trees.output[1]
    kept = [node for node in nodes if node.op_type != "ZipMap"]
    constants = list(converted.graph.initializer)
    if calibration is None:
        kept.append(helper.make_node("Identity", [probabilities], ["chances"]))
    else:
        numbers = {
            "floor": np.float32(FLOOR),
            "sharpness": np.float32(calibration.sharpness),
            "levels": calibration.levels.astype(np.float32),
        }
        constants += [numpy_helper.from_array(np.asarray(v), k) for k, v in numbers.items()]
        kept += [
            helper.make_node("Max", [probabilities, "floor"], ["possible"]),
            helper.make_node("Log", ["possible"], ["logs"]),
            helper.make_node("Mul", ["logs", "sharpness"], ["sharpened"]),
            helper.make_node("Add", ["sharpened", "levels"], ["logits"]),
            helper.make_node("Softmax", ["logits"], ["chances"], axis=1),
        ]
    inputs = [helper.make_tensor_value_info("rows", TensorProto.FLOAT, ["n", columns])]
    outputs = [helper.make_tensor_value_info("chances", TensorProto.FLOAT, ["n", None])]
    return _finished(kept, inputs, outputs, constants)


def _converted(model: Any, columns: int) -> Any:
    try:
        from onnxmltools import convert_xgboost
        from onnxmltools.convert.common.data_types import FloatTensorType
    except ImportError as error:
        raise not_installed("onnxmltools", "train") from error
    return convert_xgboost(
        model, initial_types=[("rows", FloatTensorType([None, columns]))], target_opset=_OPSET
    )


def _finished(
    nodes: list[Any], inputs: list[Any], outputs: list[Any], constants: Sequence[Any] = ()
) -> bytes:
    from onnx import checker, helper

    graph = helper.make_graph(nodes, "trees", inputs, outputs, list(constants))
    opsets = [helper.make_opsetid("", _OPSET), helper.make_opsetid("ai.onnx.ml", _ML_OPSET)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=9)
    checker.check_model(model)
    content: bytes = model.SerializeToString()
    return content


def _library() -> Any:
    try:
        import xgboost
    except ImportError as error:
        raise not_installed("xgboost", "train") from error
    return xgboost
