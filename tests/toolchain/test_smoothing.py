"""Outlying channels cost INT8 nothing once they are moved into weights, and what is moved changes no result."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from kits.core.runtime import OnnxSession
from kits.toolchain import quantize
from kits.toolchain.smoothing import best_factors, embeddings_by_row, smooth

ROWS, WIDTH, OUT = 600, 32, 16
LOUD = 5


def network(*, shared: bool = False, loud_row: bool = False) -> onnx.ModelProto:
    """Rows of a table, one channel of which is a hundred times as large, through two products."""
    rng = np.random.default_rng(0)
    table = rng.normal(size=(ROWS, WIDTH)).astype(np.float32)
    table[:, LOUD] *= 100
    if loud_row:
        table[7] *= 1_000
    weights = {
        "table": table,
        "first": rng.normal(size=(WIDTH, OUT)).astype(np.float32),
        "second": rng.normal(size=(WIDTH, OUT)).astype(np.float32),
    }
    second = "first" if shared else "second"
    nodes = [
        helper.make_node("Gather", ["table", "rows"], ["states"], name="rows_of_table"),
        helper.make_node("MatMul", ["states", "first"], ["one"], name="one"),
        helper.make_node("MatMul", ["states", second], ["two"], name="two"),
    ]
    graph = helper.make_graph(
        nodes,
        "network",
        [helper.make_tensor_value_info("rows", TensorProto.INT64, [1, "tokens"])],
        [
            helper.make_tensor_value_info(n, TensorProto.FLOAT, [1, "tokens", OUT])
            for n in ("one", "two")
        ],
        [numpy_helper.from_array(values, name) for name, values in weights.items()],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(made)
    return made


def feeds(count: int = 8) -> list[dict[str, np.ndarray]]:
    rng = np.random.default_rng(1)
    return [{"rows": rng.integers(100, ROWS, size=(1, 20))} for _ in range(count)]


def outputs(model: bytes, feed: dict[str, np.ndarray]) -> np.ndarray:
    return np.concatenate(OnnxSession(model).run(feed), axis=-1)


def error(model: bytes, exact: bytes) -> float:
    """Mean squared error of the products, in parts of their variance."""
    pairs = [(outputs(model, f), outputs(exact, f)) for f in feeds(4)]
    differences = np.concatenate([a - b for a, b in pairs])
    return float((differences**2).mean() / np.concatenate([b for _, b in pairs]).var())


def test_smoothing_changes_no_result() -> None:
    exact, changed = network(), network()
    smooth(changed, feeds())
    assert [n.op_type for n in changed.graph.node] == ["Gather", "Mul", "MatMul", "MatMul"]
    for feed in feeds(3):
        one = outputs(exact.SerializeToString(), feed)
        other = outputs(changed.SerializeToString(), feed)
        assert np.allclose(one, other, rtol=1e-4, atol=1e-3)


def test_a_loud_channel_costs_less_once_it_is_moved() -> None:
    exact = network().SerializeToString()
    plain, smoothed = (
        error(quantize.to_dynamic_int8(exact, given), exact) for given in ((), feeds())
    )
    assert smoothed < plain / 3


def test_without_samples_nothing_is_moved() -> None:
    model = network()
    smooth(model, [])
    assert model == network()


def test_samples_that_are_too_long_are_not_looked_at() -> None:
    model = network()
    smooth(model, [{"rows": np.full((1, 100_000), 101)}])
    assert model == network()


def test_weights_that_two_products_share_stay_as_they_are() -> None:
    model = network(shared=True)
    smooth(model, feeds())
    assert model == network(shared=True)


def test_what_stands_out_is_divided_most() -> None:
    rng = np.random.default_rng(2)
    samples = [rng.normal(size=(30, WIDTH)).astype(np.float32) for _ in range(4)]
    for sample in samples:
        sample[:, LOUD] *= 100
    factors = best_factors(samples, [rng.normal(size=(WIDTH, OUT)).astype(np.float32)])
    assert factors.argmax() == LOUD
    assert factors[LOUD] > 10 * np.median(factors)


def test_a_channel_that_is_always_zero_is_no_trouble() -> None:
    sample = np.zeros((5, WIDTH), np.float32)
    assert np.isfinite(best_factors([sample], [np.ones((WIDTH, OUT), np.float32)])).all()


def test_a_rare_row_does_not_round_the_usual_ones() -> None:
    exact, small = network(loud_row=True), network(loud_row=True)
    small.graph.output.append(
        helper.make_tensor_value_info("states", TensorProto.FLOAT, [1, "tokens", WIDTH])
    )
    exact.graph.output.append(small.graph.output[-1])
    embeddings_by_row(small)
    assert len(small.SerializeToString()) < len(exact.SerializeToString()) / 2
    for row in (7, 200):
        want, found = (
            OnnxSession(model.SerializeToString())
            .run({"rows": np.array([[row]])})[2]
            .astype(np.float32)
            for model in (exact, small)
        )
        np.testing.assert_allclose(found, want, atol=float(np.abs(want).max()) / 127)


def test_small_tables_and_other_axes_stay_as_they_are() -> None:
    model = network()
    table = next(i for i in model.graph.initializer if i.name == "table")
    table.CopyFrom(numpy_helper.from_array(np.zeros((3, WIDTH), np.float32), "table"))
    before = model.SerializeToString()
    embeddings_by_row(model)
    assert model.SerializeToString() == before


@pytest.mark.parametrize("exclude", [(), ("^two$",)])
def test_what_is_left_out_stays_in_floating_point(exclude: tuple[str, ...]) -> None:
    small = onnx.load_from_string(
        quantize.to_dynamic_int8(network().SerializeToString(), feeds(), exclude)
    )
    kinds = [node.op_type for node in small.graph.node]
    assert kinds.count("MatMulInteger") == 2 - len(exclude)
