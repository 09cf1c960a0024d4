"""Verdicts in the names of pictures, as inspection systems write them: `20250301_0815_Cam1_OK.bmp`."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from kits.core.dataset import SPLIT_WORDS
from kits.core.kit import Finding
from kits.visual_inspection._words import is_good, says_bad, tidy

_MOST_CLASSES = 12
_FEW_EACH, _SHARE = 5, 0.02
_OF_CAMERAS = frozenset(
    [
        "img",
        "image",
        "images",
        "dsc",
        "dscn",
        "dscf",
        "pic",
        "picture",
        "photo",
        "foto",
        "bild",
        "cam",
        "camera",
        "kamera",
        "frame",
        "scan",
        "snap",
        "snapshot",
        "capture",
        "shot",
        "p",
        "part",
        "teil",
        "sample",
    ]
)
_NO_KINDS = _OF_CAMERAS | frozenset(SPLIT_WORDS)
_MARKS = re.compile(r"[^\W\d_]+(?:\.[^\W\d_]+)*\.?|\d+")
"""A word (`n.i.O.` too), or a number."""


@dataclass(frozen=True)
class Named:
    """The class of each picture by its name."""

    labels: tuple[str, ...]

    def finding(self) -> Finding:
        counts = Counter(self.labels)
        told = ", ".join(f"{label}: {n}" for label, n in counts.most_common())
        return Finding("labels", "pass", f"classes by the names of the pictures ({told})")


def classes_in_names(stems: Sequence[str]) -> Named | None:
    """The classes, if at one place from the start or the end all names have a word of few, and one of those is a word for good parts."""
    split = [_MARKS.findall(stem) for stem in stems]
    shortest = min(map(len, split), default=0)
    for place in (-1, 0, *range(-2, -shortest - 1, -1), *range(1, shortest)):
        words = [marks[place].rstrip(".") for marks in split] if shortest else []
        kinds = {word.casefold() for word in words}
        if not 2 <= len(kinds) <= _MOST_CLASSES or any(kind.isdigit() for kind in kinds):
            continue
        good = {kind for kind in kinds if is_good(kind)}
        if good and good != kinds:
            return Named(tuple(map(tidy, words)))
    return None


def kinds_at_start(stems: Sequence[str]) -> list[str]:
    """The words that names begin with where a number follows, if these are several and not those of cameras: `Cr_1`, `In_1`."""
    split = [_MARKS.findall(stem) for stem in stems]
    if not all(
        marks and not marks[0].isdigit() and all(map(str.isdigit, marks[1:])) for marks in split
    ):
        return []
    counts = Counter(marks[0].casefold() for marks in split if marks[0].casefold() not in _NO_KINDS)
    often = [word for word, n in counts.items() if n >= max(_FEW_EACH, _SHARE * len(stems))]
    return sorted(often) if 2 <= len(often) <= _MOST_CLASSES else []


def named_bad(stems: Sequence[str]) -> list[str]:
    """Names with a word in them that says that a part is not good."""
    return [stem for stem in stems if any(says_bad(mark) for mark in _MARKS.findall(stem))]
