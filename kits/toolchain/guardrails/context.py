"""What every rule looks at."""

from __future__ import annotations

from dataclasses import dataclass

from kits.core.dataset import Dataset, DatasetItem
from kits.toolchain.pairing import NEGATIVE_TRUTHS
from kits.toolchain.project import Project


@dataclass(frozen=True)
class Context:
    """A project with its current dataset version (None before the first import)."""

    project: Project
    dataset: Dataset | None


def is_positive(item: DatasetItem) -> bool:
    """Whether the sample is one to act on: a label other than the good ones, or boxes."""
    annotation = item.annotation
    if annotation is None:
        return False
    return bool(annotation.boxes) or annotation.label.lower() not in NEGATIVE_TRUTHS
