"""ONNX graphs of networks for remaining life, and of the mean of graphs that take the same columns.

It is not responsible for training (`_learning/network.py`), nor for trees (`_learning/trees.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from kits.predictive_maintenance._device.life_columns import PARTS, life_width, own_columns
from kits.predictive_maintenance._learning import graphs
from kits.predictive_maintenance._learning.network import FURTHEST, FURTHEST_PART, Network


def networks(members: Sequence[Network], columns: int) -> bytes:
    """One model with input `rows` (n, columns) and output `value` (n, 1): the mean of what some networks say."""
    from onnx import helper

    nodes: list[Any] = []
    constants: dict[str, Any] = {"lowest": np.float32(0), "highest": np.float32(1)}
    for number, member in enumerate(members):
        nodes += _nodes(f"network_{number}")
        constants |= _constants(f"network_{number}", member)
    said = [f"network_{number}/value" for number in range(len(members))]
    nodes.append(helper.make_node("Mean", said, ["value"]))
    return graphs.serialised(nodes, *_ends(columns), constants, "networks")


def mean_of(models: Sequence[bytes], columns: int, cap: float) -> bytes:
    """The mean of what some graphs say, each between 0 and the cap.

    Args:
        models: each with input `rows` (n, columns or fewer) and output `value` (n, 1).
    """
    import onnx
    from onnx import checker, compose, helper, numpy_helper

    nodes: list[Any] = []
    constants = [
        numpy_helper.from_array(np.float32(0), "nothing"),
        numpy_helper.from_array(np.float32(cap), "cap"),
    ]
    domains: dict[str, int] = {}
    for number, content in enumerate(models):
        prefix = f"{number}/"
        part = compose.add_prefix(onnx.load_from_string(content), prefix, rename_inputs=False)
        nodes += part.graph.node
        constants += part.graph.initializer
        nodes.append(
            helper.make_node("Clip", [f"{prefix}value", "nothing", "cap"], [f"{prefix}said"])
        )
        for opset in part.opset_import:
            domains[opset.domain] = max(domains.get(opset.domain, 0), opset.version)
    said = [f"{number}/said" for number in range(len(models))]
    nodes.append(helper.make_node("Mean", said, ["value"]))
    graph = helper.make_graph(nodes, "mean", *_ends(columns), constants)
    opsets = [helper.make_opsetid(*one) for one in domains.items()]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=9)
    checker.check_model(model)
    result: bytes = model.SerializeToString()
    return result


def _ends(columns: int) -> tuple[list[Any], list[Any]]:
    from onnx import TensorProto, helper

    rows = helper.make_tensor_value_info("rows", TensorProto.FLOAT, ["n", columns])
    return [rows], [helper.make_tensor_value_info("value", TensorProto.FLOAT, ["n", 1])]


_STEPS: tuple[tuple[str, tuple[str, ...], str], ...] = (
    ("Gather", ("rows", "own_places"), "own_columns"),
    ("Sub", ("own_columns", "mean"), "centred"),
    ("Div", ("centred", "spread"), "wide"),
    ("Clip", ("wide", "nearest", "furthest"), "own"),
    ("Gather", ("rows", "part_places"), "part_columns"),
    ("Clip", ("part_columns", "least_part", "most_part"), "known_parts"),
    ("Reshape", ("known_parts", "shape"), "parts"),
    ("Conv", ("parts", "conv.weight", "conv.bias"), "found"),
    ("Relu", ("found",), "kept"),
    ("Flatten", ("kept",), "flat"),
    ("Concat", ("flat", "own"), "joined"),
    ("Gemm", ("joined", "hidden.weight", "hidden.bias"), "turned"),
    ("Relu", ("turned",), "hidden"),
    ("Gemm", ("hidden", "last.weight", "last.bias"), "share"),
    ("Clip", ("share", "lowest", "highest"), "between"),
    ("Mul", ("between", "cap"), "value"),
)
"""Operator, inputs and output; names are the network's own, but for those in `_SHARED`."""
_SHARED = ("rows", "lowest", "highest")
_ATTRIBUTES = {"Gather": {"axis": 1}, "Concat": {"axis": 1}, "Gemm": {"transB": 1}}


def _nodes(name: str) -> list[Any]:
    from onnx import helper

    def full(own: str) -> str:
        return own if own in _SHARED else f"{name}/{own}"

    return [
        helper.make_node(
            kind,
            [full(source) for source in sources],
            [full(made)],
            name=full(f"{made}_node"),
            **_ATTRIBUTES.get(kind, {}),
        )
        for kind, sources, made in _STEPS
    ]


def _constants(name: str, member: Network) -> dict[str, Any]:
    first = life_width(member.channels)
    found: dict[str, Any] = {
        "own_places": own_columns(member.channels).astype(np.int64),
        "part_places": np.arange(first, first + member.channels * PARTS, dtype=np.int64),
        "mean": member.mean.astype(np.float32),
        "spread": member.spread.astype(np.float32),
        "nearest": np.float32(-FURTHEST),
        "furthest": np.float32(FURTHEST),
        "least_part": np.float32(-FURTHEST_PART),
        "most_part": np.float32(FURTHEST_PART),
        "shape": np.array([-1, member.channels, PARTS], np.int64),
        "cap": np.float32(member.cap),
        **member.weights,
    }
    return {f"{name}/{own}": value for own, value in found.items()}
