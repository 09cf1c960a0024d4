"""Sessions without TensorRT for the ladder, and the probe of what can run here at all.

`onnxruntime.get_available_providers()` names what the package was built with, not what works:
the driver's libraries are looked for first, and after creation the session is asked what it got.
"""

from __future__ import annotations

import ctypes
import importlib.util
from dataclasses import dataclass

from edge_agent.engine.config import Provider
from edge_agent.errors import EngineError
from kits.core.openvino import openvino_factory, openvino_lacking
from kits.core.runtime import OnnxSession, Session, SessionFactory

OPENVINO = ("openvino", "openvino-fp32")
_CUDA_LIBRARIES = ("libcublasLt.so.13", "libcublasLt.so.12", "libcublasLt.so")


@dataclass(frozen=True, slots=True)
class Probe:
    """Whether a provider may be asked for, and why not."""

    provider: Provider
    usable: bool
    reason: str = ""


def probe(provider: Provider) -> Probe:
    """Looks for the driver and the libraries a provider needs; loads no model."""
    lacking = "" if provider == "cpu" else _lacking(provider)
    return Probe(provider, usable=not lacking, reason=lacking)


def _lacking(provider: Provider) -> str:
    if provider in OPENVINO:
        return openvino_lacking()
    if not _loads("libcuda.so.1"):
        return "no NVIDIA driver (libcuda.so.1)"
    if provider == "tensorrt":
        present = importlib.util.find_spec("tensorrt") is not None
        return "" if present else "the package tensorrt is not installed"
    import onnxruntime as ort

    if "CUDAExecutionProvider" not in ort.get_available_providers():
        return "onnxruntime is built without CUDA"
    if not any(_loads(name) for name in _CUDA_LIBRARIES):
        return "the CUDA libraries are not installed"
    return ""


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def session_factory(provider: Provider, threads: int) -> SessionFactory:
    """Sessions of OpenVINO or onnxruntime on exactly this provider.

    The factory raises EngineError when onnxruntime silently fell back to another one.
    """
    if provider in OPENVINO:
        return openvino_factory(threads, full_precision=provider == "openvino-fp32")

    def make(model: bytes) -> Session:
        wanted = ["CPUExecutionProvider"]
        if provider == "cuda":
            wanted = ["CUDAExecutionProvider", *wanted]
        session = OnnxSession(model, wanted, threads)
        if session.provider != provider:
            raise EngineError(f"onnxruntime fell back from {provider} to {session.provider}")
        return session

    return make
