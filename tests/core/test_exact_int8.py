"""INT8 computes the same on every processor, also where products of 8 bits are added in 16."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from kits.core.runtime import OnnxSession

WIDTH = 64
LARGEST_X, LARGEST_W = 255, 127
VERSION = tuple(map(int, onnxruntime.__version__.split(".")[:2]))


def product() -> bytes:
    """x (uint8) times weights (int8) that are all as large as can be."""
    weights = np.full((WIDTH, 4), LARGEST_W, np.int8)
    graph = helper.make_graph(
        [helper.make_node("MatMulInteger", ["x", "w"], ["y"])],
        "product",
        [helper.make_tensor_value_info("x", TensorProto.UINT8, [1, WIDTH])],
        [helper.make_tensor_value_info("y", TensorProto.INT32, [1, 4])],
        [numpy_helper.from_array(weights, "w")],
    )
    model = helper.make_model(graph, ir_version=8, opset_imports=[helper.make_opsetid("", 17)])
    onnx.checker.check_model(model)
    content: bytes = model.SerializeToString()
    return content


@pytest.mark.skipif(VERSION < (1, 32), reason="this onnxruntime has no exact way that works")
def test_sums_of_the_largest_products_do_not_overflow() -> None:
    [found] = OnnxSession(product()).run({"x": np.full((1, WIDTH), LARGEST_X, np.uint8)})
    assert found.tolist() == [[WIDTH * LARGEST_X * LARGEST_W] * 4]
