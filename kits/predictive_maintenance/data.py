"""The user's recordings of machines and their labels → samples and findings; checks; export.

Which layout a folder has is found out in `_reading/layout.py`; a reader per format, the kit's checks,
look-alikes and the writer have modules of their own. Nothing here trains or predicts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from pathlib import Path

from pydantic import BaseModel

from kits.core.dataset import Dataset
from kits.core.errors import chosen
from kits.core.kit import Finding, RawSample
from kits.predictive_maintenance._checking import checks as _checks
from kits.predictive_maintenance._checking.duplicates import near_duplicates
from kits.predictive_maintenance._reading import own as _own
from kits.predictive_maintenance._reading import snapshots as _snapshots
from kits.predictive_maintenance._reading import time_tables as _time_tables
from kits.predictive_maintenance._reading.captures import captures as _captures
from kits.predictive_maintenance._reading.files import say_packed
from kits.predictive_maintenance._reading.layout import detect_format
from kits.predictive_maintenance._reading.sidecar import Sidecar, load_sidecar
from kits.predictive_maintenance._reading.times import left_out

__all__ = ["check", "detect_format", "near_duplicates", "read", "write"]

Reader = Callable[[Path, Sidecar], Iterator[RawSample | Finding]]
_READERS: dict[str, Reader] = {
    "table": _time_tables.read,
    "snapshots": _snapshots.read,
    "captures": _captures.read,
    "windows": _own.read,
}
_WRITERS = {"windows": _own.write}


def read(path: Path, format: str) -> Iterator[RawSample | Finding]:
    """Samples and complaints, in a stable order; a bad file is a Finding, never a crash.

    Raises:
        UsageError: an unknown format.
        DataError: the layout as a whole cannot be read.
        ConfigError: `machines.yaml` is wrong.
    """
    name = detect_format(path) if format == "auto" else format
    sidecar = load_sidecar(path)
    found = chosen(name, _READERS, "unknown format")(path, sidecar)
    return chain(say_packed(path), found if name == "table" else left_out.unused(found, sidecar))


def check(dataset: Dataset, config: BaseModel) -> Iterable[Finding]:
    """The kit's own checks of a dataset version."""
    return _checks.check(dataset, config)


def write(dataset: Dataset, folder: Path, format: str) -> int:
    """Writes a version as `windows`; how many samples.

    Raises:
        UsageError: another format.
        DataError: a sample's bytes are absent or damaged.
    """
    chosen(format, _WRITERS, "cannot export")(dataset, folder)
    return len(dataset.items)
