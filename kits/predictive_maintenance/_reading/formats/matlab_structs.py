"""Structures of Matlab → their arrays by name: fields of one, and lists of signals that have a name and data each.

Arrays that lie deeper, or of which nothing says the name, are none; so are cells of texts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

_DEEPEST = 4
_MOST_SIGNALS = 1_000
_NAMES, _DATA = (
    ("name", "label", "channel", "signal"),
    ("data", "values", "value", "signal", "samples"),
)
_EVEN = 1e-6


def arrays_within(loaded: Mapping[str, Any]) -> dict[str, NDArray[Any]]:
    """Arrays of numbers below variables that are structures; a name that comes again has that of its structure before it."""
    found: dict[str, NDArray[Any]] = {}
    for name, value in loaded.items():
        for path, array in _below(name, np.asarray(value), 0):
            own = path.rpartition(".")[2]
            free = own if own not in found else path
            number = 2
            while free in found:
                free, number = f"{path}_{number}", number + 1
            found[free] = array
    return found


def _below(path: str, value: NDArray[Any], depth: int) -> Iterator[tuple[str, NDArray[Any]]]:
    if depth > _DEEPEST:
        return
    if value.dtype.names is None:
        if value.dtype == object and value.size == 1:
            yield from _below(path, np.asarray(value.item()), depth + 1)
        elif value.dtype.kind in "fiub" and value.ndim < 3 and value.size:
            yield path, value
    elif value.size == 1:
        record = value.reshape(-1)[0]
        for field in value.dtype.names:
            yield from _below(f"{path}.{field}", np.asarray(record[field]), depth + 1)
    elif value.ndim == 1 and value.size <= _MOST_SIGNALS:
        yield from _signals(path, value)


def _signals(path: str, value: NDArray[Any]) -> Iterator[tuple[str, NDArray[Any]]]:
    """Of a list of structures those that have a name and numbers; what rises evenly is the time of others."""
    assert value.dtype.names is not None
    fields = {field.lower(): field for field in value.dtype.names}
    name = next((fields[one] for one in _NAMES if one in fields), None)
    data = next((fields[one] for one in _DATA if one in fields and fields[one] != name), None)
    if name is None or data is None:
        return
    given = [(_text(one[name]) or f"{n}", np.asarray(one[data])) for n, one in enumerate(value, 1)]
    signals = [
        (own, array) for own, array in given if array.dtype.kind in "fiub" and array.ndim == 1
    ]
    times = [array for _, array in signals if _is_time(array)]
    if times and len(times) == len(signals):
        yield f"{path}.time", max(times, key=lambda array: array.size)
        return
    for own, array in signals:
        yield f"{path}.{own}", array


def _text(value: Any) -> str:
    """A name; empty where none is given: Matlab keeps an empty array for that."""
    return str(value).strip() if isinstance(value, str) else ""


def _is_time(array: NDArray[Any]) -> bool:
    if array.size < 3:
        return False
    steps = np.diff(array.astype(np.float64))
    return bool(
        steps[0] > 0
        and np.all(np.abs(steps - steps[0]) <= _EVEN * max(abs(float(array[-1])), steps[0]))
    )
