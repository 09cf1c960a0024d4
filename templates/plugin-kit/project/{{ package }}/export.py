"""Makes ONNX of what was learnt: |value − mean| / spread."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np
from pydantic import BaseModel

from kits.core.dataset import Dataset
from kits.core.kit import Exported
from kits.core.runtime import Array

from .data import value_of


def export(run_dir: Path, dataset: Dataset, config: BaseModel) -> Exported:
    """The model of a run; input `value` (n, 1), output `score` (n, 1), float32."""
    from onnx import TensorProto, helper

    learnt = json.loads((run_dir / "model.json").read_text())
    constants = [
        helper.make_tensor(name, TensorProto.FLOAT, [], [learnt[name]])
        for name in ("mean", "spread")
    ]
    nodes = [
        helper.make_node("Sub", ["value", "mean"], ["away"]),
        helper.make_node("Div", ["away", "spread"], ["scaled"]),
        helper.make_node("Abs", ["scaled"], ["score"]),
    ]
    ends = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", 1])
        for name in ("value", "score")
    ]
    graph = helper.make_graph(nodes, "distance", [ends[0]], [ends[1]], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return Exported({"model": model.SerializeToString()}, {}, dataset.header.labels)


def calibration_feeds(
    exported: Exported, role: str, contents: Iterable[bytes]
) -> Iterator[Mapping[str, Array]]:
    """Model inputs, from samples of the training split."""
    for content in contents:
        yield {"value": np.array([[value_of(json.loads(content))]], np.float32)}
