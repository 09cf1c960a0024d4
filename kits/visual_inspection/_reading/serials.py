"""Pictures by the serial number in their names: the line's own system has a row per part, not per picture (`P4711_top.jpg`, `P4711_side.jpg`)."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

_MARK = re.compile(r"[^\W_]+")
_LEAST, _DIGITS = 4, 5
"""So short is no serial number; so many figures are one without the letters around them, too."""
_MOST_MARKS = 8
_MOST_PICTURES = 20
"""What more pictures have in their names is a day, a lot or a camera."""


class Serials:
    """The pictures of each part, by what their names may call it.

    Args:
        files: the pictures.
    """

    def __init__(self, files: Iterable[Path]) -> None:
        found: dict[str, list[Path]] = defaultdict(list)
        for file in files:
            for name in _called(file.stem.lower()):
                found[name].append(file)
        # the whole name is that of a picture, unless cameras have a folder each and one part a name in all of them
        self._of = {
            name: some
            for name, some in found.items()
            if len(some) <= _MOST_PICTURES and (len(some) > 1 or some[0].stem.lower() != name)
        }

    def of(self, written: str) -> Sequence[Path]:
        """The pictures of a part; none where nothing is called so, or too much."""
        return self._of.get(written.strip().lower(), ())

    def knows(self, written: str) -> bool:
        """Whether some pictures are called so."""
        return bool(self.of(written))


def _called(stem: str) -> set[str]:
    """All runs of marks in a name with a figure in them: of `cam1_sn-4711` also `4711` and `sn-4711`."""
    marks = list(_MARK.finditer(stem))[:_MOST_MARKS]
    runs = {
        stem[first.start() : last.end()]
        for number, first in enumerate(marks)
        for last in marks[number:]
    }
    figures = {run for mark in marks for run in re.findall(rf"\d{{{_DIGITS},}}", mark[0])}
    return {run for run in runs | figures if len(run) >= _LEAST and any(map(str.isdigit, run))}
