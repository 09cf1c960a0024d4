"""Prepares a text network for INT8 whose activations are quantised while it runs: one scale for a whole tensor.

A few channels with large values would take that scale from all others. They are divided before a product and its weights
multiplied, which changes nothing in floating point (SmoothQuant, Xiao et al. 2023); how far is searched for each
product on the outputs it has for samples (as in AWQ, Lin et al. 2024). Tables of embeddings get a scale for each row.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from kits.core.runtime import Array

if TYPE_CHECKING:
    from onnx import GraphProto, ModelProto, NodeProto, TensorProto

Floats = NDArray[np.float32]
Feeds = Mapping[str, Array]
MAX_ROWS, MAX_FLOATS = 1_500, 50_000_000
"""Rows (tokens) of samples that the search looks at, and what their activations may hold: 200 MB of FP32."""
_MIN_TABLE_ROWS = 512
_CAPS = (1.0, 1.5, 2.0, 3.0, 4.0, 6.0)
"""Largest values of a channel that are left, in medians over the channels."""
_POWERS = (0.25, 0.5, 0.75)
_LEAST = 1e-3


@dataclass(frozen=True)
class _Group:
    """Products with weights that share their input."""

    source: str
    products: tuple[NodeProto, ...]


def smooth(model: ModelProto, feeds: Sequence[Feeds]) -> None:
    """Moves outlying channels from activations into weights, in place; without feeds nothing changes.

    Args:
        model: FP32; its outputs stay the same up to rounding.
        feeds: inputs by name, one sample each.
    """
    groups = _groups(model.graph)
    weights = {i.name: i for i in model.graph.initializer}
    channels = sum(weights[group.products[0].input[1]].dims[0] for group in groups)
    chosen = list(_bounded(feeds, min(MAX_ROWS, MAX_FLOATS // max(channels, 1))))
    inputs = _inputs_of(model, [group.source for group in groups], chosen)
    for group in groups:
        if group.source in inputs:
            tables = [_values(weights[node.input[1]]) for node in group.products]
            factors = best_factors(inputs[group.source], tables)
            _insert(model.graph, group, tables, factors)


def best_factors(samples: Sequence[Floats], weights: Sequence[Floats]) -> Floats:
    """What to divide channels by so that products of quantised values come nearest to the exact ones, shape (channels,).

    Args:
        samples: inputs of the products, shape (tokens, channels) each; ranges are of one sample, as on a device.
        weights: shape (channels, outputs) each.
    """
    joined = np.concatenate(weights, axis=1)
    exact = [sample @ joined for sample in samples]

    def error(factors: Floats) -> float:
        rounded = _weights_rounded(joined * factors[:, None])
        return sum(
            float(((_rounded(sample / factors) @ rounded - right) ** 2).sum())
            for sample, right in zip(samples, exact, strict=True)
        )

    largest = np.max([np.abs(sample).max(axis=0) for sample in samples], axis=0)
    usual = max(float(np.median(largest)), _LEAST)
    tried = [np.ones_like(largest)]
    tried += [np.maximum(1, largest / (cap * usual)) for cap in _CAPS]
    tried += [np.maximum(largest / usual, _LEAST) ** power for power in _POWERS]
    return min((f.astype(np.float32) for f in tried), key=error)


def embeddings_by_row(model: ModelProto) -> None:
    """Tables that rows are taken from in eight bits with a scale for each row, in place.

    A scale for the whole table, as onnxruntime's own quantiser sets, rounds usual words by the most unusual one.
    """
    from onnx import TensorProto, helper, numpy_helper

    graph = model.graph
    tables = {i.name: i for i in graph.initializer}
    for node in [n for n in graph.node if n.op_type == "Gather" and n.input[0] in tables]:
        table = tables[node.input[0]]
        axis = next((a.i for a in node.attribute if a.name == "axis"), 0)
        if table.data_type != TensorProto.FLOAT or len(table.dims) != 2 or axis:
            continue
        if table.dims[0] < _MIN_TABLE_ROWS:
            continue
        values, name = _values(table), table.name
        scales = np.abs(values).max(axis=1, keepdims=True) / 127
        scales[scales == 0] = 1
        small = np.round(values / scales).astype(np.int8)
        graph.initializer.remove(table)
        del tables[name]
        graph.initializer.append(numpy_helper.from_array(small, f"{name}_rows"))
        graph.initializer.append(
            numpy_helper.from_array(scales.astype(np.float32), f"{name}_scales")
        )
        place, rows, out = list(graph.node).index(node), node.input[1], node.output[0]
        graph.node.remove(node)
        for offset, made in enumerate(
            (
                helper.make_node("Gather", [f"{name}_rows", rows], [f"{name}_small"]),
                helper.make_node("Cast", [f"{name}_small"], [f"{name}_cast"], to=TensorProto.FLOAT),
                helper.make_node("Gather", [f"{name}_scales", rows], [f"{name}_scale"]),
                helper.make_node("Mul", [f"{name}_cast", f"{name}_scale"], [out]),
            )
        ):
            graph.node.insert(place + offset, made)


def _groups(graph: GraphProto) -> list[_Group]:
    weights = {i.name: i for i in graph.initializer}
    found: dict[str, list[NodeProto]] = {}
    uses = Counter(name for node in graph.node for name in node.input)
    for node in graph.node:
        weight = weights.get(node.input[1]) if node.op_type == "MatMul" else None
        # a table that two products share cannot be changed for one of them
        if weight is not None and len(weight.dims) == 2 and uses[weight.name] == 1:
            found.setdefault(node.input[0], []).append(node)
    return [_Group(source, tuple(nodes)) for source, nodes in found.items()]


def _inputs_of(
    model: ModelProto, names: Sequence[str], feeds: Sequence[Feeds]
) -> dict[str, list[Floats]]:
    """What flows into products, by name: one array of shape (tokens, channels) for each sample."""
    import onnx
    import onnxruntime as ort

    if not feeds or not names:
        return {}
    watched = onnx.ModelProto()
    watched.CopyFrom(model)
    for name in names:
        watched.graph.output.append(
            onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None)
        )
    session = ort.InferenceSession(watched.SerializeToString(), providers=["CPUExecutionProvider"])
    found: dict[str, list[Floats]] = {name: [] for name in names}
    for feed in feeds:
        for name, values in zip(names, session.run(list(names), dict(feed)), strict=True):
            found[name].append(values.reshape(-1, values.shape[-1]))
    return found


def _bounded(feeds: Sequence[Feeds], most: int) -> Iterator[Feeds]:
    """Samples, as long as they have no more than `most` rows together; one that is too long is left out."""
    rows = 0
    for feed in feeds:
        size = max(array.size for array in feed.values())
        if rows + size <= most:
            rows += size
            yield feed


def _insert(graph: GraphProto, group: _Group, tables: Sequence[Floats], factors: Floats) -> None:
    from onnx import helper, numpy_helper

    name, out = f"{group.source}_factors", f"{group.source}_smooth"
    graph.initializer.append(numpy_helper.from_array(1 / factors, name))
    place = min(list(graph.node).index(node) for node in group.products)
    graph.node.insert(place, helper.make_node("Mul", [group.source, name], [out], name=out))
    weights = {i.name: i for i in graph.initializer}
    for node, table in zip(group.products, tables, strict=True):
        changed = numpy_helper.from_array(table * factors[:, None], node.input[1])
        weights[node.input[1]].CopyFrom(changed)
        node.input[0] = out


def _values(tensor: TensorProto) -> Floats:
    from onnx import numpy_helper

    values: Floats = numpy_helper.to_array(tensor).astype(np.float32)
    return values


def _rounded(values: Floats) -> Floats:
    """Eight bits between the least and the largest value, as `DynamicQuantizeLinear` does."""
    low, high = min(float(values.min()), 0.0), max(float(values.max()), 0.0)
    scale = (high - low) / 255 or 1.0
    zero = round(-low / scale)
    small: Floats = (np.clip(np.round(values / scale) + zero, 0, 255) - zero) * np.float32(scale)
    return small


def _weights_rounded(values: Floats) -> Floats:
    """Eight bits, a scale for each column."""
    scales = np.abs(values).max(axis=0) / 127
    scales[scales == 0] = 1
    small: Floats = (np.round(values / scales) * scales).astype(np.float32, copy=False)
    return small
