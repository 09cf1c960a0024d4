"""Dataset versions: an immutable list of samples, annotations, groups and splits, named by digest.

A version is one JSON Lines file: a header, then one line per sample sorted by id. The SHA-256 of
the file is the version's id, so toolchain, hub and bundle mean the same thing by it. Bytes live in
a blob store next to it. Importing files and choosing splits is the toolchain's work.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, JsonValue, TypeAdapter, ValidationError

from kits.core.annotation import Annotation, annotation_from_json, annotation_to_json
from kits.core.blobs import BlobStore
from kits.core.complaints import misfit
from kits.core.errors import DataError
from kits.core.files import write_atomically
from kits.core.sample import Sample, digest_of

Split = Literal["train", "val", "test"]
SPLITS: tuple[Split, ...] = ("train", "val", "test")
SPLIT_WORDS: Mapping[str, Split] = {
    "train": "train", "training": "train", "val": "val", "valid": "val", "validation": "val", "validate": "val", "test": "test",
    "testing": "test",
}  # fmt: skip
"""What people call a split, in names of files and folders and in cells, in lower case."""
NO_LABEL = "(none)"
"""What an unannotated sample counts under."""
OUTSIDE = "outside data, all test"
"""Split rule of data that is not part of the project."""
FOLDER = "datasets"
"""Of a project: its versions, `<id>.jsonl` each."""
SUCCESSORS = "successors.json"
"""In that folder: version of which somebody was erased → the one that goes on in its place."""


@cache
def _adapter() -> TypeAdapter[Sample]:
    # built at first use: a device that only starts should not pay for it
    return TypeAdapter(Sample)


@dataclass(frozen=True, slots=True)
class DatasetItem:
    """One sample in a version, with the annotation in force (None: not annotated yet)."""

    sample: Sample
    annotation: Annotation | None
    split: Split


class DatasetHeader(BaseModel):
    """What holds for the whole version; part of its digest."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    format: int = 1
    kit: str
    labels: tuple[str, ...] = ()
    split_rule: str
    seed: int
    parent: str = ""
    note: str = ""


@dataclass(frozen=True)
class Dataset:
    """A dataset version together with the store that holds its bytes."""

    header: DatasetHeader
    items: tuple[DatasetItem, ...]
    blobs: BlobStore
    id: str

    def of(self, split: Split) -> tuple[DatasetItem, ...]:
        """The items of one split, in id order."""
        return tuple(item for item in self.items if item.split == split)

    def content(self, item: DatasetItem) -> bytes:
        """The sample's bytes. Raises DataError when they are absent or damaged."""
        return self.blobs.get(item.sample.digest)

    def counts(self) -> dict[str, dict[str, int]]:
        """split → label → number of samples; one without a label counts under `NO_LABEL`, whatever else is said of it."""
        table: dict[str, dict[str, int]] = {split: {} for split in SPLITS}
        for item in self.items:
            label = (item.annotation.label if item.annotation else "") or NO_LABEL
            row = table[item.split]
            row[label] = row.get(label, 0) + 1
        return table


def build(header: DatasetHeader, items: Iterable[DatasetItem], blobs: BlobStore) -> Dataset:
    """A version from its parts; computes the id.

    Raises:
        DataError: a sample appears twice, or one group is in two splits (leakage).
    """
    ordered = tuple(sorted(items, key=lambda item: item.sample.id))
    _refuse_duplicates(ordered)
    _refuse_leakage(ordered)
    return Dataset(header, ordered, blobs, digest_of(_to_bytes(header, ordered)))


def save(dataset: Dataset, folder: Path) -> Path:
    """Writes `<folder>/<id>.jsonl`; the same version twice is the same file."""
    path = folder / f"{dataset.id}.jsonl"
    if not path.exists():
        write_atomically(path, _to_bytes(dataset.header, dataset.items))
    return path


def load(path: Path, blobs: BlobStore) -> Dataset:
    """Reads a version written by `save`.

    Raises:
        DataError: missing, damaged (the digest in the name does not match), or malformed.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise DataError("no such dataset version", where=str(path), fix="kit data list") from None
    if len(path.stem) == 64 and digest_of(content) != path.stem:
        raise DataError("this dataset version was changed after it was made", where=str(path))
    return from_bytes(content, blobs, where=str(path))


def from_bytes(content: bytes, blobs: BlobStore, *, where: str = "") -> Dataset:
    """A version from the bytes of its file.

    Raises:
        DataError: malformed; the message names the line.
    """
    # not by `splitlines`: names may hold other signs that end a line (U+2028, U+0085)
    lines = content.decode("utf-8", errors="replace").removesuffix("\n").split("\n")
    if not content:
        raise DataError("an empty dataset version", where=where)
    try:
        header = DatasetHeader.model_validate_json(lines[0])
    except ValidationError as error:
        what, fix = misfit("the header in line 1", error, "update Kitwright here")
        raise DataError(what, where=where, fix=fix) from error
    items = []
    for number, line in enumerate(lines[1:], start=2):
        try:
            items.append(_item_from_json(json.loads(line)))
        except (KeyError, TypeError, ValueError, DataError) as error:
            raise DataError(f"line {number} is not a sample: {error}", where=where) from error
    return build(header, items, blobs)


def to_bytes(dataset: Dataset) -> bytes:
    """The version's file; its SHA-256 is `dataset.id`."""
    return _to_bytes(dataset.header, dataset.items)


def _to_bytes(header: DatasetHeader, items: Iterable[DatasetItem]) -> bytes:
    return "".join(f"{line}\n" for line in _lines(header, items)).encode()


def _lines(header: DatasetHeader, items: Iterable[DatasetItem]) -> Iterator[str]:
    yield _canonical(header.model_dump(mode="json"))
    for item in items:
        yield _canonical(_item_to_json(item))


def _canonical(value: Mapping[str, JsonValue]) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _item_to_json(item: DatasetItem) -> dict[str, JsonValue]:
    return {
        "sample": sample_to_json(item.sample),
        "annotation": annotation_to_json(item.annotation) if item.annotation else None,
        "split": item.split,
    }


def _item_from_json(value: Mapping[str, JsonValue]) -> DatasetItem:
    split = value["split"]
    if split not in SPLITS:
        raise ValueError(f"unknown split {split!r}")
    annotation = value["annotation"]
    return DatasetItem(
        sample=sample_from_json(value["sample"]),
        annotation=annotation_from_json(annotation) if annotation is not None else None,
        split=split,
    )


def sample_to_json(sample: Sample) -> dict[str, JsonValue]:
    """A sample as JSON values."""
    dumped: dict[str, JsonValue] = _adapter().dump_python(sample, mode="json")
    return dumped


def sample_from_json(value: JsonValue) -> Sample:
    """The opposite of `sample_to_json`.

    Raises:
        DataError: a field is missing or of the wrong type.
    """
    try:
        return _adapter().validate_python(value)
    except ValidationError as error:
        first = error.errors()[0]
        raise DataError(f"not a sample: {first['msg']}", where=str(first["loc"])) from error


def _refuse_duplicates(items: tuple[DatasetItem, ...]) -> None:
    for one, two in itertools.pairwise(items):
        if one.sample.id == two.sample.id:
            raise DataError("one sample appears twice in a dataset", where=one.sample.id)


def _refuse_leakage(items: tuple[DatasetItem, ...]) -> None:
    seen: dict[str, Split] = {}
    for item in items:
        group = item.sample.group
        if group and seen.setdefault(group, item.split) != item.split:
            raise DataError(
                f"group {group!r} is in {seen[group]} and in {item.split}",
                where=item.sample.source or item.sample.id,
                fix="split by group: all samples of a part, customer or machine belong together",
            )
