"""One JSON file per sample, `{"value": 1.5, "group": "a"}`, in a folder per class.

`train/good/x.json` names a split too. A file that cannot be read is a finding, never a crash.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator
from pathlib import Path

from pydantic import BaseModel

from kits.core.annotation import Annotation
from kits.core.dataset import SPLITS, Dataset, Split
from kits.core.errors import DataError
from kits.core.kit import Finding, RawSample

GOOD = "good"


def detect_format(path: Path) -> str:
    """The format of the user's folder. Raises DataError when there is no JSON file in it."""
    if not path.is_dir() or not any(path.rglob("*.json")):
        raise DataError(
            "a folder without JSON files", where=str(path), fix="one folder per class: good/…"
        )
    return "folders"


def read(path: Path, format: str) -> Iterator[RawSample | Finding]:
    """Samples and complaints, in a stable order."""
    for file in sorted(path.rglob("*.json")):
        source = file.relative_to(path).as_posix()
        content = file.read_bytes()
        try:
            value = json.loads(content)
            value_of(value)
        except (ValueError, DataError) as error:
            yield Finding(
                "unreadable", "fail", f"not a sample: {error}", (source,), "correct the file"
            )
            continue
        yield RawSample(
            content,
            "application/json",
            source,
            Annotation(label=file.parent.name) if file.parent != path else None,
            group=str(value.get("group", "")),
            split=_split(file.relative_to(path)),
        )


def value_of(payload: object) -> float:
    """The number in a sample. Raises DataError when there is none."""
    value = payload.get("value") if isinstance(payload, dict) else None
    if not isinstance(value, (int, float)) or not math.isfinite(value):
        raise DataError("no finite number under 'value'")
    return float(value)


def check(dataset: Dataset, config: BaseModel) -> Iterable[Finding]:
    """Are there good samples to learn from?"""
    good = sum(i.annotation is not None and i.annotation.label == GOOD for i in dataset.of("train"))
    if good < 2:
        yield Finding(
            "good-samples",
            "fail",
            f"{good} good samples in train",
            fix="import at least two samples in a folder called good",
        )
    else:
        yield Finding("good-samples", "pass", f"{good} good samples in train")


def near_duplicates(contents: Iterable[tuple[str, bytes]]) -> list[tuple[str, str]]:
    """Pairs of samples with the same number to nine digits."""
    first: dict[str, str] = {}
    pairs = []
    for identity, content in contents:
        key = f"{value_of(json.loads(content)):.9g}"
        other = first.setdefault(key, identity)
        if other != identity:
            pairs.append((other, identity))
    return pairs


def _split(relative: Path) -> Split | None:
    return next((split for split in SPLITS if relative.parts[0] == split), None)
