"""ONNX graphs of the kit's small models, written node by node: distances of rows to normal running, and linear
classifiers. Trees are converted in `_learning/trees.py`, networks in `_learning/network_graph.py`. Opset 17, so that
TensorRT 10.3 reads them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

OPSET = 17
Floats = NDArray[np.float64]


def quadratic(means: Floats, inverse_scales: Floats, matrices: Floats, cap: float) -> bytes:
    """index = zᵀ M z of each row, z = (row − mean) · inverse scale, with the model chosen by number.

    Args:
        means, inverse_scales: (models, columns).
        matrices: (models, columns, columns), symmetric.
        cap: largest |z|.

    Returns:
        A model with inputs `rows` (n, columns) and `model` (1,), outputs `index` (n, 1) and `shares`
        (n, columns), whose sum is the index.
    """
    from onnx import TensorProto, helper

    columns = means.shape[1]
    nodes = [
        helper.make_node("Gather", ["means", "model"], ["mean"], axis=0),
        helper.make_node("Gather", ["scales", "model"], ["scale"], axis=0),
        helper.make_node("Gather", ["matrices", "model"], ["chosen"], axis=0),
        helper.make_node("Squeeze", ["chosen", "first"], ["matrix"]),
        helper.make_node("Sub", ["rows", "mean"], ["centred"]),
        helper.make_node("Mul", ["centred", "scale"], ["wide"]),
        helper.make_node("Clip", ["wide", "low", "high"], ["z"]),
        helper.make_node("MatMul", ["z", "matrix"], ["turned"]),
        helper.make_node("Mul", ["z", "turned"], ["shares"]),
        helper.make_node("ReduceSum", ["shares", "last"], ["index"], keepdims=1),
    ]
    constants = {
        "means": means.astype(np.float32),
        "scales": inverse_scales.astype(np.float32),
        "matrices": matrices.astype(np.float32),
        "low": np.float32(-cap),
        "high": np.float32(cap),
        "first": np.array([0], np.int64),
        "last": np.array([1], np.int64),
    }
    inputs = [
        helper.make_tensor_value_info("rows", TensorProto.FLOAT, ["n", columns]),
        helper.make_tensor_value_info("model", TensorProto.INT64, [1]),
    ]
    outputs = [
        helper.make_tensor_value_info("index", TensorProto.FLOAT, ["n", 1]),
        helper.make_tensor_value_info("shares", TensorProto.FLOAT, ["n", columns]),
    ]
    return serialised(nodes, inputs, outputs, constants, "condition")


def linear(mean: Floats, scale: Floats, weights: Floats, bias: Floats) -> bytes:
    """Softmax of a linear classifier on standardised rows.

    Args:
        weights: (columns, classes).

    Returns:
        A model with input `rows` (n, columns) and output `probabilities` (n, classes).
    """
    from onnx import TensorProto, helper

    columns, classes = weights.shape
    nodes = [
        helper.make_node("Sub", ["rows", "mean"], ["centred"]),
        helper.make_node("Div", ["centred", "scale"], ["z"]),
        helper.make_node("MatMul", ["z", "weights"], ["turned"]),
        helper.make_node("Add", ["turned", "bias"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["probabilities"], axis=1),
    ]
    constants = {
        "mean": mean.astype(np.float32),
        "scale": scale.astype(np.float32),
        "weights": weights.astype(np.float32),
        "bias": bias.astype(np.float32),
    }
    inputs = [helper.make_tensor_value_info("rows", TensorProto.FLOAT, ["n", columns])]
    outputs = [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["n", classes])]
    return serialised(nodes, inputs, outputs, constants, "classes")


def serialised(
    nodes: Sequence[Any],
    inputs: Sequence[Any],
    outputs: Sequence[Any],
    constants: Mapping[str, Any],
    name: str,
) -> bytes:
    """A checked model of some nodes and constants."""
    from onnx import checker, helper, numpy_helper

    initialisers = [numpy_helper.from_array(np.asarray(v), k) for k, v in constants.items()]
    graph = helper.make_graph(nodes, name, inputs, outputs, initialisers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=9)
    checker.check_model(model)
    content: bytes = model.SerializeToString()
    return content
