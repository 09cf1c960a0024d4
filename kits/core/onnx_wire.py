"""Whether an ONNX model is whole: the format lets tensors lie in other files, which a runtime would then read.

Walks protobuf's wire format, as devices have no `onnx`, and steps over what holds no tensor without looking at
it. Whether a whole model can be executed is for a runtime to say.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from kits.core.errors import BundleError

PLACES: Mapping[str, Mapping[int, str]] = {
    "ModelProto": {7: "GraphProto", 20: "TrainingInfoProto", 25: "FunctionProto"},
    "GraphProto": {1: "NodeProto", 5: "TensorProto", 15: "SparseTensorProto"},
    "NodeProto": {5: "AttributeProto"},
    "AttributeProto": {
        5: "TensorProto",
        6: "GraphProto",
        10: "TensorProto",
        11: "GraphProto",
        22: "SparseTensorProto",
        23: "SparseTensorProto",
    },
    "SparseTensorProto": {1: "TensorProto", 2: "TensorProto"},
    "FunctionProto": {7: "NodeProto", 11: "AttributeProto"},
    "TrainingInfoProto": {1: "GraphProto", 2: "GraphProto"},
    "TensorProto": {13: "StringStringEntryProto"},
}
"""Message → field → the message in it, on all ways to the entries that name a tensor's file."""
LOCATION = 14
"""Field of a tensor: 0 where its bytes lie in the model."""

_MAX_DEPTH = 100
"""As deep as protobuf's own readers go."""
_MAX_STEPS = 4_000_000
"""Seconds on a small machine; trees of 100,000 nodes take a tenth of it."""
_STEP_BYTES = 16
"""Of numbers in a row: these cost as much as one field that is looked at."""
_ORT_FORMAT = b"ORTM"
_CUT_OFF = "it is cut off"
_MORE = 0x80
_MAX_TAG = (1 << 32) - 1
"""Of a larger one some readers drop the upper digits, and see another field."""
_VARINT, _BYTES = 0, 2
_FIXED = {1: 8, 5: 4}
"""Kind of number on the wire → its bytes."""
_INSIDE: dict[str, Mapping[int, str]] = {
    message: {field << 3 | _BYTES: inside for field, inside in places.items()}
    for message, places in PLACES.items()
}
_NUMBERS = re.compile(
    rb"(?:[\x08\x10\x18\x20\x28\x30\x38\x40\x48\x50\x58\x60\x68\x78][\x80-\xff]{0,9}[\x00-\x7f]"
    rb"|[\x0d\x15\x1d\x25\x2d\x35\x3d\x45\x4d\x55\x5d\x65\x6d\x75\x7d].{4}"
    rb"|[\x09\x11\x19\x21\x29\x31\x39\x41\x49\x51\x59\x61\x69\x71\x79].{8}){1,1000}",
    re.DOTALL,
)
"""Numbers in a row, as trees have them, of the fields 1 to 15; as a plain number none is `LOCATION`."""


def refuse_parted(model: bytes, *, where: str = "", any_format: bool = False) -> None:
    """Refuses a model that is not whole, before a runtime sees it.

    Args:
        any_format: what is no ONNX model is let through, as it may be another runtime's.

    Raises:
        BundleError: tensors lie in other files, or these bytes are no ONNX model.
    """
    try:
        parted = is_parted(model)
    except ValueError as error:
        if any_format:
            return
        raise BundleError(f"not an ONNX model: {error}", where=where) from None
    if parted:
        raise BundleError(
            "the model's tensors lie in other files (external data)",
            where=where,
            fix="save the model with its tensors in the same file",
        )


def is_parted(model: bytes) -> bool:
    """Whether tensors of an ONNX model lie in other files.

    Raises:
        ValueError: cut off, of another format, or of more or deeper parts than any model.
    """
    if model[4:8] == _ORT_FORMAT:
        raise ValueError("it is in onnxruntime's own format")
    at, end, inside = 0, len(model), _INSIDE["ModelProto"]
    tensor = _INSIDE["TensorProto"]
    around: list[tuple[int, Mapping[int, str]]] = []
    steps = 0
    while at < end or around:
        if at == end:
            end, inside = around.pop()
            continue
        start = at
        tag, at = _tag(model, at, end)
        if tag & 7 == _BYTES:
            size, at = _size(model, at, end)
            if tag not in inside:
                at += size
            elif inside is tensor:
                return True
            else:
                around.append((end, inside))
                end, inside = at + size, _INSIDE[inside[tag]]
        elif inside is tensor and tag == LOCATION << 3:
            location, at = _varint(model, at, end)
            if location:
                return True
        else:
            at = _behind_numbers(model, start, at, end)
        steps += 1 if tag & 7 == _BYTES else 1 + (at - start) // _STEP_BYTES
        if steps > _MAX_STEPS or len(around) > _MAX_DEPTH:
            raise ValueError("it has more parts than any model, or deeper ones")
    return False


def _tag(model: bytes, at: int, end: int) -> tuple[int, int]:
    tag, at = _varint(model, at, end)
    if tag > _MAX_TAG:
        raise ValueError("it has fields beyond all numbers")
    return tag, at


def _size(model: bytes, at: int, end: int) -> tuple[int, int]:
    size, at = _varint(model, at, end)
    if size > end - at:
        raise ValueError(_CUT_OFF)
    return size, at


def _varint(model: bytes, at: int, end: int) -> tuple[int, int]:
    """The number at a place, and the place behind it."""
    if at < end and model[at] < _MORE:
        return model[at], at + 1
    value = 0
    for shift in range(0, 70, 7):
        if at == end:
            raise ValueError(_CUT_OFF)
        value |= (model[at] % _MORE) << shift
        at += 1
        if model[at - 1] < _MORE:
            return value, at
    raise ValueError("a number in it has no end")


def _behind_numbers(model: bytes, start: int, at: int, end: int) -> int:
    """The place behind a number whose tag is from `start` to `at`, and behind those that follow it."""
    if found := _NUMBERS.match(model, start, end):
        return found.end()
    kind = model[start] & 7
    if kind == _VARINT:
        return _varint(model, at, end)[1]
    if kind not in _FIXED:
        raise ValueError("it has fields of an unknown kind")
    if at + _FIXED[kind] > end:
        raise ValueError(_CUT_OFF)
    return at + _FIXED[kind]
