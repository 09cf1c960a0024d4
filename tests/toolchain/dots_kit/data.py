"""Reads `[split/]label/*.png`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import cv2
import numpy as np
from pydantic import BaseModel

from kits.core.annotation import Annotation
from kits.core.dataset import Dataset
from kits.core.errors import DataError
from kits.core.kit import Finding, RawSample


def detect_format(path: Path) -> str:
    if not any(path.rglob("*.png")):
        raise DataError("no pictures", where=str(path))
    return "folders"


def read(path: Path, format: str) -> Iterator[RawSample | Finding]:
    for file in sorted(path.rglob("*.png")):
        content = file.read_bytes()
        if cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_GRAYSCALE) is None:
            yield Finding("corrupt", "warn", f"{file.name} cannot be read")
            continue
        split = next((s for s in ("train", "val", "test") if s in file.parts), None)
        yield RawSample(content, "image/png", file.name, Annotation(file.parent.name), split=split)


def check(dataset: Dataset, config: BaseModel) -> Iterable[Finding]:
    return []


def near_duplicates(contents: Iterable[tuple[str, bytes]]) -> list[tuple[str, str]]:
    return []
