"""Lower precision keeps what it is told to keep, computes nearly the same, and prints nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest

from kits.core.errors import DataError
from kits.core.runtime import OnnxSession
from kits.toolchain import quantize


@pytest.fixture
def model(dots_kit: Path) -> bytes:
    from dots_kit.export import network

    return network(12.0, 0.6)


@pytest.fixture
def calibration() -> quantize.Calibration:
    rng = np.random.default_rng(0)
    feeds = [{"image": rng.random((1, 1, 16, 16), np.float32)} for _ in range(16)]
    return quantize.Calibration(tuple(feeds), "d")


def kinds(model: bytes) -> list[str]:
    return [node.op_type for node in onnx.load_from_string(model).graph.node]


def score(model: bytes, image: np.ndarray) -> float:
    return float(OnnxSession(model).run({"image": image})[0].ravel()[0])


@pytest.mark.parametrize("recipe", ["cpu", "tensorrt"])
def test_int8_computes_nearly_the_same(
    model: bytes, calibration: quantize.Calibration, recipe: quantize.Recipe
) -> None:
    lower = quantize.to_int8(model, calibration, recipe, ("^score",))
    for feeds in calibration.feeds[:4]:
        image = feeds["image"]
        assert score(lower, image) == pytest.approx(score(model, image), abs=0.06)


def test_cpu_recipe_uses_unsigned_activations_and_tensorrt_signed_ones(
    model: bytes, calibration: quantize.Calibration
) -> None:
    def zero_points(recipe: quantize.Recipe) -> set[int]:
        graph = onnx.load_from_string(quantize.to_int8(model, calibration, recipe)).graph
        types = {i.name: i.data_type for i in graph.initializer}
        return {types[n.input[2]] for n in graph.node if n.op_type == "QuantizeLinear"}

    assert onnx.TensorProto.UINT8 in zero_points("cpu")
    assert zero_points("tensorrt") == {onnx.TensorProto.INT8}


def test_excluded_nodes_stay_in_floating_point(
    model: bytes, calibration: quantize.Calibration
) -> None:
    everything = quantize.to_int8(model, calibration, "tensorrt")
    without = quantize.to_int8(model, calibration, "tensorrt", ("^score", "^blur$"))
    assert "QuantizeLinear" in kinds(everything)
    assert "QuantizeLinear" not in kinds(without)


def test_too_few_samples_to_calibrate_are_refused(
    model: bytes, calibration: quantize.Calibration
) -> None:
    few = quantize.Calibration(calibration.feeds[:3], "d")
    with pytest.raises(DataError, match="too few to calibrate"):
        quantize.to_int8(model, few, "cpu")


def test_fp16_keeps_inputs_and_outputs_and_order(
    model: bytes, calibration: quantize.Calibration
) -> None:
    lower = quantize.to_fp16(model)
    graph = onnx.load_from_string(lower).graph
    ends = [*graph.input, *graph.output]
    assert {e.type.tensor_type.elem_type for e in ends} == {onnx.TensorProto.FLOAT}
    assert {i.data_type for i in graph.initializer} == {onnx.TensorProto.FLOAT16}
    image = calibration.feeds[0]["image"]
    assert score(lower, image) == pytest.approx(score(model, image), abs=0.02)


def test_sorting_puts_producers_before_consumers(model: bytes) -> None:
    loaded = onnx.load_from_string(model)
    backwards = list(loaded.graph.node)[::-1]
    del loaded.graph.node[:]
    loaded.graph.node.extend(backwards)
    quantize.sort_nodes(loaded)
    onnx.checker.check_model(loaded)


def test_nothing_reaches_standard_output(
    model: bytes, calibration: quantize.Calibration, capfd: pytest.CaptureFixture[str]
) -> None:
    quantize.to_int8(model, calibration, "cpu")
    quantize.to_fp16(model)
    assert capfd.readouterr().out == ""


def test_calibration_digest_names_the_set_not_its_order() -> None:
    assert quantize.calibration_digest(["a", "b"]) == quantize.calibration_digest(["b", "a"])
    assert quantize.calibration_digest(["a", "b"]) != quantize.calibration_digest(["a", "c"])
