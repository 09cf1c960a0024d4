"""Which colour or value of masks means what: CVAT's `labelmap.txt`, Roboflow's `_classes.csv`, CamVid's `class_dict.csv`."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from kits.core.column_names import plain
from kits.visual_inspection._reading.documents import files_under
from kits.visual_inspection._words import is_good

Colour: TypeAlias = tuple[int, ...]
"""Blue, green, red, as OpenCV has them; of a value alone one number."""
_LISTS = ("labelmap.txt", "_classes.csv", "class_dict.csv")
_NOTHING = frozenset({"background", "unlabeled", "unlabelled", "void", "ignore", "hintergrund"})
_MOST_KINDS = 200
_MAX_BYTES = 1 << 20


@dataclass(frozen=True)
class MaskKinds:
    """Names of kinds by the colour or value that masks have for them; an empty name is no defect."""

    by_colour: Mapping[Colour, str] = field(default_factory=dict)

    def name(self, number: int) -> str:
        """The kind of a number in a map; empty: nothing says it."""
        names = list(self.by_colour.values())
        return names[number - 1] if 0 < number <= len(names) else ""

    def values(self, coloured: bool) -> Iterator[tuple[int, Colour]]:
        """Number in a map (0: no defect) and what pixels have for it."""
        for number, (colour, name) in enumerate(self.by_colour.items(), start=1):
            if (len(colour) == 3) == coloured:
                yield (number if name else 0), colour


NO_KINDS = MaskKinds()


def kinds_of_masks(path: Path) -> MaskKinds:
    """What the lists below a folder say."""
    found: dict[Colour, str] = {}
    for file in files_under(path, (".txt", ".csv")):
        if file.name.lower() in _LISTS and file.stat().st_size <= _MAX_BYTES:
            text = file.read_text("utf-8-sig", errors="replace")
            found |= dict(_colours(text) if file.suffix.lower() == ".txt" else _rows(text))
    return MaskKinds(dict(list(found.items())[:_MOST_KINDS]))


def _colours(text: str) -> Iterator[tuple[Colour, str]]:
    """Lines such as `dent:184,61,245::`."""
    for line in text.splitlines():
        name, _, rest = line.partition(":")
        colour = _numbers(rest.partition(":")[0].split(","))
        if not line.startswith("#") and colour is not None and len(colour) == 3:
            yield colour[::-1], _kind(name)


def _rows(text: str) -> Iterator[tuple[Colour, str]]:
    """Rows of a value and a class, or of a class and red, green and blue."""
    for row in csv.reader(text.splitlines()):
        value = _numbers(row[:1])
        colour = _numbers(row[1:4])
        if value is not None and len(row) == 2:
            yield value, _kind(row[1])
        elif colour is not None and len(row) == 4:
            yield colour[::-1], _kind(row[0])


def _numbers(cells: list[str]) -> Colour | None:
    words = [cell.strip() for cell in cells]
    if not words or not all(word.isascii() and word.isdigit() and len(word) <= 3 for word in words):
        return None
    return tuple(int(word) for word in words)


def _kind(name: str) -> str:
    return "" if plain(name) in _NOTHING or is_good(name) else name.strip()
