"""Lower precision for exported models: INT8 by quantise/dequantise pairs, and FP16.

Two INT8 recipes, because the engines want opposite things: onnxruntime on a CPU runs unsigned
activations fastest, TensorRT refuses unsigned types and quantised biases. A third, for text on CPUs,
quantises activations while the model runs. It does not judge the result: `compile.py` measures every artefact before it ships one.
"""

from __future__ import annotations

import hashlib
import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from kits.core.errors import DataError, MachineError
from kits.core.runtime import Array
from kits.toolchain.quiet import stdout_kept_clean
from kits.toolchain.smoothing import embeddings_by_row, smooth

if TYPE_CHECKING:
    from onnx import ModelProto

Recipe = Literal["cpu", "tensorrt"]
Feeds = Mapping[str, Array]
MIN_CALIBRATION = 8
_CPU_OPS = ("Conv", "Gemm", "MatMul", "Add", "Mul", "Concat", "MaxPool", "Resize", "Relu")


@dataclass(frozen=True, slots=True)
class Calibration:
    """The inputs a model is quantised with.

    Attributes:
        feeds: one mapping of input name to array (float32, batch 1) per sample.
        digest: SHA-256 over the sample digests, in order: which samples they were.
    """

    feeds: tuple[Feeds, ...]
    digest: str


def calibration_digest(sample_digests: Iterable[str]) -> str:
    """The identity of a calibration set; the order of samples does not matter."""
    return hashlib.sha256("\n".join(sorted(sample_digests)).encode()).hexdigest()


def to_int8(
    model: bytes, calibration: Calibration, recipe: Recipe, exclude: tuple[str, ...] = ()
) -> bytes:
    """An INT8 version of an FP32 model, calibrated by minimum and maximum.

    Args:
        model: ONNX bytes, static shapes.
        recipe: `cpu` gives U8S8 per channel; `tensorrt` symmetric S8S8 on convolutions, with
            weights behind their own pair and biases left in floating point.
        exclude: regular expressions; a node whose name matches stays in floating point.

    Raises:
        DataError: fewer than 8 calibration inputs.
        MachineError: the `train` extra is missing.
    """
    if len(calibration.feeds) < MIN_CALIBRATION:
        raise DataError(
            f"{len(calibration.feeds)} samples are too few to calibrate INT8 with",
            fix=f"give the training split at least {MIN_CALIBRATION}, better 200 samples",
        )
    _need_onnx()
    with tempfile.TemporaryDirectory() as folder, stdout_kept_clean():
        prepared, target = Path(folder) / "prepared.onnx", Path(folder) / "int8.onnx"
        _prepare(model, prepared)
        _quantise(prepared, target, calibration, recipe, exclude)
        return target.read_bytes()


def to_dynamic_int8(
    model: bytes, feeds: Sequence[Feeds] = (), exclude: tuple[str, ...] = ()
) -> bytes:
    """An INT8 version for CPUs whose activations are quantised while it runs; weights per channel.

    For models of text, whose length varies. TensorRT takes none of it.

    Args:
        feeds: inputs by which outlying channels are found, one sample each; none: they stay as they are.
        exclude: regular expressions; a node whose name matches stays in floating point.

    Raises:
        MachineError: the `train` extra is missing.
    """
    _need_onnx()
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic

    prepared = onnx.load_from_string(model)
    smooth(prepared, feeds)
    embeddings_by_row(prepared)
    with tempfile.TemporaryDirectory() as folder, stdout_kept_clean():
        source, target = Path(folder) / "fp32.onnx", Path(folder) / "int8.onnx"
        onnx.save(prepared, source)
        quantize_dynamic(
            source,
            target,
            per_channel=True,
            weight_type=QuantType.QInt8,
            op_types_to_quantize=["MatMul", "Gemm"],
            nodes_to_exclude=matching([node.name for node in prepared.graph.node], exclude),
        )
        return target.read_bytes()


def to_fp16(model: bytes) -> bytes:
    """An FP16 version of an FP32 model; inputs and outputs stay float32.

    Raises:
        MachineError: the `train` extra is missing.
    """
    _need_onnx()
    import onnx
    from onnxruntime.transformers.float16 import convert_float_to_float16

    with stdout_kept_clean():
        converted = convert_float_to_float16(onnx.load_from_string(model), keep_io_types=True)
        sort_nodes(converted)
        onnx.checker.check_model(converted)
    content: bytes = converted.SerializeToString()
    return content


def sort_nodes(model: ModelProto) -> None:
    """Puts the nodes in the order they can run in: the FP16 converter appends casts at the end.

    Raises:
        DataError: there is no such order.
    """
    waiting = list(model.graph.node)
    known = {"", *(i.name for i in model.graph.input), *(i.name for i in model.graph.initializer)}
    ordered = []
    while waiting:
        later = []
        for node in waiting:
            if all(name in known for name in node.input):
                ordered.append(node)
                known.update(node.output)
            else:
                later.append(node)
        if len(later) == len(waiting):
            raise DataError("the model's graph has a cycle or an unknown input")
        waiting = later
    del model.graph.node[:]
    model.graph.node.extend(ordered)


def _need_onnx() -> None:
    try:
        import onnx  # noqa: F401  only whether it is there
        import onnxruntime  # noqa: F401
    except ImportError as error:
        raise MachineError(
            f"quantisation needs the package {error.name!r}",
            fix="pip install 'kitwright[train,cpu]'",
        ) from error


def _prepare(model: bytes, target: Path) -> None:
    """Shape inference and constant folding; symbolic inference is skipped (shapes are static)."""
    from onnxruntime.quantization.shape_inference import quant_pre_process

    # by path: given a model in memory, onnxruntime moves its constants out of it and then
    # cannot infer the shape of a Reshape any more
    source = target.with_suffix(".fp32.onnx")
    source.write_bytes(model)
    quant_pre_process(source, target, skip_symbolic_shape=True)


def _quantise(
    source: Path, target: Path, calibration: Calibration, recipe: Recipe, exclude: tuple[str, ...]
) -> None:
    import onnx
    from onnxruntime.quantization import (
        CalibrationDataReader,
        CalibrationMethod,
        QuantFormat,
        QuantType,
        quantize_static,
    )

    class Reader(CalibrationDataReader):  # type: ignore[misc]  # the base class is untyped
        def __init__(self) -> None:
            self._feeds: Iterator[Feeds] = iter(calibration.feeds)

        def get_next(self) -> dict[str, Array] | None:
            feeds = next(self._feeds, None)
            return dict(feeds) if feeds is not None else None

    names = [node.name for node in onnx.load(source).graph.node]
    for_tensorrt = recipe == "tensorrt"
    quantize_static(
        source,
        target,
        Reader(),
        quant_format=QuantFormat.QDQ,
        calibrate_method=CalibrationMethod.MinMax,
        per_channel=True,
        activation_type=QuantType.QInt8 if for_tensorrt else QuantType.QUInt8,
        weight_type=QuantType.QInt8,
        op_types_to_quantize=["Conv"] if for_tensorrt else list(_CPU_OPS),
        nodes_to_exclude=matching(names, exclude),
        extra_options=_TENSORRT_OPTIONS if for_tensorrt else {},
    )


_TENSORRT_OPTIONS = {
    "ActivationSymmetric": True,
    "WeightSymmetric": True,
    "QuantizeBias": False,  # TensorRT refuses INT32 DequantizeLinear
    "AddQDQPairToWeight": True,
}


def matching(names: Iterable[str], patterns: Iterable[str]) -> list[str]:
    """The names that any of the regular expressions is found in."""
    compiled = [re.compile(pattern) for pattern in patterns]
    return [name for name in names if any(pattern.search(name) for pattern in compiled)]
