"""Rows that two recordings share: what one of them is learnt from, the other must not be judged on.

Exports overlap: the last hour of one file is the first of the next. The same time with the same
values is the same row. Looks at dated series only; other copies are found in `_checking/duplicates.py`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from kits.core.harmless import readable
from kits.predictive_maintenance._reading.cut import FEWEST_ROWS
from kits.predictive_maintenance._reading.notes import Notes
from kits.predictive_maintenance._reading.recording import Part, Series

_LEAST_SHARED = 8
"""Fewer rows in a row that agree are chance: two machines at rest show the same now and then."""


def without_learnt(
    parts: Sequence[tuple[Series, Part]], notes: Notes
) -> Iterator[tuple[Series, Part]]:
    """The parts, those that are judged on without the rows that another series learns from."""
    learnt = [
        (series, _row_keys(series, part))
        for series, part in parts
        if part.split in ("train", "val") and series.absolute and part.end > part.start
    ]
    keys = np.concatenate([k for _, k in learnt]) if learnt else np.zeros(0, np.uint64)
    owners = np.repeat([_number(s) for s, _ in learnt], [k.size for _, k in learnt])
    order = np.argsort(keys, kind="stable")
    keys, owners = keys[order], owners[order] if learnt else np.zeros(0, np.uint64)
    for series, part in parts:
        if part.split != "test" or not series.absolute or not keys.size:
            yield series, part
            continue
        shared = _shared(_row_keys(series, part), _number(series), keys, owners)
        shared = _copied(shared, series.values[:, part.start : part.end])
        count = int(shared.sum())
        if not count:
            yield series, part
            continue
        notes.warn(
            "overlap",
            "rows that stand in another file's learnt part too are not judged on",
            f"{series.source}: {count} rows",
            "export each stretch of time once, or state one asset for files that continue each other",
        )
        for start, end in _stretches(~shared):
            if end - start >= FEWEST_ROWS:
                yield series, replace(part, start=part.start + start, end=part.start + end)


def _number(series: Series) -> np.uint64:
    named = readable(f"{series.asset}\0{series.source}").encode()
    digest = hashlib.blake2b(named, digest_size=8).digest()
    return np.uint64(int.from_bytes(digest, "little"))


def _row_keys(series: Series, part: Part) -> NDArray[np.uint64]:
    """A number per row from its time (ms) and its values; equal rows have equal numbers."""
    if series.seconds is None:
        return np.zeros(0, np.uint64)
    rows = slice(part.start, part.end)
    mixed = np.round(series.seconds[rows] * 1000).astype(np.int64).astype(np.uint64)
    for name, row in sorted(zip(series.names, series.values)):
        salt = np.frombuffer(
            hashlib.blake2b(readable(name).encode(), digest_size=8).digest(), np.uint64
        )[0]
        bits = np.ascontiguousarray(row[rows].astype(np.float32)).view(np.uint32).astype(np.uint64)
        # multiplication by an odd number and a shift spread the bits; overflow is meant
        mixed = (mixed ^ (bits + salt)) * np.uint64(0x9E3779B97F4A7C15)
        mixed ^= mixed >> np.uint64(29)
    return mixed


def _shared(
    own: NDArray[np.uint64], me: np.uint64, keys: NDArray[np.uint64], owners: NDArray[np.uint64]
) -> NDArray[np.bool_]:
    at = np.minimum(np.searchsorted(keys, own), keys.size - 1)
    return np.asarray((keys[at] == own) & (owners[at] != me))


def _copied(shared: NDArray[np.bool_], values: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Of rows that agree, those of stretches that are long and hold more than machines at rest show alike."""
    changes = np.zeros(shared.size, bool)
    moved = values[:, 1:] != values[:, :-1]
    moved &= np.isfinite(values[:, 1:]) | np.isfinite(values[:, :-1])
    changes[1:] = moved.any(axis=0)
    found = np.zeros(shared.size, bool)
    for start, end in _stretches(shared):
        found[start:end] = 1 + int(changes[start + 1 : end].sum()) >= _LEAST_SHARED
    return found


def _stretches(kept: NDArray[np.bool_]) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], kept, [False]]).astype(np.int8)))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist()))
