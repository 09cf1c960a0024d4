"""Judging a bundle: on a split of a dataset version or on outside data, through the kit's runtime.

Outside data is read with the kit's reader into memory and never becomes part of the project. What
the metrics are is the kit's business; how they are shown is the report's.
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path

from pydantic import BaseModel, JsonValue, TypeAdapter

from kits.core.blobs import BlobStore
from kits.core.dataset import OUTSIDE, Dataset, DatasetHeader, DatasetItem, Split, build
from kits.core.errors import DataError
from kits.core.files import write_atomically
from kits.core.kit import EvaluateTask, Evaluation, ItemResult, Kit, NoProgress, Progress, RawSample
from kits.core.operating_point import Costs, OperatingPoint
from kits.core.ready import ReadyBundle
from kits.core.sample import Sample, digest_of, key_of, sample_id_for
from kits.core.stats import Estimate
from kits.toolchain.intake import UNKNOWN_TIME, meta_of
from kits.toolchain.runs import NEWER_RUN
from kits.toolchain.unpacking import unpacked
from kits.toolchain.worth import figure_text

_RESULTS = TypeAdapter(tuple[ItemResult, ...])
_METRICS = TypeAdapter(dict[str, Estimate])
_SLICES = TypeAdapter(dict[str, dict[str, Estimate]])
_MOST = 0.5
"""Share of samples that a person looks at, above which it stands beside the rates of what is decided."""


class MemoryBlobStore:
    """A `BlobStore` that lasts as long as the command."""

    def __init__(self) -> None:
        self._blobs: dict[str, bytes] = {}

    def put(self, content: bytes) -> str:
        digest = digest_of(content)
        self._blobs[digest] = content
        return digest

    def get(self, digest: str) -> bytes:
        try:
            return self._blobs[digest]
        except KeyError:
            raise DataError("these bytes are not in the store", where=digest) from None

    def has(self, digest: str) -> bool:
        return digest in self._blobs


def evaluate_ready(
    kit: Kit,
    ready: ReadyBundle,
    dataset: Dataset,
    items: Sequence[DatasetItem],
    *,
    costs: Costs,
    seed: int,
    point: OperatingPoint | None = None,
    progress: Progress | None = None,
) -> Evaluation:
    """Metrics of a bundle on the items, at its own operating point, or at `point`.

    Raises:
        DataError: there are no items, or none is annotated.
    """
    return kit.evaluate.evaluate(
        task_of(ready, dataset, items, costs=costs, seed=seed, point=point, progress=progress)
    )


def task_of(
    ready: ReadyBundle,
    dataset: Dataset,
    items: Sequence[DatasetItem],
    *,
    costs: Costs,
    seed: int,
    point: OperatingPoint | None = None,
    progress: Progress | None = None,
) -> EvaluateTask:
    """What `evaluate_ready` has a kit do. Raises as that does."""
    judged = tuple(item for item in items if item.annotation is not None)
    if not judged:
        raise DataError(
            "there is nothing to judge the model on: no annotated samples",
            where=f"dataset {dataset.id[:12]}",
            fix="choose another split, or import annotated samples",
        )
    return EvaluateTask(
        runtime=ready.runtime,
        operating_point=point or ready.bundle.operating_point,
        dataset=dataset,
        items=judged,
        costs=costs,
        seed=seed,
        progress=progress or NoProgress(),
    )


def judged_split(dataset: Dataset, wanted: Split) -> tuple[Split, str]:
    """The split to judge on, and a note when it is not the wanted one.

    Without a test split the validation split serves, whose figures are optimistic because the
    thresholds were chosen on it.
    """
    if dataset.of(wanted) or wanted != "test":
        return wanted, ""
    return "val", (
        "the dataset has no test split: the figures are from the validation split, on which the "
        "thresholds were chosen, and are optimistic"
    )


def read_outside(
    kit: Kit,
    path: Path,
    *,
    seed: int,
    format: str = "auto",
    config: BaseModel | None = None,
    learned: Mapping[str, JsonValue] | None = None,
    recorded: bool = False,
    blobs: BlobStore | None = None,
) -> tuple[Dataset, list[str]]:
    """Data that is not part of the project, as a dataset version that is not kept.

    Its `test` part if it has one, else everything; all of it counts as split `test`.

    Args:
        config: the kit's part of the project's `kit.yaml`; None: its defaults.
        learned: `config` of the bundle that is judged on it: what the data leaves open is read as it learned it.
        recorded: as a line recorded it: its other parts as well, and samples of which the data says nothing have no label,
            unless `format` says that they are good.
        blobs: where the bytes go; None: into memory.

    Returns:
        The dataset and the reader's complaints, one sentence each.

    Raises:
        DataError: the path is absent, of no known format, or without any readable sample.
        MachineError: no room to unpack a zip.
    """
    if not path.exists():
        raise DataError("no such file or folder", where=str(path), fix="check the path")
    store = MemoryBlobStore() if blobs is None else blobs
    read: list[tuple[DatasetItem, Split | None]] = []
    complaints: list[str] = []
    with unpacked(path) as folder:
        chosen = kit.data.detect_format(folder) if format == "auto" else format
        unsaid = format == "auto" and chosen in kit.manifest.taken_for_good
        for found in kit.read(folder, chosen, config or kit.config_model(), learned, judged=True):
            if isinstance(found, RawSample):
                raw = dataclasses.replace(found, annotation=None) if unsaid and recorded else found
                read.append((_item(raw, store, len(read)), found.split))
            elif found.level != "pass":
                complaints.append(found.text)
    all_count = recorded or all(split != "test" for _, split in read)
    items = {item.sample.id: item for item, split in read if all_count or split == "test"}
    if not items:
        raise DataError("no readable sample", where=str(path), fix="; ".join(complaints[:3]))
    if not all_count and len(items) < len(read):
        complaints.append(
            f"the data has a test part, which alone is judged: {len(items)} of {len(read)} samples"
        )
    if unsaid:
        complaints.append(
            f"nothing here says what is good: if all are, say so by --format {chosen}" if recorded
            else "nothing here says what is good: each was taken for good"
        )  # fmt: skip
    header = DatasetHeader(kit=kit.name, split_rule=OUTSIDE, seed=seed)
    return build(header, items.values(), store), complaints


def _item(raw: RawSample, blobs: BlobStore, place: int) -> DatasetItem:
    # what has no time keeps its place; the id of the dataset must be the same whenever it is read
    captured_at = UNKNOWN_TIME + timedelta(microseconds=1 + place)
    sample = Sample(
        id=sample_id_for(raw.content, raw.source),
        media_type=raw.media_type,
        digest=blobs.put(raw.content),
        size=len(raw.content),
        captured_at=captured_at,
        source=raw.source,
        group=raw.group,
        meta=meta_of(raw),
    )
    annotation = raw.annotation
    if annotation is not None and annotation.source == "import":
        annotation = dataclasses.replace(annotation, at=UNKNOWN_TIME)
    return DatasetItem(sample, annotation, "test")


def leakage_note(
    outside: Iterable[DatasetItem], trained_on: Dataset, *, named: bool = False
) -> str:
    """A sentence when outside samples were learned from; empty when none was.

    Args:
        named: those that are the same bear the ids they had there already (`known_again.py`).
    """
    learned = {name for item in trained_on.of("train") for name in _names_of(item.sample, named)}
    shared = sum(not learned.isdisjoint(_names_of(item.sample, named)) for item in outside)
    if not shared:
        return ""
    return f"{shared} of these samples are in the training split too: the figures are optimistic"


def _names_of(sample: Sample, named: bool) -> set[str]:
    """What a sample is known by, whatever its file is called."""
    return {sample.digest, sample.id if named else key_of(sample)} - {""}


def save_evaluation(evaluation: Evaluation, path: Path) -> None:
    """Writes `evaluation.json`, with every sample's result."""
    value = {
        **{name: getattr(evaluation, name) for name in ("kit", "dataset", "split", "n", "seed")},
        "metrics": _METRICS.dump_python(dict(evaluation.metrics), mode="json"),
        "slices": {
            k: _METRICS.dump_python(dict(v), mode="json") for k, v in evaluation.slices.items()
        },
        "results": _RESULTS.dump_python(evaluation.results, mode="json"),
        "notes": list(evaluation.notes),
        "details": list(evaluation.details),
    }
    write_atomically(path, json.dumps(value, ensure_ascii=False).encode())


def load_evaluation(path: Path) -> Evaluation:
    """The opposite of `save_evaluation`.

    Raises:
        DataError: absent, malformed, or written by a newer Kitwright.
    """
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
        if unknown := sorted(set(value) - {field.name for field in dataclasses.fields(Evaluation)}):
            raise DataError(
                f"the evaluation of this run has {unknown[0]!r}, which this version of Kitwright does not know",
                where=str(path),
                fix=NEWER_RUN,
            )
        return Evaluation(
            **{
                **value,
                "metrics": _METRICS.validate_python(value["metrics"]),
                "slices": _SLICES.validate_python(value["slices"]),
                "results": _RESULTS.validate_python(value["results"]),
                "notes": tuple(value["notes"]),
                "details": tuple(value.get("details", ())),
            }
        )
    except FileNotFoundError:
        raise DataError("this run was not evaluated", where=str(path), fix="kit train") from None
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(f"a malformed evaluation: {error}", where=str(path)) from error


def metrics_json(metrics: Mapping[str, Estimate]) -> dict[str, JsonValue]:
    """Metrics for `--json`; a figure that is not a number becomes null."""
    return {name: finite(estimate) for name, estimate in metrics.items()}


def finite(value: object) -> JsonValue:
    """Values for JSON: models as objects, tuples as lists, NaN and infinity as null."""
    if isinstance(value, BaseModel):
        return finite(value.model_dump(mode="json"))
    if isinstance(value, Mapping):
        return {str(key): finite(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [finite(entry) for entry in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if value is None or isinstance(value, str | int | float):
        return value
    return str(value)


def evaluation_json(
    evaluation: Evaluation, notes: Sequence[str], bundle: str
) -> dict[str, JsonValue]:
    """The answer of `kit evaluate --json`."""
    return {
        "kit": evaluation.kit,
        "dataset": evaluation.dataset,
        "split": evaluation.split,
        "n": evaluation.n,
        "seed": evaluation.seed,
        "bundle": bundle,
        "metrics": metrics_json(evaluation.metrics),
        "slices": {name: metrics_json(part) for name, part in evaluation.slices.items()},
        "notes": [*evaluation.notes, *notes],
        "details": list(evaluation.details),
    }


def headline(
    metrics: Mapping[str, Estimate], goal: str, dataset: str, seed: int, currency: str
) -> str:
    """One line: the goal, then escape and overkill rate, then what they were measured on. Where a person looks at most samples, that
    stands there too: of what is not decided nothing escapes."""
    if not metrics:
        return f"nothing was measured (dataset {dataset[:12]}, seed {seed})"
    names = [goal, "escape_rate", "overkill_rate"]
    if "review_rate" in metrics and metrics["review_rate"].value > _MOST:
        names.append("review_rate")
    parts = [
        f"{n} {figure_text(n, metrics[n], currency)}" for n in dict.fromkeys(names) if n in metrics
    ]
    shown = [metrics[n].n for n in names if n in metrics]
    n = shown[0] if shown else max((m.n for m in metrics.values()), default=0)
    return f"{', '.join(parts)} (n={n}, dataset {dataset[:12]}, seed {seed})"
