"""Two convolutions around a global maximum, as ONNX."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from kits.core.dataset import Dataset
from kits.core.kit import Exported
from kits.core.runtime import Array

from .config import Config
from .runtime import pixels

SIDE = 16


def export(run_dir: Path, dataset: Dataset, config: Config) -> Exported:
    return Exported(
        models={"model": network(config.gain, config.middle)},
        config={"side": SIDE},
        labels=("defect", "good"),
        quantize_roles=("model",),
        quantize_exclude=("^score",),
    )


def calibration_feeds(
    exported: Exported, role: str, contents: Iterable[bytes]
) -> Iterator[Mapping[str, Array]]:
    for content in contents:
        yield {"image": pixels(content)}


def network(gain: float, middle: float, *, non_zero: bool = False) -> bytes:
    """score = sigmoid(gain · (brightest 3 × 3 mean − middle))."""
    arrays = {
        "w1": np.full((4, 1, 3, 3), 1 / 9, np.float32)
        * np.float32([1, 0.5, 0.25, 0.75])[:, None, None, None],
        "b1": np.zeros(4, np.float32),
        "w2": (np.float32([gain, 0, 0, 0])).reshape(1, 4, 1, 1),
        "b2": np.float32([-gain * middle]),
    }
    nodes = [
        helper.make_node("Conv", ["image", "w1", "b1"], ["h"], name="blur"),
        helper.make_node("Relu", ["h"], ["r"], name="relu"),
        helper.make_node("GlobalMaxPool", ["r"], ["m"], name="brightest"),
        helper.make_node("Conv", ["m", "w2", "b2"], ["z"], name="score_conv"),
        helper.make_node("Sigmoid", ["z"], ["score"], name="score_sigmoid"),
    ]
    output = helper.make_tensor_value_info("score", TensorProto.FLOAT, [1, 1, 1, 1])
    if non_zero:
        nodes.append(helper.make_node("NonZero", ["score"], ["where"], name="found"))
        output = helper.make_tensor_value_info("where", TensorProto.INT64, [4, None])
    graph = helper.make_graph(
        nodes,
        "dots",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 1, SIDE, SIDE])],
        [output],
        [numpy_helper.from_array(array, name) for name, array in arrays.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    return model.SerializeToString()
