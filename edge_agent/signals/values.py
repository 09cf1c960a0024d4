"""Values and times as messages hold them: paths into JSON, numbers as text, raw arrays, times of any usual form.

Pure. What cannot be read is a DataError.
"""

from __future__ import annotations

import contextlib
import json
import math
import re
from datetime import datetime, timezone
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kits.core.errors import DataError

_STEP = re.compile(r"([^.\[\]]+)|\[(\d{1,6})\]")
_MOST_SAID = 40
ABSENT: Final = object()
"""Nothing lies at a path; null is something."""


def parsed_json(content: bytes) -> object:
    """Raises DataError: it is no JSON."""
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        raise DataError("not JSON") from error


def at_path(value: object, path: str) -> object:
    """What lies at a path such as `data.rms` or `x[0].v`."""
    for step in _STEP.finditer(path):
        name, index = step.groups()
        if isinstance(value, dict) and path[step.start() :] in value:
            return value[path[step.start() :]]  # a key may hold points and brackets itself
        if name and isinstance(value, dict) and name in value:
            value = value[name]
        elif index and isinstance(value, list) and int(index) < len(value):
            value = value[int(index)]
        else:
            return ABSENT
    return value


def number_if_it_is(value: object) -> object:
    """Many devices write numbers between quotation marks."""
    if isinstance(value, str):
        with contextlib.suppress(ValueError):
            return float(value)
    return value


def scaled_value(value: object, scale: float) -> object:
    """A number or an array, scaled; anything else as it is. Raises DataError: an array of something else."""
    if isinstance(value, list):
        try:
            return np.asarray(value, np.float64) * scale
        except (TypeError, ValueError, OverflowError) as error:
            raise DataError("an array that is not of numbers") from error
    return scaled(value, scale)


def scaled(value: object, scale: float) -> object:
    """A number, scaled; anything else as it is. Raises DataError: a number beyond all bounds."""
    return _as_float(value) * scale if isinstance(value, int | float) else value


def _as_float(value: float) -> float:
    """JSON knows whole numbers of any length."""
    try:
        return float(value)
    except OverflowError as error:
        raise DataError("a number beyond all bounds") from error


def raw_array(content: bytes, kind: str) -> NDArray[np.float64]:
    """Readings of numpy's type `kind`. Raises DataError: it ends within one."""
    size = np.dtype(kind).itemsize
    if len(content) % size:
        raise DataError("an array that ends within a reading")
    return np.frombuffer(content, kind).astype(np.float64)


def number_of(content: bytes) -> float:
    """A number as text. Raises DataError: it is none."""
    try:
        return float(content)
    except ValueError as error:
        told = content[:_MOST_SAID].decode("utf-8", "replace")
        raise DataError(f"{told!r} is no number") from error


def time_of(value: object) -> float | None:
    """Seconds since 1970 of seconds, milliseconds, microseconds, nanoseconds or an ISO time."""
    if isinstance(value, str):
        try:
            at = datetime.fromisoformat(value.replace("Z", "+00:00"))
        except ValueError:
            return None
        return (at if at.tzinfo is not None else at.replace(tzinfo=timezone.utc)).timestamp()
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    seconds = _as_float(value)
    while 1e11 < seconds < math.inf:
        seconds /= 1000
    return seconds if math.isfinite(seconds) else None
