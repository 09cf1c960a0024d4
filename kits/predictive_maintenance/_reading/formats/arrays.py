"""Files of arrays (NumPy, Matlab) → arrays of numbers by name.

What they are as columns is `_reading/formats/tables.py`'s work.
"""

from __future__ import annotations

import re
import struct
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from kits.core.errors import DataError
from kits.predictive_maintenance._reading.columns.names import plain
from kits.predictive_maintenance._reading.formats.matlab_structs import arrays_within

SUFFIXES: Final = frozenset({".npy", ".npz", ".mat"})
_NUMBERED = re.compile(r"[A-Za-z]?\d+_?")
_DAMAGE: Final = (
    OSError, ValueError, EOFError, LookupError, MemoryError, struct.error, zipfile.BadZipFile, zlib.error,
)  # fmt: skip
_FIX: Final = "cut the file"
_FIX_MATLAB: Final = "save it with a variable per sensor; or convert it to CSV or Parquet"


def read_arrays(path: Path, most_bytes: int) -> dict[str, NDArray[Any]]:
    """Arrays of a file; one without a name is called by nothing.

    Args:
        most_bytes: of all arrays, once they are unpacked.

    Raises:
        DataError: damaged, too large, or of a kind that is not read.
    """
    try:
        if path.suffix.lower() == ".mat":
            return _matlab(path, most_bytes)
        return _numpy(path, most_bytes)
    except _DAMAGE as error:
        # a forged header asks for more memory than there is
        kind = "Matlab" if path.suffix.lower() == ".mat" else "NumPy"
        line = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
        fix = "save it again, arrays of numbers alone, or export a CSV"
        raise DataError(f"no {kind} file: {line}", where=path.name, fix=fix) from error


def _numpy(path: Path, most_bytes: int) -> dict[str, NDArray[Any]]:
    if path.suffix.lower() != ".npz":
        return {"": np.load(path, allow_pickle=False)}
    with zipfile.ZipFile(path) as archive:
        size = sum(info.file_size for info in archive.infolist())
    _bounded(size, most_bytes, path)
    with np.load(path, allow_pickle=False) as loaded:
        return dict(loaded)


def _largest(arrays: Mapping[str, NDArray[Any]]) -> int:
    return max((v.size for v in arrays.values()), default=0)


def _matlab(path: Path, most_bytes: int) -> dict[str, NDArray[Any]]:
    """Variables that hold numbers."""
    from scipy.io import loadmat, whosmat
    from scipy.io.matlab import MatReadError

    try:
        told = whosmat(str(path))
        _bounded(sum(8 * int(np.prod(shape)) for _, shape, _ in told), most_bytes, path)
        loaded = loadmat(str(path), squeeze_me=True)
    except (NotImplementedError, MatReadError, TypeError) as error:
        raise DataError(
            "a Matlab file of a version that is not read", where=path.name, fix=_FIX_MATLAB
        ) from error
    numbers = {n: np.asarray(v) for n, v in loaded.items() if not n.startswith("__")}
    within = arrays_within({n: v for n, v in numbers.items() if v.dtype.kind not in "fiub"})
    numbers = {n: v for n, v in numbers.items() if v.dtype.kind in "fiub" and v.ndim < 3}
    if _largest(within) > max(1, _largest(numbers)):  # else they tell of the readings beside them
        numbers = {f"{n}_of_file" if n in within else n: v for n, v in numbers.items()} | within
    if _largest(numbers) < 2:
        raise DataError("no variable with readings in it", where=path.name, fix=_FIX_MATLAB)
    names = _common_names(list(numbers))
    if len(names) == 1 and plain(names[0]) == plain(path.stem):
        names = [""]  # saved under the name of its file: the next file's has another one
    return dict(zip(names, numbers.values()))


def _common_names(names: list[str]) -> list[str]:
    """Without the number of the recording before each: `X097_DE_time` of one file is `X105_DE_time` of another."""
    heads = {match[0].rstrip("_") if (match := _NUMBERED.match(name)) else "" for name in names}
    if len(heads) != 1 or "" in heads:
        return names
    return [_NUMBERED.sub("", name, count=1) or name for name in names]


def _bounded(size: int, most_bytes: int, path: Path) -> None:
    if size > most_bytes:
        text = f"its arrays hold {size >> 20:,} MiB, more than {most_bytes >> 20:,}"
        raise DataError(text, where=path.name, fix=_FIX)
