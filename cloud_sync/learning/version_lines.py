"""A dataset version's file line by line: who is in it, and the same file without some of them.

A line stays as it is or goes. Making objects of ten thousand samples, as `datasets.read` does, takes twenty times as long;
so this is the way for whoever looks through all versions for a few samples.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pydantic import JsonValue, ValidationError

from cloud_sync.learning.datasets import Version
from cloud_sync.store.storage import Storage
from kits.core.dataset import NO_LABEL, SPLITS, DatasetHeader, build, to_bytes
from kits.core.errors import DataError
from kits.core.sample import KEY, digest_of

FEW = 20
"""So many words are looked for in each line before it is read."""


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

    def told(self) -> Iterator[tuple[int, Line]]:
        """Places from 0, and what each line says.

        Raises:
            DataError: one is no sample; the message names it.
        """
        yield from self._read(range(len(self.lines)))

    def naming(self, words: Collection[str]) -> Iterator[tuple[int, Line]]:
        """The same of lines that may hold one of these words: of a few words the others need not be read."""
        needles = [json.dumps(word, ensure_ascii=False)[1:-1].encode() for word in words]
        if not any(needle in self.body for needle in needles):
            return
        every = enumerate(self.lines)
        if len(needles) > FEW:
            yield from self.told()
        else:
            yield from self._read(n for n, line in every if any(word in line for word in needles))

    def _read(self, places: Iterable[int]) -> Iterator[tuple[int, Line]]:
        for place in places:
            try:
                yield place, _told(json.loads(self.lines[place]))
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                what = f"line {place + 2} is not a sample: {error}"
                raise DataError(what, where=self.id) from error

    def without(
        self, gone: Mapping[int, Line], note: str, counts: Mapping[str, JsonValue], storage: Storage
    ) -> tuple[bytes, Version]:
        """The file of a version without some lines, and what tables say of it.

        Args:
            gone: place → line, as `told` gives them.
            counts: what tables say of this one; where that is not of all lines, they are counted.
        """
        header = self.header.model_copy(update={"note": note})
        kept = [line + b"\n" for place, line in enumerate(self.lines) if place not in gone]
        content = to_bytes(build(header, (), storage)) + b"".join(kept)
        table = self._counts(gone, counts)
        return content, Version(
            digest_of(content), header.parent, note, len(kept), table, len(content)
        )

    def _counts(
        self, gone: Mapping[int, Line], counts: Mapping[str, JsonValue]
    ) -> dict[str, JsonValue]:
        """split → label → samples."""
        left: dict[str, Counter[str]] = {split: Counter() for split in SPLITS}
        for split, row in counts.items():
            labels = row.items() if split in left and isinstance(row, Mapping) else ()
            left[split].update({label: n for label, n in labels if isinstance(n, int)})
        if sum(row.total() for row in left.values()) != len(self.lines):
            left = {split: Counter() for split in SPLITS}
            for _, line in self.told():
                left[line.split][line.label] += 1
        for line in gone.values():
            left[line.split][line.label] -= 1
        return {split: {name: n for name, n in row.items() if n} for split, row in left.items()}


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
        _label(annotation) if annotation is not None else NO_LABEL,
    )  # fmt: skip


def _label(annotation: Mapping[str, JsonValue]) -> str:
    """As `Dataset.counts` has it; what is empty is left out of a line."""
    return str(annotation.get("label", "")) or NO_LABEL
