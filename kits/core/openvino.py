"""Models on Intel's OpenVINO: on x86 processors often much faster than onnxruntime.

Responsible for the session and for whether it may be tried here. Which precision is good enough is
not decided here: golden samples and the gate of `kit compile` do. OpenVINO's own model cache stays
off, so that a model is always computed from the bytes that were given.
"""

from __future__ import annotations

import importlib
import importlib.util
import platform
import sys
import threading
from collections.abc import Mapping
from typing import Any

import numpy as np

from kits.core.errors import BundleError, MachineError
from kits.core.onnx_wire import refuse_parted
from kits.core.runtime import Array, Session, SessionFactory, TensorSpec

_REASON_CHARS = 300
_X86 = ("x86_64", "AMD64")
_PRECISIONS = {"f32": "fp32", "bf16": "bf16", "f16": "fp16"}


def openvino_lacking() -> str:
    """Why OpenVINO cannot be used here; empty when it can. Imports nothing heavy."""
    if platform.machine() not in _X86:
        return f"OpenVINO is not used on {platform.machine()}, only on x86"
    if importlib.util.find_spec("openvino") is None:
        return "the package openvino is not installed"
    return ""


def _import_openvino() -> Any:
    """The package without its model converter.

    `import openvino` also imports `openvino.tools.ovc`, which reports the import to Google
    Analytics unless the user has opted out. Barring that module keeps the telemetry package from
    being loaded at all; nothing here needs the converter.

    Raises:
        MachineError: not installed, or made for another machine.
    """
    lacking = openvino_lacking()
    if lacking:
        raise MachineError(lacking, fix="pip install 'kitwright[openvino]'")
    sys.modules.setdefault("openvino.tools.ovc", None)  # type: ignore[arg-type]  # None bars an import
    try:
        return importlib.import_module("openvino")
    except ImportError as error:
        raise MachineError(
            f"OpenVINO cannot be loaded: {error}",
            fix="install openvino again, or leave it out of engine.providers",
        ) from error


class OpenVinoSession:
    """`Session` on OpenVINO's CPU plugin; one call at a time, others wait.

    Args:
        model: ONNX bytes.
        threads: 0 leaves the choice to OpenVINO.
        full_precision: compute in FP32; otherwise in what the processor does fastest, which is
            BF16 on those with AMX or AVX-512-BF16 and FP32 on the others.

    Raises:
        BundleError: the model is not whole, or OpenVINO cannot load it.
        MachineError: OpenVINO cannot be used here.
    """

    provider = "openvino"

    def __init__(self, model: bytes, threads: int = 0, *, full_precision: bool = False) -> None:
        refuse_parted(model)
        core = _import_openvino().Core()
        settings: dict[str, object] = {"PERFORMANCE_HINT": "LATENCY", "CACHE_DIR": ""}
        if threads:
            settings["INFERENCE_NUM_THREADS"] = threads
        if full_precision:
            settings["INFERENCE_PRECISION_HINT"] = "f32"
        try:
            compiled = core.compile_model(core.read_model(model), "CPU", settings)
        except RuntimeError as error:
            raise BundleError(f"OpenVINO cannot load the model: {_reason(error)}") from error
        kind = compiled.get_property("INFERENCE_PRECISION_HINT").get_type_name()
        self.precision: str = _PRECISIONS.get(kind, kind)
        self._specs = tuple(_spec(node) for node in compiled.inputs)
        self.threads: int = compiled.get_property("INFERENCE_NUM_THREADS")
        self._outputs = range(len(compiled.outputs))
        self._request = compiled.create_infer_request()
        self._busy = threading.Lock()

    def inputs(self) -> tuple[TensorSpec, ...]:
        return self._specs

    def run(self, feeds: Mapping[str, Array]) -> list[Array]:
        given = {
            number: np.ascontiguousarray(feeds[spec.name], dtype=spec.dtype)
            for number, spec in enumerate(self._specs)
        }
        with self._busy:
            try:
                self._request.infer(given, share_inputs=True)
            except RuntimeError as error:
                raise BundleError(f"OpenVINO cannot run the model: {_reason(error)}") from error
            # copies: the next call overwrites OpenVINO's own memory
            return [np.array(self._request.get_output_tensor(n).data) for n in self._outputs]


def _spec(node: Any) -> TensorSpec:
    sizes = tuple(
        size.get_length() if size.is_static else None for size in node.get_partial_shape()
    )
    # the friendly name of a parameter is the input's name in the ONNX file
    return TensorSpec(
        node.get_node().get_friendly_name(), sizes, node.get_element_type().to_dtype().name
    )


def _reason(error: RuntimeError) -> str:
    """The last of OpenVINO's many lines, which names the cause."""
    return str(error).strip().splitlines()[-1][:_REASON_CHARS]


def openvino_factory(threads: int = 0, *, full_precision: bool = False) -> SessionFactory:
    """A `SessionFactory` for this processor."""

    def make(model: bytes) -> Session:
        return OpenVinoSession(model, threads, full_precision=full_precision)

    return make
