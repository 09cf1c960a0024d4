"""A dataset version's file line by line: who is in it, and the same file without some of them.

A line stays as it is or goes. Making objects of ten thousand samples, as `datasets.read` does, takes twenty times as long;
so this is the way for whoever looks through all versions for a few samples.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pydantic import JsonValue, ValidationError

from cloud_sync.learning.datasets import Version
from cloud_sync.store.storage import Storage
from kits.core.dataset import SPLITS, DatasetHeader, build, to_bytes
from kits.core.errors import DataError
from kits.core.sample import KEY, digest_of


@dataclass(frozen=True, slots=True)
class Line:
    """What one line says of its sample; `key`: as `kits.core.sample.key_of`."""

    id: str
    digest: str
    key: str
    media_type: str
    split: str
    label: str


@dataclass(frozen=True)
class VersionLines:
    """One version. `body`: a line for each sample, without the header."""

    id: str
    header: DatasetHeader
    body: bytes

    @cached_property
    def lines(self) -> list[bytes]:
        """One for each sample."""
        return self.body.split(b"\n") if self.body else []

    def told(self) -> Iterator[Line]:
        """What each line says.

        Raises:
            DataError: one is no sample; the message names it.
        """
        for number, line in enumerate(self.lines, start=2):
            try:
                yield _told(json.loads(line))
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                raise DataError(f"line {number} is not a sample: {error}", where=self.id) from error

    def names(self, words: Collection[str]) -> bool:
        """Whether one of these words stands anywhere in it: where none does, no line need be read."""
        needles = (json.dumps(word, ensure_ascii=False)[1:-1].encode() for word in words)
        return any(needle in self.body for needle in needles)

    def without(self, gone: Collection[str], note: str, storage: Storage) -> tuple[bytes, Version]:
        """The file of a version without these samples, and what tables say of it."""
        kept = [(line, said) for line, said in zip(self.lines, self.told()) if said.id not in gone]
        header = self.header.model_copy(update={"note": note})
        first = to_bytes(build(header, (), storage))
        content = first + b"".join(line + b"\n" for line, _ in kept)
        counts: dict[str, dict[str, int]] = {split: {} for split in SPLITS}
        for _, said in kept:
            row = counts[said.split]
            row[said.label] = row.get(said.label, 0) + 1
        table: dict[str, JsonValue] = {split: dict(row) for split, row in counts.items()}
        version = Version(digest_of(content), header.parent, note, len(kept), table, len(content))
        return content, version


def read_lines(storage: Storage, version: str) -> VersionLines:
    """A version from the hub's storage.

    Raises:
        NotFoundError: its file is gone.
        DataError: damaged, or its header is none.
        UnreachableError: the storage cannot be used.
    """
    first, _, body = storage.get(version).rstrip(b"\n").partition(b"\n")
    try:
        header = DatasetHeader.model_validate_json(first)
    except ValidationError as error:
        what = error.errors()[0]["msg"]
        raise DataError(f"line 1 is no header: {what}", where=version) from error
    return VersionLines(version, header, body)


def _told(value: Any) -> Line:
    sample, annotation, split = value["sample"], value["annotation"], str(value["split"])
    if split not in SPLITS:
        raise ValueError(f"unknown split {split!r}")
    meta = sample.get("meta")
    key = meta.get(KEY) if isinstance(meta, dict) else None
    return Line(
        str(sample["id"]), str(sample["digest"]), key if isinstance(key, str) else "",
        str(sample["media_type"]), split,
        str(annotation["label"]) if annotation is not None else "(none)",
    )  # fmt: skip
