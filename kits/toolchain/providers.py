"""What `kit bench` and `kit predict` run a model on: onnxruntime, or OpenVINO where it is installed.

The agent has its own ladder with golden samples; here the user says which one.
"""

from __future__ import annotations

from kits.core.errors import MachineError, UsageError, did_you_mean
from kits.core.openvino import openvino_factory, openvino_lacking
from kits.core.runtime import OnnxSession, Session, SessionFactory

PROVIDERS = ("cpu", "openvino", "openvino-fp32")


def provider_sessions(
    provider: str, threads: int = 0, *, full_precision: bool = False
) -> SessionFactory:
    """Sessions on a provider.

    Args:
        provider: `cpu` is onnxruntime; `openvino` computes in what the processor does fastest.
        threads: 0 leaves the choice to the provider.
        full_precision: in FP32 on `openvino` too, because the bundle says so.

    Raises:
        UsageError: unknown.
        MachineError: OpenVINO cannot be used here.
    """
    if provider not in PROVIDERS:
        raise UsageError(f"no provider {provider!r}", fix=did_you_mean(provider, PROVIDERS))
    if provider == "cpu":

        def make(model: bytes) -> Session:
            return OnnxSession(model, threads=threads)

        return make
    if lacking := openvino_lacking():
        raise MachineError(lacking, fix="pip install 'kitwright[openvino]', or --provider cpu")
    return openvino_factory(threads, full_precision=full_precision or provider == "openvino-fp32")
