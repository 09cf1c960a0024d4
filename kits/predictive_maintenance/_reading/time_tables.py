"""The format `table`: chooses between runs to failure and series in time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from kits.core.errors import DataError
from kits.core.kit import Finding, RawSample
from kits.predictive_maintenance._reading.files import table_files
from kits.predictive_maintenance._reading.life import find_lives, read_lives
from kits.predictive_maintenance._reading.series import read_series
from kits.predictive_maintenance._reading.sidecar import Sidecar
from kits.predictive_maintenance._reading.times import left_out


def read(path: Path, sidecar: Sidecar) -> Iterator[RawSample | Finding]:
    """Tables as recordings.

    Raises:
        DataError: no table there.
    """
    if not table_files(path):
        raise DataError("no table here", where=str(path), fix="looked for .csv .tsv .txt .parquet")
    if find_lives(path, sidecar):
        return left_out.unused(read_lives(path, sidecar), sidecar)
    return read_series(path, sidecar)
