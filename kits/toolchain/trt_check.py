"""Would TensorRT take this model? Parses and builds it with TensorRT-RTX, which needs no GPU.

It proves that parser and builder accept the graph, by the very function a device builds with
(`kits.core.tensorrt`); it neither runs it nor measures it. Optional: without the extra nothing is checked, and
the caller says so.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence

from kits.core.errors import GateError, MachineError
from kits.core.tensorrt import Complaint, build
from kits.toolchain.bundling import Built

_WORKSPACE_BYTES = 1 << 30
_SENTENCES = {
    "NonZero": "its output size depends on the data; leave post-processing out of the graph",
    "NonMaxSuppression": "export the raw head and do the suppression in runtime.py",
    "DynamicQuantizeLinear": "dynamic quantisation is for CPUs; use FP16 here",
    "QuantizeLinear": "use symmetric signed INT8 without quantised biases",
    "DequantizeLinear": "use symmetric signed INT8 without quantised biases",
}


def available() -> bool:
    """Whether the checker is installed on this machine."""
    return importlib.util.find_spec("tensorrt_rtx") is not None


def check_shipped(shipped: Sequence[Built], fix: str) -> tuple[str, ...]:
    """What a person should know of the engines that a device will build from the models of a bundle.

    Args:
        shipped: all models of the bundle.
        fix: what to type when TensorRT refuses one.

    Raises:
        GateError: TensorRT refuses a model.
    """
    chosen = [b for b in shipped if b.target == "tensorrt"] or [
        b for b in shipped if b.target != "cpu"
    ]
    if not chosen:
        return ("no engine is built on the device: its CPU does the work",)
    where = "the engine is built on the device; accuracy was measured with onnxruntime's arithmetic"
    if not available():
        return (where, "not checked with TensorRT: the extra trt-check is not installed")
    for built in chosen:
        if complaints := check_onnx(built.content):
            raise GateError(
                f"TensorRT refuses the {built.precision} model: {complaints[0]}",
                where=built.path,
                fix=fix,
            )
    return (where, "TensorRT's parser and builder accept the models")


def check_onnx(model: bytes) -> tuple[str, ...]:
    """What TensorRT dislikes about a model, one sentence each; empty when an engine was built.

    Args:
        model: ONNX bytes.

    Raises:
        MachineError: the extra `trt-check` is not installed.
    """
    try:
        import tensorrt_rtx as trt
    except ImportError as error:
        raise MachineError(
            "TensorRT cannot be checked here", fix="pip install 'kitwright[trt-check]'"
        ) from error
    complaints = build(trt, model, _WORKSPACE_BYTES).complaints
    return tuple(dict.fromkeys(_sentence(complaint) for complaint in complaints))


def _sentence(complaint: Complaint) -> str:
    """One readable sentence from a structured error."""
    reason = complaint.reason
    hint = _SENTENCES.get(complaint.operator, "")
    if not hint and "UINT8" in reason.upper():
        hint = _SENTENCES["QuantizeLinear"]
    where = (
        f"{complaint.operator or 'a node'} {complaint.node!r}" if complaint.node else "the model"
    )
    text = f"TensorRT refuses {where}: {reason}"
    return f"{text} ({hint})" if hint else text
