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


def convolution() -> bytes:
    """A picture of ones, quantized and back as our INT8 models are, through a convolution whose weights are all as large as can be."""
    weights = np.full((2, 16, 3, 3), LARGEST_W, np.int8)
    floats = {"ws": 1 / LARGEST_W, "xs": 1 / LARGEST_X, "ys": 1.0}
    zeros = {"wz": np.int8(0), "xz": np.uint8(0), "yz": np.uint8(0)}
    node = helper.make_node
    graph = helper.make_graph(
        [
            node("QuantizeLinear", ["x", "xs", "xz"], ["xq"]), node("DequantizeLinear", ["xq", "xs", "xz"], ["xd"]),
            node("DequantizeLinear", ["w", "ws", "wz"], ["wd"]), node("Conv", ["xd", "wd"], ["c"]),
            node("QuantizeLinear", ["c", "ys", "yz"], ["cq"]), node("DequantizeLinear", ["cq", "ys", "yz"], ["y"]),
        ],
        "convolution",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 16, 3, 3])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 2, 1, 1])],
        [
            numpy_helper.from_array(weights, "w"),
            *(numpy_helper.from_array(np.float32(value), name) for name, value in floats.items()),
            *(numpy_helper.from_array(value, name) for name, value in zeros.items()),
        ],
    )  # fmt: skip
    model = helper.make_model(graph, ir_version=8, opset_imports=[helper.make_opsetid("", 17)])
    onnx.checker.check_model(model)
    content: bytes = model.SerializeToString()
    return content


@pytest.mark.skipif(VERSION < (1, 30), reason="this onnxruntime has no exact way that works")
def test_sums_of_the_largest_products_do_not_overflow() -> None:
    [found] = OnnxSession(product()).run({"x": np.full((1, WIDTH), LARGEST_X, np.uint8)})
    assert found.tolist() == [[WIDTH * LARGEST_X * LARGEST_W] * 4]


def test_a_product_that_an_old_onnxruntime_cannot_do_exactly_ends_no_process() -> None:
    [found] = OnnxSession(product()).run({"x": np.ones((1, WIDTH), np.uint8)})
    assert found.tolist() == [[WIDTH * LARGEST_W] * 4]


def test_a_convolution_of_the_largest_values_is_exact_with_every_onnxruntime() -> None:
    [found] = OnnxSession(convolution()).run({"x": np.ones((1, 16, 3, 3), np.float32)})
    assert found.ravel().tolist() == [16 * 9, 16 * 9]
