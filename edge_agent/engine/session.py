"""onnxruntime sessions for the ladder, and the probe of what can run here at all.

`onnxruntime.get_available_providers()` names what the package was built with, not what works:
the driver's libraries are looked for first, and after creation the session is asked what it got.
"""

from __future__ import annotations

import ctypes
import importlib.util
from dataclasses import dataclass
from typing import Literal

from edge_agent.errors import EngineError
from kits.core.runtime import OnnxSession, Session, SessionFactory

Provider = Literal["tensorrt", "cuda", "cpu"]

_CUDA_LIBRARIES = ("libcublasLt.so.13", "libcublasLt.so.12", "libcublasLt.so")


@dataclass(frozen=True, slots=True)
class Probe:
    """Whether a provider may be asked for, and why not."""

    provider: Provider
    usable: bool
    reason: str = ""


def probe(provider: Provider) -> Probe:
    """Looks for the driver and the libraries a provider needs; loads no model."""
    if provider == "cpu":
        return Probe("cpu", usable=True)
    if not _loads("libcuda.so.1"):
        return Probe(provider, usable=False, reason="no NVIDIA driver (libcuda.so.1)")
    if provider == "tensorrt":
        if importlib.util.find_spec("tensorrt") is None:
            return Probe("tensorrt", usable=False, reason="the package tensorrt is not installed")
        return Probe("tensorrt", usable=True)
    import onnxruntime as ort

    if "CUDAExecutionProvider" not in ort.get_available_providers():
        return Probe("cuda", usable=False, reason="onnxruntime is built without CUDA")
    if not any(_loads(name) for name in _CUDA_LIBRARIES):
        return Probe("cuda", usable=False, reason="the CUDA libraries are not installed")
    return Probe("cuda", usable=True)


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def onnx_factory(provider: Provider, threads: int) -> SessionFactory:
    """Sessions of onnxruntime on exactly this provider.

    The factory raises EngineError when onnxruntime silently fell back to another one.
    """

    def make(model: bytes) -> Session:
        wanted = ["CPUExecutionProvider"]
        if provider == "cuda":
            wanted = ["CUDAExecutionProvider", *wanted]
        session = OnnxSession(model, wanted, threads)
        if session.provider != provider:
            raise EngineError(f"onnxruntime fell back from {provider} to {session.provider}")
        return session

    return make
