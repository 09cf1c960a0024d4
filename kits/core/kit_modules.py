"""What each module of a kit offers: the protocols by which toolchain, agent and hub call it.

Values that they take and give are in `kit_values.py`; nothing is found or loaded here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from pydantic import BaseModel, JsonValue

from kits.core.kit_values import (
    EvaluateTask,
    Evaluation,
    Exported,
    Finding,
    RawSample,
    TrainOutcome,
    TrainTask,
)

if TYPE_CHECKING:  # a device that only lists its kits should not load all formats
    from kits.core.bundle import Bundle
    from kits.core.dataset import Dataset
    from kits.core.operating_point import OperatingPoint
    from kits.core.runtime import Array, Runtime, SessionFactory


class DataModule(Protocol):
    """`data.py`."""

    def detect_format(self, path: Path) -> str:
        """The format of the user's folder or file. Raises DataError when it is none we know."""

    def read(self, path: Path, format: str) -> Iterator[RawSample | Finding]:
        """Samples and complaints, in a stable order; a bad file is a Finding, never a crash.

        One Finding of level `fail` per file that is refused; `warn` for what is imported all the
        same. The import counts by that.
        """

    def check(self, dataset: Dataset, config: BaseModel) -> Iterable[Finding]:
        """The kit's own checks of a dataset version."""

    def near_duplicates(self, contents: Iterable[tuple[str, bytes]]) -> list[tuple[str, str]]:
        """Pairs of sample ids that show the same thing; they must share a split."""


@runtime_checkable
class ReadsByConfig(Protocol):
    """What `data.py` offers beside `read` when the project's configuration says what the data means."""

    def read_as(self, path: Path, format: str, config: BaseModel) -> Iterator[RawSample | Finding]:
        """As `read`, by the kit's part of the project's `kit.yaml`."""


@runtime_checkable
class ReadsLikeLearned(Protocol):
    """What `data.py` offers beside `read_as` when a bundle knows how the data it learned from was written."""

    def read_like(
        self,
        path: Path,
        format: str,
        config: BaseModel,
        learned: Mapping[str, JsonValue],
        *,
        judged: bool = False,
    ) -> Iterator[RawSample | Finding]:
        """As `read_as`; what the data leaves open is read as that of a bundle with this `config`.

        Args:
            judged: the bundle is judged on it, by what became of the samples; else they are only predicted.
        """


@runtime_checkable
class StaysOpen(Protocol):
    """What `data.py` offers beside `read` when it says something of a sample that its outcome is still open."""

    def open_on(self, content: bytes, moment: datetime) -> bytes:
        """The sample's bytes, of which it is said that its outcome was open at a moment."""


@runtime_checkable
class ReadsFurther(Protocol):
    """What `data.py` offers beside `read_as` when the samples that are there tell how more of them are to be read."""

    def read_further(
        self, path: Path, format: str, config: BaseModel, before: Dataset
    ) -> Iterator[RawSample | Finding]:
        """As `read_as`, for a version that goes on from the one `before`."""


@runtime_checkable
class TellsTables(Protocol):
    """What `data.py` offers beside `read` when a file of the kit's own media type may be a table of many samples."""

    def is_sample(self, path: Path) -> bool:
        """Whether a file of the kit's own media type is one sample."""


@runtime_checkable
class MakesSamples(Protocol):
    """What `data.py` offers beside `read` when of files of other kinds it makes one sample each."""

    def makes_sample(self, path: Path) -> bool:
        """Whether a file, not of the kit's own media types, is read as one sample."""


@runtime_checkable
class TellsDamage(Protocol):
    """What `data.py` offers beside `read` when the bytes of a sample may be such that nothing can be learned from them."""

    def damage(self, content: bytes) -> str:
        """What is wrong with a sample's bytes; empty: they are read as those of any other."""


class TrainModule(Protocol):
    """`train.py`."""

    def train(self, task: TrainTask) -> TrainOutcome:
        """Learns, leaves its files in `task.out_dir`."""


@runtime_checkable
class WithoutData(Protocol):
    """What `train.py` offers beside `train` when some of its models rest on what is known, not on data.

    `kit train` then runs without a dataset or with one that lacks splits: the operating point must be
    chosen without items, and what no data measured has no figures.
    """

    def needs_no_data(self, dataset: Dataset, config: BaseModel) -> bool:
        """Whether this configuration makes a model without more data than this, which may be none."""

    def examples(self, config: BaseModel, seed: int) -> Iterator[tuple[bytes, str]]:
        """Made inputs with their media types, by which a device proves itself where no data is."""


class ExportModule(Protocol):
    """`export.py`."""

    def export(self, run_dir: Path, dataset: Dataset, config: BaseModel) -> Exported:
        """ONNX (opset ≤ 18, no post-processing in the graph) from a run's files."""

    def calibration_feeds(
        self, exported: Exported, role: str, contents: Iterable[bytes]
    ) -> Iterator[Mapping[str, Array]]:
        """Model inputs for quantisation, from samples of the training split."""


class EvaluateModule(Protocol):
    """`evaluate.py`.

    It may also offer `picture(content, prediction, annotation)`, a PNG of a sample, `plots(task, evaluation)`,
    which returns the `Plot`s of a report, `replay(task) -> kits.core.replay.Replay`: then `kit replay` shows
    alarms over time, `ranking(task) -> kits.core.replay.Ranking`: then it shows what their order would have earned, and
    `TUNING`, a `kits.core.tuning.Tunable`: then `kit tune` chooses thresholds anew without training.
    """

    def choose_operating_point(self, task: EvaluateTask, config: BaseModel) -> OperatingPoint:
        """Thresholds from the costs, on the items given (the `val` split)."""

    def evaluate(self, task: EvaluateTask) -> Evaluation:
        """Metrics with intervals at the task's operating point."""


class RuntimeModule(Protocol):
    """`runtime.py`."""

    def load(self, bundle: Bundle, sessions: SessionFactory, target: str = "cpu") -> Runtime:
        """A runtime from a bundle. Raises BundleError when the bundle lacks what it needs."""


class DemoModule(Protocol):
    """`demo.py`.

    It may also hold `STORY`, a `kits.core.story.DemoStory`: then `kit demo` goes the whole circle with it.
    """

    def generate(self, folder: Path, seed: int) -> None:
        """Sample data in a format of `data.py`, with the truth needed by a scripted reviewer."""


class ConfigModule(Protocol):
    """`config.py`."""

    Config: type[BaseModel]


@runtime_checkable
class LeavesOut(Protocol):
    """What a kit's configuration offers when samples that are known may not be meant to be learned from."""

    def left_out(self, meta: Mapping[str, JsonValue]) -> str:
        """What a sample with this `meta` has for which the project leaves it out; empty: it is learned from."""


@runtime_checkable
class NamesFiles(Protocol):
    """What a kit's configuration offers when it names files or folders of the project."""

    def located(self, root: Path) -> BaseModel:
        """The same with relative paths taken from the project's folder, wherever a command was typed."""

    def named(self) -> Mapping[str, str]:
        """Key below `model` → file or folder whose content goes into the bundle, as it is written; those that are set."""
