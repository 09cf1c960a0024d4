"""The agent's own engine builder, in its child process, on the models that devices get.

TensorRT-RTX stands for TensorRT: its parser and builder run without a GPU, through the same code.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from edge_agent.engine.build import BuildSettings, build_engine
from edge_agent.errors import EngineError
from kits.toolchain import quantize, trt_check
from tests.edge_agent.parts import tiny_onnx
from tests.needing import needing

pytestmark = needing("tensorrt_rtx")
RTX = BuildSettings(flavour="tensorrt_rtx", timeout_s=120)
Model = Callable[[ModuleType], bytes]


@pytest.fixture
def dots(dots_kit: Path) -> ModuleType:
    from dots_kit import export

    return export


def fp32(dots: ModuleType) -> bytes:
    return bytes(dots.network(12.0, 0.6))


def fp16(dots: ModuleType) -> bytes:
    return quantize.to_fp16(fp32(dots))


def calibration() -> quantize.Calibration:
    rng = np.random.default_rng(0)
    feeds = tuple({"image": rng.random((1, 1, 16, 16), np.float32)} for _ in range(8))
    return quantize.Calibration(feeds, "d")


def signed_int8(dots: ModuleType) -> bytes:
    return quantize.to_int8(fp32(dots), calibration(), "tensorrt")


def any_batch(dots: ModuleType) -> bytes:
    model = onnx.load_from_string(fp32(dots))
    for value in (*model.graph.input, *model.graph.output):
        value.type.tensor_type.shape.dim[0].dim_param = "n"
    return bytes(model.SerializeToString())


def unsigned_int8(dots: ModuleType) -> bytes:
    return quantize.to_int8(fp32(dots), calibration(), "cpu")


def size_by_data(dots: ModuleType) -> bytes:
    return bytes(dots.network(12.0, 0.6, non_zero=True))


def unknown_operator(_: ModuleType) -> bytes:
    graph = helper.make_graph(
        [helper.make_node("Wish", ["x"], ["y"], name="wish", domain="of.mine")],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1])],
    )
    domains = [helper.make_opsetid("", 17), helper.make_opsetid("of.mine", 1)]
    return bytes(helper.make_model(graph, opset_imports=domains).SerializeToString())


def no_model(_: ModuleType) -> bytes:
    return b"no model at all"


@pytest.mark.parametrize("model", [fp32, fp16, signed_int8, any_batch])
def test_what_a_device_gets_is_built(dots: ModuleType, model: Model) -> None:
    content = model(dots)
    assert trt_check.check_onnx(content) == ()
    assert len(build_engine(content, RTX)) > 1000


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        (unsigned_int8, "DequantizeLinear 'b1_DequantizeLinear'"),
        (size_by_data, "NonZero 'found'"),
        (unknown_operator, "Wish 'wish'"),
        (no_model, "not an ONNX model"),
    ],
)
def test_what_a_device_cannot_build_is_refused_in_the_same_words_on_both_machines(
    dots: ModuleType, model: Model, reason: str
) -> None:
    content = model(dots)
    with pytest.raises(EngineError) as caught:
        build_engine(content, RTX)
    assert reason in caught.value.what
    assert reason in trt_check.check_onnx(content)[0]


def test_an_engine_built_twice_comes_from_the_bytes_given_and_nothing_else() -> None:
    one, other = build_engine(tiny_onnx(1.0), RTX), build_engine(tiny_onnx(2.0), RTX)
    assert one != other
