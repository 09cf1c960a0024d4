"""Reads `*.txt`; a folder called `about-…` labels what is in it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from pydantic import BaseModel

from kits.core.annotation import Annotation
from kits.core.dataset import Dataset
from kits.core.errors import DataError
from kits.core.kit import Finding, RawSample


def detect_format(path: Path) -> str:
    if not any(path.rglob("*.txt")):
        raise DataError("no notes", where=str(path))
    return "folders"


def read(path: Path, format: str) -> Iterator[RawSample | Finding]:
    for file in sorted(path.rglob("*.txt")):
        label = file.parent.name.removeprefix("about-")
        said = Annotation(label) if label != file.parent.name else None
        yield RawSample(file.read_bytes(), "text/plain", file.name, said)


def check(dataset: Dataset, config: BaseModel) -> Iterable[Finding]:
    return []


def near_duplicates(contents: Iterable[tuple[str, bytes]]) -> list[tuple[str, str]]:
    return []
