"""The kit's own checks."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import BaseModel

from kits.core.dataset import Dataset
from kits.core.kit import Finding


def check(dataset: Dataset, config: BaseModel) -> Iterator[Finding]:
    del dataset, config
    """Nothing yet."""
    yield from ()
