"""HDF5 (Matlab from 7.3 on, pandas and programs that measure) → a table.

Datasets of one length are its columns: of several lengths those that hold most, the others are told.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from kits.core.errors import DataError, MachineError
from kits.predictive_maintenance._reading.columns.names import is_unit, split_unit
from kits.predictive_maintenance._reading.formats.hdf5_datasets import (
    Contents,
    Held,
    attribute,
    contents_of,
    last_of,
    text_of,
)
from kits.predictive_maintenance._reading.formats.one_length import left_out, with_most
from kits.predictive_maintenance._reading.formats.rates import with_single_numbers
from kits.predictive_maintenance._reading.formats.table import Column, Table, told_apart

SUFFIXES: Final = frozenset({".h5", ".hdf5", ".hdf"})
_SIGNATURE: Final = b"\x89HDF\r\n\x1a\n"
_HEADS: Final = (0, 512)
"""Where it stands: Matlab writes 512 bytes of its own before."""
_LISTS: Final = ("columns", "column_names", "names", "channels", "channel_names", "labels")
_PICKLED_WORD: Final = re.compile(r"V([^\n\\]*)\np\d+\n")
_PICKLED_LIST: Final = re.compile(r"\(lp\d+\n(?:V[^\n\\]*\np\d+\na)*\.")
_PER_SECOND: Final = {"s": 1.0, "ms": 1e3, "us": 1e6}


def is_hdf5(path: Path) -> bool:
    """Whether a file is HDF5, whatever its name."""
    with path.open("rb") as file:
        head = file.read(_HEADS[-1] + len(_SIGNATURE))
    return any(head[at:].startswith(_SIGNATURE) for at in _HEADS)


def read_hdf5(path: Path, most_bytes: int, max_rows: int | None) -> Table:
    """Reads one file.

    Args:
        most_bytes: of all columns, once they are unpacked.
        max_rows: only the first rows.

    Raises:
        DataError: damaged, too large, or nothing in it that can be columns.
        MachineError: the library is missing.
    """
    try:
        import h5py
    except ImportError as error:
        raise MachineError("HDF5 files need h5py", fix="pip install h5py") from error
    if not is_hdf5(path):
        raise DataError("no HDF5 file", where=path.name, fix="copy it again, or leave it out")
    try:
        with h5py.File(path, "r") as file:
            return _table(contents_of(file), most_bytes, max_rows, path.name)
    except (OSError, ValueError, KeyError, RuntimeError, TypeError, MemoryError) as error:
        line = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
        raise DataError(
            f"an HDF5 file that cannot be read: {line}",
            where=path.name,
            fix="copy or write it again, or export a CSV",
        ) from error


def _table(found: Contents, most_bytes: int, max_rows: int | None, where: str) -> Table:
    if not found.held:
        raise DataError(
            "no dataset with readings in it",
            where=where,
            fix="save readings as a dataset of numbers with one or two dimensions",
        )
    length = with_most((one.length, one.width) for one in found.held)
    taken = [one for one in found.held if one.length == length]
    size = 8 * length * sum(one.width for one in taken)
    if size > most_bytes:
        text = f"its readings take {size >> 20:,} MiB, more than {most_bytes >> 20:,}"
        raise DataError(text, where=where, fix="cut the file")
    columns = [column for one in taken for column in _columns(one, taken, found, max_rows)]
    single = {last_of(path): value for path, value in found.single.items()}
    made = with_single_numbers(columns, single, _beside(found, taken))
    used = {name for one in taken for name in _names(one, found)}
    left = [*found.others, *(one.path for one in found.held if one.length != length)]
    left = [path for path in left if used.isdisjoint(found.names.get(path, ()))]
    return Table(told_apart(made), findings=left_out(left, length))


def _beside(found: Contents, taken: Sequence[Held]) -> list[tuple[str, float]]:
    """Numbers beside the readings, and beside the groups that they are in."""
    above = {""}
    for one in taken:
        parts = one.path.split("/")
        above |= {"/".join(parts[:n]) for n in range(1, len(parts) + 1)}
    return [pair for path in above for pair in found.attributes.get(path, {}).items()]


def _columns(
    held: Held, taken: Sequence[Held], found: Contents, max_rows: int | None
) -> Iterator[Column]:
    alone = sum(one.name == held.name for one in taken) == 1
    name = held.name if alone else held.path
    listed = _names(held, found)
    for number, values in enumerate(held.read(max_rows), start=1):
        label = name if held.width == 1 else f"{name}{number}"
        yield _column(listed[number - 1] if listed else label, values, held)


def _column(header: str, values: NDArray[Any], held: Held) -> Column:
    name, unit = split_unit(header)
    unit = _unit(held) or unit
    if values.dtype.kind in "OS":
        texts = np.array([text_of(one).strip() for one in values], dtype=object)
        return Column(name, unit, "text", texts)
    # pandas: an index of times, in nanoseconds where nothing else is said
    kind = text_of(attribute(held.data, f"{held.field}_kind" if held.field else "kind"))
    if kind.startswith("datetime64") and values.dtype.kind == "i":
        seconds = values.astype(np.float64) / _PER_SECOND.get(
            kind[11:].partition(",")[0].rstrip("]"), 1e9
        )
        zone = text_of(attribute(held.data, "tz"))
        return Column("time", "", "time", seconds, naive=not zone)
    return Column(name, unit, "number", values.astype(np.float64))


def _unit(held: Held) -> str:
    if held.field:
        return ""
    words = [text_of(attribute(held.data, name)) for name in ("unit", "units", "Unit", "Units")]
    return next((word for word in words if is_unit(word)), "")


def _names(held: Held, found: Contents) -> tuple[str, ...]:
    """Names of a matrix's columns: beside it, or in a list in the same group (`X`, `X_names`; `block0_items` of pandas)."""
    if held.field:
        return _names_of_pandas(held)
    if not held.is_matrix:
        return ()
    for key in _LISTS:
        told = attribute(held.data, key)
        if isinstance(told, np.ndarray) and told.size == held.width:
            return tuple(text_of(one) for one in told.reshape(-1))
    group = held.path.rpartition("/")[0]
    stem = held.name.removesuffix("_values")
    near = [
        words
        for path, words in found.names.items()
        if path.rpartition("/")[0] == group
        and len(words) == held.width
        and last_of(path).startswith(stem)
    ]
    return near[0] if near else ()


def _names_of_pandas(held: Held) -> tuple[str, ...]:
    """Of columns that a frame keeps together: a pickle of a list of words, of which the words are read and nothing is run."""
    told = text_of(attribute(held.data, f"{held.field}_kind"))
    words = tuple(_PICKLED_WORD.findall(told)) if _PICKLED_LIST.fullmatch(told) else ()
    return words if len(words) == held.width else ()
