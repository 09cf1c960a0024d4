"""Frames of a film, or several shots of each part, with numbers for names: no name says what belongs together, but what follows looks alike."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

import numpy as np

from kits.core.dataset import Dataset, DatasetItem
from kits.core.kit import Finding
from kits.core.sample import day_of
from kits.visual_inspection._duplicates import thumbnail

_LOOKED_AT, _LEAST = 200, 60
"""Pictures that follow each other in one folder; fewer say nothing."""
_NEAREST, _SHARE = 5, 0.3
"""By chance a picture's next one is among so many nearest of 60 to 200 in 3 to 8 of 100 cases."""

_SHOWN = 10


def check(dataset: Dataset) -> Iterator[Finding]:
    """A warning where the next picture by name is mostly among the most similar ones, and counts as another part."""
    row = _row(dataset.items)
    if len(row) < _LEAST or all(day_of(item.sample) for item in row):
        return  # whole days stay together, and bounds reckon with how alike parts of a day are
    small = [thumbnail(dataset.content(item)) for item in row]
    known = [(item, one) for item, one in zip(row, small) if one is not None]
    if len(known) < _LEAST:
        return
    followed = _followed(np.stack([one.ravel() for _, one in known]).astype(np.float32))
    share = float(followed.mean())
    if share < _SHARE:
        return
    pairs = [(known[n][0], known[n + 1][0]) for n in np.flatnonzero(followed)]
    torn = sum(one.split != two.split for one, two in pairs)
    what = f", and {torn} of these pairs stand in two splits: figures are too good" if torn else ""
    yield Finding(
        "neighbours-alike",
        "warn",
        f"for {share:.0%} of {len(known)} pictures the next one by name is among the {_NEAREST} most similar, as in films or where each "
        f"part was taken several times; they count as parts of their own, so bounds and intervals are narrower than so few parts allow{what}",
        tuple(f"{one.sample.source} ~ {two.sample.source}" for one, two in pairs[:_SHOWN]),
        "keep one picture of each part, or have names say which part it is (P17_1.jpg), set data.group_by, and import with --replace; "
        "nothing to do if each shows another part",
    )


def _row(items: Sequence[DatasetItem]) -> list[DatasetItem]:
    """Pictures that follow each other by name in the folder with the most, one of each group."""
    folders: dict[str, dict[str, DatasetItem]] = defaultdict(dict)
    for item in sorted(items, key=lambda one: _order(one.sample.source)):
        folder = str(PurePosixPath(item.sample.source).parent)
        folders[folder].setdefault(item.sample.group or item.sample.id, item)
    longest = max(folders.values(), key=len, default={})
    return list(longest.values())[:_LOOKED_AT]


def _order(name: str) -> list[tuple[int, str]]:
    """So that 10 comes after 9."""
    return [(int(mark) if mark.isdecimal() else -1, mark) for mark in re.split(r"(\d+)", name)]


def _followed(pixels: np.ndarray) -> np.ndarray:
    """Whether the next picture is among the nearest of each, the light left aside: (n - 1,)."""
    even = pixels - pixels.mean(axis=1, keepdims=True)
    squares = (even**2).sum(axis=1)
    apart = squares[:, None] + squares[None] - 2 * even @ even.T
    np.fill_diagonal(apart, np.inf)
    following = np.diagonal(apart, 1)
    return np.asarray((apart[:-1] < following[:, None]).sum(axis=1) < _NEAREST)
