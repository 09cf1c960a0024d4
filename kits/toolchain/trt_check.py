"""Would TensorRT take this model? Parses and builds it with TensorRT-RTX, which needs no GPU.

It proves that parser and builder accept the graph; it neither runs it nor measures it, and the
engine a device uses is built on that device. Optional: without the extra nothing is checked, and
the caller says so.
"""

from __future__ import annotations

import importlib.util

from kits.core.errors import MachineError

_WORKSPACE_BYTES = 1 << 30
_REASON_CHARS = 240
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
    logger = trt.Logger(trt.Logger.ERROR)
    # warnings of a builder that has no GPU to look at are noise; errors come through the parser
    logger.min_severity = trt.Logger.INTERNAL_ERROR
    builder = trt.Builder(logger)
    flag = getattr(trt.NetworkDefinitionCreationFlag, "STRONGLY_TYPED", None)
    network = builder.create_network(0 if flag is None else 1 << int(flag))
    parser = trt.OnnxParser(network, logger)
    if not parser.parse(model):
        errors = [parser.get_error(index) for index in range(parser.num_errors)]
        return _unique([_sentence(e.node_name(), e.node_operator(), e.desc()) for e in errors])
    config = builder.create_builder_config()
    config.set_memory_pool_limit(trt.MemoryPoolType.WORKSPACE, _WORKSPACE_BYTES)
    profile = _profile(builder, network)
    if profile is not None:
        config.add_optimization_profile(profile)
    if builder.build_serialized_network(network, config) is None:
        return ("TensorRT parsed the model but could not build an engine from it",)
    return ()


def _profile(builder: object, network: object) -> object | None:
    """A profile that fixes every dynamic dimension to 1; None when all shapes are static."""
    inputs = [network.get_input(i) for i in range(network.num_inputs)]  # type: ignore[attr-defined]  # the bindings are untyped
    if not any(-1 in tuple(tensor.shape) for tensor in inputs):
        return None
    profile = builder.create_optimization_profile()  # type: ignore[attr-defined]
    for tensor in inputs:
        shape = tuple(1 if size == -1 else size for size in tensor.shape)
        profile.set_shape(tensor.name, shape, shape, shape)
    return profile  # type: ignore[no-any-return]


def _sentence(node: str, operator: str, description: str) -> str:
    """One readable sentence from a structured parser error."""
    reason = " ".join(description.split("[checkMacros", maxsplit=1)[0].split())[:_REASON_CHARS]
    hint = _SENTENCES.get(operator, "")
    if not hint and "UINT8" in reason.upper():
        hint = _SENTENCES["QuantizeLinear"]
    text = f"TensorRT refuses {operator or 'a node'} {node!r}: {reason}"
    return f"{text} ({hint})" if hint else text


def _unique(sentences: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(sentences))
