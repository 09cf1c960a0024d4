"""From an ONNX model to a TensorRT engine: the one path, for workstation and device alike.

For TensorRT 10.3 to 11 and TensorRT-RTX: a strongly typed network, so that precision lives in the
ONNX file. What the workstation finds acceptable is therefore what the device builds. The module
itself is passed in, nothing heavy is imported here; processes, limits and caches are not known here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from kits.core.errors import BundleError
from kits.core.onnx_wire import refuse_parted

_PLACE = re.compile(r"In \S+ at \S+:[0-9]+")
_LARGEST = re.compile(r"_max_(\d{1,6})$")
_CHARS = 240


@dataclass(frozen=True, slots=True)
class Complaint:
    """Why a model is not taken; node and operator are empty where it is not about one node."""

    reason: str
    node: str = ""
    operator: str = ""


@dataclass(frozen=True, slots=True)
class Built:
    """An engine, or the complaints that stood against it."""

    engine: bytes = b""
    complaints: tuple[Complaint, ...] = ()


def build(trt: ModuleType, model: bytes, workspace_bytes: int) -> Built:
    """Parses a model and builds an engine for this machine.

    Args:
        trt: `tensorrt` or `tensorrt_rtx`.
        model: ONNX bytes; a dynamic dimension whose name ends in `_max_N` goes from 1 to N, any other is fixed to 1.
        workspace_bytes: memory the engine may use beside its weights.
    """
    api: Any = trt
    try:
        refuse_parted(model)
    except BundleError as error:
        return Built(complaints=(Complaint(error.what),))
    logger, errors = listener(trt)
    builder = api.Builder(logger)
    # TensorRT 11 networks are always strongly typed and the flag may go
    typed = getattr(api.NetworkDefinitionCreationFlag, "STRONGLY_TYPED", None)
    network = builder.create_network(0 if typed is None else 1 << int(typed))
    parser = api.OnnxParser(network, logger)
    if not parser.parse(model):
        found = [parser.get_error(index) for index in range(parser.num_errors)]
        return Built(
            complaints=tuple(
                Complaint(_plain(e.desc()), e.node_name(), e.node_operator()) for e in found
            )
            or (Complaint("the parser takes no such bytes"),)
        )
    config = builder.create_builder_config()
    config.set_memory_pool_limit(api.MemoryPoolType.WORKSPACE, workspace_bytes)
    profile = _profile(builder, network)
    if profile is not None:
        config.add_optimization_profile(profile)
    plan = builder.build_serialized_network(network, config)
    if plan is None:
        said = errors[0] if errors else "it gives no reason"
        return Built(complaints=(Complaint(f"no engine can be built from it: {said}"),))
    return Built(engine=bytes(plan))


def listener(trt: ModuleType) -> tuple[Any, list[str]]:
    """A logger that prints nothing, and the errors it hears.

    Whoever gives it to a builder or a runtime keeps it for as long as that lives.
    """
    api: Any = trt
    errors: list[str] = []
    serious = (api.ILogger.INTERNAL_ERROR, api.ILogger.ERROR)

    class Listener(api.ILogger):  # type: ignore[misc]  # the bindings are untyped
        def __init__(self) -> None:
            api.ILogger.__init__(self)

        def log(self, severity: Any, text: str) -> None:
            if severity in serious:
                errors.append(_plain(text))

    return Listener(), errors


def _plain(text: str) -> str:
    """The first sentence that TensorRT says, without where in its own source it says so."""
    return " ".join(_PLACE.sub("", text.split(" [checkMacros", maxsplit=1)[0]).split())[:_CHARS]


def _profile(builder: Any, network: Any) -> Any | None:
    """A profile with the bounds of every dynamic dimension; None when all shapes are static."""
    inputs = [network.get_input(index) for index in range(network.num_inputs)]
    if not any(-1 in tuple(tensor.shape) for tensor in inputs):
        return None
    profile = builder.create_optimization_profile()
    for tensor in inputs:
        bounds = [
            dimension_bounds(tensor.get_dimension_name(axis)) if size == -1 else (size,) * 3
            for axis, size in enumerate(tuple(tensor.shape))
        ]
        least, usual, most = (tuple(bound[n] for bound in bounds) for n in range(3))
        profile.set_shape(tensor.name, least, usual, most)
    return profile


def dimension_bounds(name: str) -> tuple[int, int, int]:
    """Least, usual and largest size of a dynamic dimension: `tokens_max_256` says it, any other name means 1."""
    said = _LARGEST.search(name or "")
    largest = max(1, int(said.group(1))) if said else 1
    return 1, max(1, largest // 4), largest
