"""Backbone and bank as one ONNX graph: picture → distances per patch and pooled features.

Only operators that TensorRT has: a MatMul that whitens, one against the bank, reductions, a softmax. The part
after the features is named `/bank/…` and must stay in floating point when the rest is quantised.
"""

from __future__ import annotations

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from kits.visual_inspection._bank import Bank, sharpness

FLOAT_NODES = "^/bank/"


def with_bank(backbone: bytes, bank: Bank, unit: float, grid: int) -> bytes:
    """The deployable model.

    Args:
        backbone: ONNX with the output `features`, 1 × features × rows × columns.
        unit: distance of a usual good part.
        grid: patches per side; the exporter leaves these dimensions unnamed.

    Returns:
        ONNX with the outputs `distances` (1, rows, columns) and `pooled` (1, 4 · features).
    """
    model = onnx.load_from_string(backbone)
    graph = model.graph
    depth, rows, columns = len(bank.centre), grid, grid
    maker = _Maker(graph)
    moved = _features(maker, graph.output[0].name, bank, depth)
    apart = _distances(maker, moved, bank)
    maker.node("Reshape", [apart, maker.ints("shape_map", [1, rows, columns])], "distances")
    _pooled(maker, moved, apart, unit)
    del graph.output[:]
    graph.output.extend(
        [
            helper.make_tensor_value_info("distances", TensorProto.FLOAT, [1, rows, columns]),
            helper.make_tensor_value_info("pooled", TensorProto.FLOAT, [1, 4 * depth]),
        ]
    )
    onnx.checker.check_model(model)
    made: bytes = model.SerializeToString()
    return made


class _Maker:
    """Adds nodes and constants under `/bank/` to a graph."""

    def __init__(self, graph: onnx.GraphProto) -> None:
        self.graph = graph

    def node(self, op: str, inputs: list[str], name: str, **attributes: object) -> str:
        self.graph.node.append(
            helper.make_node(op, inputs, [name], name=f"/bank/{name}", **attributes)
        )
        return name

    def floats(self, name: str, values: NDArray[np.float32]) -> str:
        return self._constant(name, np.ascontiguousarray(values, dtype=np.float32))

    def ints(self, name: str, values: list[int]) -> str:
        return self._constant(name, np.asarray(values, dtype=np.int64))

    def _constant(self, name: str, values: NDArray[np.generic]) -> str:
        self.graph.initializer.append(numpy_helper.from_array(values, f"bank_{name}"))
        return f"bank_{name}"


def _features(maker: _Maker, features: str, bank: Bank, depth: int) -> str:
    flat = maker.node("Reshape", [features, maker.ints("shape_flat", [depth, -1])], "flat")
    rows = maker.node("Transpose", [flat], "patches", perm=[1, 0])
    return maker.node("Sub", [rows, maker.floats("centre", bank.centre[None])], "moved")


def _distances(maker: _Maker, moved: str, bank: Bank) -> str:
    kept = bank.white(bank.patches)
    white = maker.node("MatMul", [moved, maker.floats("whiten", bank.whiten)], "white")
    product = maker.node("MatMul", [white, maker.floats("patches", -2 * kept.T)], "product")
    squares = maker.floats("squares", (kept**2).sum(1)[None])
    part = maker.node("Add", [product, squares], "to_each")
    nearest = maker.node("ReduceMin", [part], "nearest", axes=[1], keepdims=1)
    own = maker.node("Mul", [white, white], "own_squares")
    axes = maker.ints("axis_features", [1])
    length = maker.node("ReduceSum", [own, axes], "own_length", keepdims=1)
    squared = maker.node("Add", [nearest, length], "squared")
    positive = maker.node("Relu", [squared], "positive")
    return maker.node("Sqrt", [positive], "apart")


def _pooled(maker: _Maker, moved: str, apart: str, unit: float) -> None:
    mean = maker.node("ReduceMean", [moved], "mean", axes=[0], keepdims=1)
    largest = maker.node("ReduceMax", [moved], "largest", axes=[0], keepdims=1)
    rest = maker.node("Sub", [moved, mean], "rest")
    squares = maker.node("Mul", [rest, rest], "rest_squares")
    variance = maker.node("ReduceMean", [squares], "variance", axes=[0], keepdims=1)
    tiny = maker.floats("tiny", np.full((1, 1), 1e-6, np.float32))
    spread = maker.node("Sqrt", [maker.node("Add", [variance, tiny], "safe")], "spread")
    factor = maker.floats("sharpness", np.full((1, 1), sharpness(unit), np.float32))
    sharp = maker.node("Mul", [apart, factor], "sharp")
    row = maker.node("Transpose", [sharp], "sharp_row", perm=[1, 0])
    weights = maker.node("Softmax", [row], "weights", axis=1)
    focus = maker.node("MatMul", [weights, moved], "focus")
    maker.node("Concat", [mean, largest, spread, focus], "pooled", axis=1)
