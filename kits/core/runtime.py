"""What runs on the device: sessions that execute a model, runtimes that know pre and post.

Protocols only, plus the plain onnxruntime session that `kits.load_bundle` uses by default. The
agent's engine brings its own factory with the ladder TensorRT → CUDA → OpenVINO → CPU.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol, TypeAlias, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from pydantic import JsonValue

from kits.core.errors import BundleError
from kits.core.onnx_wire import refuse_parted
from kits.core.prediction import Prediction
from kits.core.window import Window

Array: TypeAlias = NDArray[np.generic]
Payload: TypeAlias = bytes | Array | Mapping[str, JsonValue] | Window
"""A sample as a model takes it: encoded bytes, a decoded frame, a lead, a sensor window."""


@dataclass(frozen=True, slots=True)
class StageTimes:
    """Milliseconds per stage for one sample."""

    pre_ms: float
    infer_ms: float
    post_ms: float

    @property
    def total_ms(self) -> float:
        return self.pre_ms + self.infer_ms + self.post_ms


@dataclass(frozen=True, slots=True)
class TensorSpec:
    """Name, shape (None: dynamic) and numpy type of a model's input."""

    name: str
    shape: tuple[int | None, ...]
    dtype: str


class Session(Protocol):
    """A loaded model."""

    provider: str
    """What executes it: `cpu` (onnxruntime), `openvino`, `cuda`, `tensorrt`."""

    def inputs(self) -> tuple[TensorSpec, ...]:
        """The model's inputs."""

    def run(self, feeds: Mapping[str, Array]) -> list[Array]:
        """Executes the model; outputs in the model's order.

        Raises:
            BundleError, MachineError: it cannot be executed with these inputs or on this machine.
        """


SessionFactory: TypeAlias = Callable[[bytes], Session]
"""ONNX bytes → session."""


class Runtime(Protocol):
    """A bundle that is ready to predict. Used unchanged by agent, hub, `kit predict` and tests."""

    def decode(self, content: bytes, media_type: str) -> Payload:
        """Wire bytes → what `predict` takes. Raises DataError for bytes it cannot read."""

    def encode(self, payload: Payload) -> tuple[bytes, str]:
        """A captured payload → bytes worth keeping and their media type."""

    def predict(self, payloads: Sequence[Payload]) -> list[Prediction]:
        """One prediction per payload. Raises DataError for a payload it cannot use."""

    def predict_timed(self, payload: Payload) -> tuple[Prediction, StageTimes]:
        """As `predict` for one payload, with the time of each stage."""


@runtime_checkable
class Remembers(Protocol):
    """A runtime whose samples repeat themselves, so that remembering answers pays where it runs for long.

    Measuring a runtime that remembers would measure nothing: `load` gives one that does not.
    """

    def remembering(self) -> Runtime:
        """The same runtime with a bounded memory of what it was asked; its answers are the same."""


@runtime_checkable
class Asks(Protocol):
    """A runtime whose samples are records of named columns, and that knows which of them it looks at."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns to bring along; what else a record has changes nothing."""


@runtime_checkable
class Heeds(Protocol):
    """A runtime that says nothing of a sample whose person does not want it, as a column of the sample tells."""

    @property
    def objecting(self) -> tuple[str, ...]:
        """Names of the columns in which a yes says so; none: nobody is asked."""


@runtime_checkable
class CountsAsLost(Protocol):
    """A runtime that learned from samples which counted as lost once they were so old, as nobody had closed them."""

    @property
    def lost_after_days(self) -> float:
        """Days after which one that is still open is one of them; 0: somebody closes them."""


@runtime_checkable
class TellsWhen(Protocol):
    """A runtime that knows how long it takes until a record is won, as those were that it learned from."""

    def won_by(self, chances: Sequence[float], days: Sequence[float]) -> Sequence[float]:
        """How likely each has been won by so many days after it came, which takes as long whatever the chance; nothing: that is not known.

        Args:
            chances: that each is won, as the runtime said when it came.
        """


@runtime_checkable
class Takes(Protocol):
    """A runtime that also takes values under other names than those of `Asks`, such as what it makes of a column itself."""

    @property
    def taken(self) -> frozenset[str]:
        """All names under which a value is looked at."""


@runtime_checkable
class Knows(Protocol):
    """A runtime that can say which values it met in training: one category has several spellings (label and value)."""

    def has_met(self, column: str, value: str) -> bool:
        """Whether a column held this value; False also where a column's values are not choices."""


@runtime_checkable
class Sifts(Protocol):
    """A runtime whose project leaves samples out of what is learned from by what names their person, which is not kept."""

    @property
    def sifts(self) -> bool:
        """Whether the project wants that, so that whoever keeps samples has to ask."""

    def taken_for(self, said: Sequence[str]) -> str:
        """What a sample is taken for that is not to be learned from, such as a trial; empty: it is to be.

        Args:
            said: the person's addresses, and the parts of the name in their order.
        """


@runtime_checkable
class Speaks(Protocol):
    """A runtime that gives reasons, and can call its columns as people do where they are shown."""

    def speaking(self, labels: Mapping[str, str]) -> Runtime:
        """The same runtime with other words.

        Args:
            labels: column → what people call it; where a person chose the words, those stay.
        """


@dataclass(frozen=True, slots=True)
class Skew:
    """A column in which samples are unlike those that were learned from: training-serving skew.

    Attributes:
        text: what is different, with both shares, in one sentence without its full stop.
    """

    column: str
    text: str


@runtime_checkable
class Compares(Protocol):
    """A runtime that knows what the samples were like that its models learned from."""

    def skews(self, payloads: Sequence[Payload]) -> tuple[Skew, ...]:
        """What is unlike them in some samples as they were decided on, beyond chance and by far; the gravest first.

        Raises:
            DataError: one of them is no sample of this kit.
        """


@runtime_checkable
class Recalls(Protocol):
    """A runtime whose models learned from samples that it is judged on, and that kept what was said of them before."""

    @property
    def backtest(self) -> Mapping[str, float]:
        """Sample id → what a model said that had not seen it."""

    @property
    def learned_until(self) -> float:
        """Place in time of the last sample learned from; infinite: not known."""


_CPU = "CPUExecutionProvider"
_SLOWER_ON_CPU = ("SkipLayerNormFusion",)
"""Rewritings by onnxruntime (1.32) that cost more than they save: its joined sum and norm takes five times as long as
the two one after the other, 15 % of a text network's time, see `benchmarks/mail_speed.py`."""

_EXACT_INT8 = "session.x64quantprecision"
"""x86 without VNNI adds products of 8 bits in 16, which overflow and saturate: INT8 models computed something else there. With it
they compute the same everywhere, slower on those processors; onnxruntime heeds it on no other."""
_EXACT_ALL_FROM = (1, 30)
_NOT_BEFORE = b"MatMulInteger"
"""Older ones (1.23 is the newest for Python 3.10) abort with it at such a product without zero points; at nothing else that INT8
models of ours are made of."""


class OnnxSession:
    """`Session` on onnxruntime.

    Args:
        model: ONNX bytes.
        providers: onnxruntime names in order of preference.
        threads: 0 leaves the choice to onnxruntime.

    Raises:
        BundleError: the model is not whole, or onnxruntime cannot load it.
    """

    _NAMES: ClassVar = {
        _CPU: "cpu",
        "CUDAExecutionProvider": "cuda",
        "TensorrtExecutionProvider": "tensorrt",
    }

    def __init__(
        self,
        model: bytes,
        providers: Sequence[str] = (_CPU,),
        threads: int = 0,
    ) -> None:
        refuse_parted(model)
        import onnxruntime as ort  # 0.1 s and 60 MB: only once a model is loaded

        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3
        version = tuple(map(int, ort.__version__.split(".")[:2]))
        if version >= _EXACT_ALL_FROM or _NOT_BEFORE not in model:
            options.add_session_config_entry(_EXACT_INT8, "1")
        try:
            self._session = ort.InferenceSession(
                model,
                options,
                providers=list(providers),
                disabled_optimizers=_SLOWER_ON_CPU if providers[0] == _CPU else (),
            )
        except Exception as error:  # onnxruntime raises its own, unrelated classes
            raise BundleError(f"onnxruntime cannot load the model: {error}") from error
        self.provider = self._NAMES.get(self._session.get_providers()[0], "cpu")

    def inputs(self) -> tuple[TensorSpec, ...]:
        return tuple(
            TensorSpec(
                node.name,
                tuple(d if isinstance(d, int) else None for d in node.shape),
                _NUMPY_TYPES.get(node.type, "float32"),
            )
            for node in self._session.get_inputs()
        )

    def run(self, feeds: Mapping[str, Array]) -> list[Array]:
        try:
            outputs: list[Array] = self._session.run(None, dict(feeds))
        except Exception as error:  # onnxruntime raises its own, unrelated classes
            raise BundleError(f"onnxruntime cannot run the model: {error}") from error
        return outputs


_NUMPY_TYPES = {
    "tensor(float)": "float32",
    "tensor(float16)": "float16",
    "tensor(uint8)": "uint8",
    "tensor(int32)": "int32",
    "tensor(int64)": "int64",
}


def cpu_session(model: bytes) -> Session:
    """The default `SessionFactory`: onnxruntime on the CPU."""
    return OnnxSession(model)
