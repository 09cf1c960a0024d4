"""A model is one file: what names others for its tensors is refused unread, wherever in the graph it does so."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from kits.core import bundle
from kits.core.errors import BundleError
from kits.core.onnx_wire import LOCATION, PLACES, is_parted, refuse_parted
from kits.core.runtime import OnnxSession
from tests.core.builders import bundle_bytes


def outside(name: str = "w") -> TensorProto:
    tensor = TensorProto(name=name, data_type=TensorProto.FLOAT, dims=[4])
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="secret.bin")
    return tensor


def model(*initializers: TensorProto) -> onnx.ModelProto:
    graph = helper.make_graph(
        [helper.make_node("Add", ["x", "w"], ["y"])],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [4])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [4])],
        initializers or [numpy_helper.from_array(np.ones(4, np.float32), "w")],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def in_a_sparse_one(made: onnx.ModelProto) -> None:
    made.graph.sparse_initializer.add().values.CopyFrom(outside())


def in_the_places_of_a_sparse_one(made: onnx.ModelProto) -> None:
    made.graph.sparse_initializer.add().indices.CopyFrom(outside())


def in_a_constant(made: onnx.ModelProto) -> None:
    made.graph.node.append(helper.make_node("Constant", [], ["c"], value=outside()))


def in_a_list_of_a_node(made: onnx.ModelProto) -> None:
    made.graph.node[0].attribute.add(name="all").tensors.append(outside())


def in_a_branch_of_a_branch(made: onnx.ModelProto) -> None:
    inner, outer = onnx.GraphProto(), onnx.GraphProto()
    inner.initializer.append(outside())
    outer.node.add(op_type="If").attribute.add(name="then_branch").g.CopyFrom(inner)
    made.graph.node.add(op_type="If").attribute.add(name="all").graphs.append(outer)


def in_a_function(made: onnx.ModelProto) -> None:
    function = made.functions.add(name="f")
    function.node.append(helper.make_node("Constant", [], ["c"], value=outside()))


def in_what_a_function_takes_for_granted(made: onnx.ModelProto) -> None:
    made.functions.add(name="f").attribute_proto.add(name="a").t.CopyFrom(outside())


def in_its_training(made: onnx.ModelProto) -> None:
    made.training_info.add().algorithm.initializer.append(outside())


def as_a_place_without_a_file(made: onnx.ModelProto) -> None:
    made.graph.initializer.add(data_location=TensorProto.EXTERNAL)


def as_a_file_without_a_place(made: onnx.ModelProto) -> None:
    made.graph.initializer.add().external_data.add(key="location", value="secret.bin")


@pytest.mark.parametrize(
    "hide",
    [
        in_a_sparse_one,
        in_the_places_of_a_sparse_one,
        in_a_constant,
        in_a_list_of_a_node,
        in_a_branch_of_a_branch,
        in_a_function,
        in_what_a_function_takes_for_granted,
        in_its_training,
        as_a_place_without_a_file,
        as_a_file_without_a_place,
    ],
)
def test_a_tensor_that_lies_elsewhere_is_found(hide: Callable[[onnx.ModelProto], None]) -> None:
    made = model()
    assert not is_parted(made.SerializeToString())
    hide(made)
    assert is_parted(made.SerializeToString())


def test_every_way_to_a_tensor_is_known() -> None:
    wanted = "StringStringEntryProto"
    fields = {
        (message, field.number): field.message_type.name
        for message in PLACES
        for field in getattr(onnx, message).DESCRIPTOR.fields
        if field.message_type
        and (field.name == "external_data" or wanted != field.message_type.name)
    }
    leads = {wanted}
    while more := {message for (message, _), inside in fields.items() if inside in leads} - leads:
        leads |= more
    ways = {place: inside for place, inside in fields.items() if inside in leads}
    assert ways == {(m, number): i for m, places in PLACES.items() for number, i in places.items()}
    assert onnx.TensorProto.DESCRIPTOR.fields_by_name["data_location"].number == LOCATION


def test_trees_and_tensors_are_passed_over() -> None:
    made = model()
    count = 3000
    made.graph.node.append(
        helper.make_node(
            "TreeEnsembleRegressor",
            ["x"],
            ["z"],
            domain="ai.onnx.ml",
            nodes_nodeids=[n**3 for n in range(count)],
            nodes_values=[float(n) for n in range(count)],
            nodes_modes=["LEAF", "BRANCH_LT"] * (count // 2),
        )
    )
    made.graph.initializer.append(helper.make_tensor("v", TensorProto.DOUBLE, [2], [1.0, 2.0]))
    assert not is_parted(made.SerializeToString())
    made.graph.initializer.append(outside("last"))
    assert is_parted(made.SerializeToString())


def field(tag: bytes, content: bytes) -> bytes:
    """Bytes behind their tag and size."""
    size, digits = len(content), bytearray()
    while size >= 0x80:
        digits.append(size % 0x80 | 0x80)
        size //= 0x80
    return tag + bytes([*digits, size]) + content


def branches(depth: int) -> bytes:
    """A model whose graph has a node with a graph in an attribute, and so on."""
    content = b""
    for _ in range(depth):
        content = field(b"\x0a", field(b"\x2a", field(b"\x32", content)))
    return field(b"\x3a", content)


def test_depth_is_bounded() -> None:
    assert not is_parted(branches(30))
    with pytest.raises(ValueError, match="deeper"):
        is_parted(branches(10_000))


@pytest.mark.parametrize(
    "part",
    [
        b"\x22\x00",
        *(
            pytest.param(part, marks=pytest.mark.slow)
            for part in (b"\x0d0000", b"\x08\x00\x22\x00")
        ),
    ],
)
def test_what_has_no_end_of_parts_is_refused_before_its_end(part: bytes) -> None:
    with pytest.raises(ValueError, match="more parts"):
        is_parted(part * (100_000_000 // len(part)))


def in_a_tensor(content: bytes) -> bytes:
    return field(b"\x3a", field(b"\x2a", content))


@pytest.mark.parametrize("number", [b"\x70\x01", b"\xf0\x00\x01", b"\x70\x81\x80\x00"])
def test_numbers_in_more_digits_than_they_need_hide_nothing(number: bytes) -> None:
    assert is_parted(in_a_tensor(b"\x08\x01" + number))


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (model().SerializeToString()[:-1], "cut off"),
        (b"\x3a", "cut off"),
        (b"\x3a\x05\x08", "cut off"),
        (b"\x0d000", "cut off"),
        (b"\x80", "cut off"),
        (b"\xff" * 20, "no end"),
        (in_a_tensor(b"\xf0\x80\x80\x80\x10\x01"), "beyond all numbers"),
        (b"\x3b\x0a\x00\x3c", "unknown kind"),
        (b"\x42\x06\x00\x00ORTM", "own format"),
    ],
)
def test_what_readers_may_take_for_something_else_is_refused(content: bytes, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        is_parted(content)
    with pytest.raises(BundleError, match=f"not an ONNX model: .*{why}"):
        refuse_parted(content)


def test_a_bundle_with_such_a_model_is_not_opened() -> None:
    content = bundle_bytes(model=model(outside()).SerializeToString())
    with pytest.raises(BundleError, match="lie in other files") as error:
        bundle.open_bytes(content, where="line.kwb")
    assert error.value.where == "line.kwb"


def test_such_a_model_is_not_given_to_onnxruntime() -> None:
    with pytest.raises(BundleError, match="lie in other files"):
        OnnxSession(model(outside()).SerializeToString())
