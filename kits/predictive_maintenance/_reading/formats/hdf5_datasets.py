"""What lies in an HDF5 file: datasets that can be columns, single numbers, lists of names, and what is none of these.

Nothing outside of the file is followed or read, and nothing is unpickled. What becomes of it is decided elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import prod
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

MOST_DATASETS: Final = 20_000
_MOST_ATTRIBUTES: Final = 100
_MOST_NAMES: Final = 5_000
_WORDS_OF_MATLAB: Final = ("struct", "cell", "char", "function_handle")


@dataclass(frozen=True)
class Held:
    """A dataset that can be columns, or a field of one whose rows are records.

    Attributes:
        length: readings of each of its columns.
        width: how many columns.
        lying: its rows are columns.
    """

    path: str
    data: Any
    length: int
    width: int = 1
    field: str = ""
    lying: bool = False

    @property
    def name(self) -> str:
        """Without the groups that it lies in."""
        return last_of(self.path)

    @property
    def is_matrix(self) -> bool:
        """Whether its columns may have names of their own, be it one."""
        return not self.field and self.data.ndim == 2

    def read(self, most_rows: int | None) -> NDArray[Any]:
        """(width, rows), texts as objects."""
        part = (slice(None), slice(most_rows)) if self.lying else slice(most_rows)
        data = self.data.fields(self.field) if self.field else self.data
        if not self.field and is_text(self.data):
            data = self.data.asstr(errors="replace")
        found = np.asarray(data[part])
        return np.atleast_2d(found if self.lying or found.ndim == 1 else found.T)


@dataclass
class Contents:
    """Of one file.

    Attributes:
        held: what can be columns.
        single: path → a number that stands alone.
        attributes: path → numbers beside a group or dataset, by name.
        names: path → words, which may name the columns of another dataset.
        others: paths of datasets that are none of these.
    """

    held: list[Held] = field(default_factory=list)
    single: dict[str, float] = field(default_factory=dict)
    attributes: dict[str, dict[str, float]] = field(default_factory=dict)
    names: dict[str, tuple[str, ...]] = field(default_factory=dict)
    others: list[str] = field(default_factory=list)


def contents_of(file: Any) -> Contents:
    """Looks at an open file."""
    import h5py

    nodes: list[tuple[str, Any]] = [("", file)]

    def visit(path: str, node: Any) -> bool | None:
        nodes.append((path, node))
        return True if len(nodes) > MOST_DATASETS else None

    file.visititems(visit)  # goes along no links
    found = Contents()
    for path, node in nodes:
        numbers = _numbers_beside(node)
        if numbers:
            found.attributes[path] = numbers
        if isinstance(node, h5py.Dataset) and not _is_inner(path):
            _look_at(found, path, node)
    return found


def _is_inner(path: str) -> bool:
    """What cells of Matlab refer to, and the indices of PyTables: of no use by themselves."""
    return any(part.startswith(("#", "_i_")) for part in path.split("/"))


def _look_at(found: Contents, path: str, data: Any) -> None:
    if not data.size:
        return
    held = [] if _lies_elsewhere(data) or _is_word_of_matlab(data) else _columns_in(path, data)
    found.held += held
    words = _words_in(data)
    if words:
        found.names[path] = words
    if held or words:
        return
    if data.size == 1 and data.dtype.kind in "fiub" and not _lies_elsewhere(data):
        found.single[path] = float(np.asarray(data[()]).reshape(-1)[0])
    elif not _is_word_of_matlab(data):
        found.others.append(path)


def _columns_in(path: str, data: Any) -> list[Held]:
    """What of a dataset can be columns: of its own, or of each field of its records."""
    if data.size < 2 or data.ndim not in (1, 2):
        return []
    if data.dtype.names and data.ndim == 1:
        return [
            Held(f"{path}/{name}", data, data.shape[0], prod(kind.shape), name)
            for name in data.dtype.names
            if (kind := data.dtype[name]).base.kind in "fiubS" and len(kind.shape) < 2
        ]
    if data.ndim == 1:
        numbers = data.dtype.kind in "fiub"
        return [Held(path, data, data.shape[0])] if numbers or is_text(data) else []
    if data.dtype.kind not in "fiub":
        return []
    rows, width = max(data.shape), min(data.shape)
    return [Held(path, data, rows, width, lying=data.shape[0] < data.shape[1])]


def _lies_elsewhere(data: Any) -> bool:
    """Whether a dataset's values lie in other files, which it may name as it likes."""
    return bool(data.external) or bool(data.is_virtual)


def _is_word_of_matlab(data: Any) -> bool:
    return text_of(attribute(data, "MATLAB_class")) in _WORDS_OF_MATLAB


def _words_in(data: Any) -> tuple[str, ...]:
    """A short list of texts."""
    if not is_text(data) or data.size > _MOST_NAMES or _lies_elsewhere(data):
        return ()
    return tuple(text_of(one) for one in np.asarray(data[()]).reshape(-1))


def _numbers_beside(node: Any) -> dict[str, float]:
    found = {}
    for name in list(node.attrs)[:_MOST_ATTRIBUTES]:
        value = np.asarray(attribute(node, name))
        if value.size == 1 and value.dtype.kind in "fiu":
            found[name] = float(value.reshape(-1)[0])
    return found


def attribute(node: Any, name: str) -> Any:
    """What stands beside a node; nothing where that is of a kind that numpy has no word for."""
    try:
        return node.attrs.get(name, "")
    except (OSError, TypeError, ValueError):
        return ""


def is_text(data: Any) -> bool:
    """Whether a dataset holds texts."""
    import h5py

    return h5py.check_string_dtype(data.dtype) is not None


def text_of(value: Any) -> str:
    """As words, whatever it was written by."""
    if isinstance(value, np.ndarray) and value.size == 1:
        value = value.reshape(-1)[0]
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)


def last_of(path: str) -> str:
    """The name behind the groups."""
    return path.rpartition("/")[2]
