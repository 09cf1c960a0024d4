"""The values that a kit's modules take and give: samples and findings, a training and what it left, a judgement and its figures.

Who calls them, and by which names, is in `kit_modules.py`; a kit itself in `kit.py`, from where all of them may be imported.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

from pydantic import BaseModel, JsonValue

from kits.core.errors import DataError
from kits.core.harmless import readable

if TYPE_CHECKING:  # a device that only lists its kits should not load all formats
    from kits.core.annotation import Annotation
    from kits.core.bundle import LicenceNote
    from kits.core.dataset import Dataset, DatasetItem, Split
    from kits.core.operating_point import Costs, OperatingPoint
    from kits.core.runtime import Runtime
    from kits.core.stats import Estimate


class Progress(Protocol):
    """Told how far a long piece of work has come."""

    def begin(self, stage: str, total: int) -> None:
        """A stage starts; `total` steps, 0 when unknown."""

    def advance(self, steps: int = 1, **figures: float) -> None:
        """Steps done, with figures worth showing (`loss`, `map50`)."""

    def end(self) -> None:
        """The stage is over."""


class NoProgress:
    """A `Progress` that shows nothing."""

    def begin(self, stage: str, total: int) -> None: ...

    def advance(self, steps: int = 1, **figures: float) -> None: ...

    def end(self) -> None: ...


@dataclass(frozen=True, slots=True)
class RawSample:
    """One sample as found in the user's files, before it is part of a dataset.

    `order` is its place in time (seconds since 1970, or a rank that rises with time), given by kits that learn from
    the past for the future: then the oldest are learned from and the latest judged on. `key` says whom it is a state
    of, where what it shows changes: in a version, a sample that is imported later takes the place of the one with the
    same key. Both end up in `meta`.
    """

    content: bytes
    media_type: str
    source: str
    annotation: Annotation | None = None
    group: str = ""
    split: Split | None = None
    meta: Mapping[str, JsonValue] = field(default_factory=dict)
    order: float | None = None
    key: str = ""

    def __post_init__(self) -> None:
        # names of files and folders that are no UTF-8 could be written into no version
        for name in ("source", "group", "key"):
            object.__setattr__(self, name, readable(getattr(self, name)))
        if self.annotation is not None:
            object.__setattr__(self, "annotation", self.annotation.with_readable_names())
        texts = {k: readable(text) for k, text in self.meta.items() if isinstance(text, str)}
        if any(text != self.meta[k] for k, text in texts.items()):
            object.__setattr__(self, "meta", {**self.meta, **texts})


@dataclass(frozen=True, slots=True)
class Finding:
    """Something a person should know about the data.

    Attributes:
        check: name of the check (`corrupt-image`, `near-duplicates`).
        level: `pass`, `warn` or `fail`.
        text: one sentence with the evidence's figure.
        evidence: files, samples or numbers behind it.
        fix: what to do about it; empty for `pass`.
        left_out: samples that a reader left out for it; an import counts them among those that it read.
        unread: it tells of a file or a table that was not read, so that nobody knows what samples are in there.
    """

    check: str
    level: Literal["pass", "warn", "fail"]
    text: str
    evidence: tuple[str, ...] = ()
    fix: str = ""
    left_out: int = 0
    unread: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", readable(self.text))
        object.__setattr__(self, "evidence", tuple(map(readable, self.evidence)))


@dataclass(frozen=True)
class TrainTask:
    """Everything a training needs; a run is repeatable from it."""

    dataset: Dataset
    config: BaseModel
    costs: Costs
    out_dir: Path
    seed: int
    device: str = "auto"
    progress: Progress = field(default_factory=NoProgress)


@dataclass(frozen=True)
class TrainOutcome:
    """What a training left in `out_dir`.

    Attributes:
        figures: training figures (`epochs`, `best_val_map50`, …).
        baseline: the same goal for a model that does not learn, for comparison.
        licences: of weights and trainer.
        notes: sentences that a reader of the report needs first: what was found, what to decide or do ("started from
            scratch: no weights given").
        details: sentences on how it was done; folded in the report.
        warning: why the figures are not worth going on with, and what to do in place of that; said before them.
    """

    figures: Mapping[str, float]
    baseline: Mapping[str, Estimate] = field(default_factory=dict)
    licences: tuple[LicenceNote, ...] = ()
    notes: tuple[str, ...] = ()
    details: tuple[str, ...] = ()
    warning: Finding | None = None


@dataclass(frozen=True)
class Exported:
    """FP32 models by role, and what the runtime needs to know about them.

    Attributes:
        quantize_roles: those worth a lower precision.
        quantize_exclude: regular expressions of node names that stay in floating point.
        precisions: lower ones that the graphs of these roles allow.
        cpu_roles: those that only CPUs execute (trees); a device does not try its GPU with them.
        dynamic_roles: those whose INT8 quantises activations while it runs, for CPUs alone (text, whose
            length varies); `calibration_feeds` only shows which channels stand out, and may give none.
        files: what the bundle holds beside models, by path (a tokenizer, arrays, a knowledge base). The
            runtime reads them from `Bundle.files`; they stay as they are in every precision.
        golden: made inputs with their media types, by which a device proves itself in place of samples: where
            samples hold what must not leave with a bundle. None: samples do.
    """

    models: Mapping[str, bytes]
    config: Mapping[str, JsonValue]
    labels: tuple[str, ...]
    quantize_roles: tuple[str, ...] = ()
    quantize_exclude: tuple[str, ...] = ()
    precisions: tuple[str, ...] = ("bf16", "fp16", "int8")
    cpu_roles: tuple[str, ...] = ()
    dynamic_roles: tuple[str, ...] = ()
    files: Mapping[str, bytes] = field(default_factory=dict)
    golden: tuple[tuple[bytes, str], ...] | None = None


def left_by_training(run_dir: Path, name: str) -> bytes:
    """What a kit's `train` left in a run for its `export`.

    Raises:
        DataError: the run holds no training of this kit.
    """
    path = run_dir / name
    if not path.is_file():
        raise DataError("this run holds no trained model", where=str(run_dir), fix="kit train")
    return path.read_bytes()


@dataclass(frozen=True)
class EvaluateTask:
    """A runtime, its operating point and the items to judge it on.

    Attributes:
        so_far: items whose outcome is held are judged, too, by what became of them so far, where the kit can: for a comparison,
            which should know of the latest; what is promised is of decided ones.
    """

    runtime: Runtime
    operating_point: OperatingPoint | None
    dataset: Dataset
    items: tuple[DatasetItem, ...]
    costs: Costs
    seed: int
    progress: Progress = field(default_factory=NoProgress)
    so_far: bool = False

    @property
    def split(self) -> str:
        """The split that all items are of; `all`: they are of several."""
        splits = {item.split for item in self.items}
        return splits.pop() if len(splits) == 1 else "all"


@dataclass(frozen=True, slots=True)
class ItemResult:
    """One judged sample: enough for a paired comparison and for the report's pictures.

    Attributes:
        cost: what the decision cost at the project's costs.
        weight: so many samples it stands for: itself, and those like it whose truth is not known yet.
    """

    sample_id: str
    group: str
    truth: str
    verdict: str
    score: float
    cost: float
    prediction: Mapping[str, JsonValue] = field(default_factory=dict)
    weight: float = 1.0


@dataclass(frozen=True)
class Evaluation:
    """Metrics with intervals on stated items, overall and by slice. `notes` and `details` as of a training."""

    kit: str
    dataset: str
    split: str
    n: int
    seed: int
    metrics: Mapping[str, Estimate]
    slices: Mapping[str, Mapping[str, Estimate]]
    results: tuple[ItemResult, ...]
    notes: tuple[str, ...] = ()
    details: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Plot:
    """What a kit adds to a run's report, as a section of its own.

    Attributes:
        svg: inline, with the classes of the report (`curve`, `grid`, `mark act`, `mark review`, `good`, `bad`).
        table: rows of texts, the first one is the head; in place of a drawing.
        diagonal: the table counts truth against answer, so that right ones are on its diagonal.
        caption: how to read it.
    """

    title: str
    svg: str = ""
    table: tuple[tuple[str, ...], ...] = ()
    caption: str = ""
    diagonal: bool = False
