"""The same made-up parts as tools, cameras and public sets keep them, read without a setting: what of them the kit finds.

Of each layout: pictures found, verdicts, kinds of defect, boxes and splits that are the true ones. Layouts are written by what
the makers say of them, not by real projects.

Usage: python -m benchmarks.picture_layouts [NAME …] [--parts 40] [--seed 3] [--keep FOLDER]
NAME: part of a layout's name; without any, all.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from benchmarks.machines_run import header, table
from benchmarks.pictures import (
    folder_layouts,
    further_layouts,
    list_layouts,
    table_layouts,
    tool_layouts,
)
from benchmarks.pictures.made import Part, make_parts
from benchmarks.pictures.writing import Layout
from kits.core.errors import KitwrightError
from kits.core.kit import Finding, RawSample
from kits.visual_inspection import data

LAYOUTS = (
    *folder_layouts.LAYOUTS,
    *tool_layouts.LAYOUTS,
    *list_layouts.LAYOUTS,
    *table_layouts.LAYOUTS,
    *further_layouts.LAYOUTS,
)
_SLACK = 2.0
"""Pixels by which a side of a box may differ: masks are drawn."""


@dataclass(frozen=True)
class Found:
    """What was read of a layout.

    Attributes:
        samples: by the number of the part.
        strange: pictures that are no part.
        there: the numbers of the parts whose pictures lie in the folder.
    """

    format: str
    samples: dict[int, RawSample]
    strange: tuple[str, ...]
    there: frozenset[int]
    findings: tuple[Finding, ...]

    def wrong(self, layout: Layout, parts: Sequence[Part]) -> list[str]:
        """What is not as it is in truth, in words; what the layout does not tell is not asked for."""
        said = []
        if self.strange:
            said.append(f"{len(self.strange)} pictures are no parts, as {self.strange[0]}")
        if self.samples.keys() != self.there:
            said.append(f"{len(self.samples)} pictures, {len(self.there)} in truth")
        pairs = [(self.samples[p.number], p) for p in parts if p.number in self.samples]
        for what, right in _questions(layout):
            bad = sum(not right(sample, part) for sample, part in pairs)
            if bad:
                said.append(f"{bad} of {len(pairs)} {what} wrong")
        return said


Question: TypeAlias = Callable[[RawSample, Part], bool]


def _questions(layout: Layout) -> Iterator[tuple[str, Question]]:
    unsaid = "good" in layout.told
    yield (
        "verdicts",
        lambda sample, part: _verdict(sample) == (None if unsaid and part.good else part.good),
    )
    if "kind" not in layout.told:
        yield (
            "kinds",
            lambda sample, part: (
                part.good or _kind(sample) == layout.words.get(part.kind, part.kind)
            ),
        )
    if "boxes" not in layout.told:
        yield "places", _place
    if "split" not in layout.told:
        yield (
            "splits",
            lambda sample, part: (unsaid and part.good) or sample.split == layout.split_of(part),
        )


def _verdict(sample: RawSample) -> bool | None:
    note = sample.annotation
    return None if note is None else note.label == "good" and not note.boxes


def _kind(sample: RawSample) -> str:
    return sample.annotation.label if sample.annotation else ""


def _place(sample: RawSample, part: Part) -> bool:
    boxes = sample.annotation.boxes if sample.annotation else ()
    if part.box is None or len(boxes) != 1:
        return part.box is None and not boxes
    one = boxes[0]
    return all(abs(a - b) <= _SLACK for a, b in zip((one.x0, one.y0, one.x1, one.y1), part.box))


def look(path: Path, parts: Sequence[Part]) -> Found:
    """Reads a folder as `kit data import` does, without a setting.

    Raises:
        KitwrightError: it is refused.
    """
    known = {part.encoded(end): part.number for part in parts for end in (".jpg", ".png", ".bmp")}
    files = (file.read_bytes() for file in path.rglob("*") if file.is_file())
    there = frozenset(known[content] for content in files if content in known)
    format = data.detect_format(path)
    samples: dict[int, RawSample] = {}
    strange: list[str] = []
    findings: list[Finding] = []
    for one in data.read(path, format):
        if isinstance(one, Finding):
            findings.append(one)
        elif (number := known.get(one.content)) is None or number in samples:
            strange.append(one.source)
        else:
            samples[number] = one
    return Found(format, samples, tuple(strange), there, tuple(findings))


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("names", nargs="*", help="part of a layout's name; without any, all")
    parser.add_argument("--parts", type=int, default=40, help="pictures in each")
    parser.add_argument("--seed", type=int, default=3)
    parser.add_argument("--keep", type=Path, help="a folder to write them to, to look at them")
    given = parser.parse_args(arguments)
    parts = make_parts(given.parts, given.seed)
    chosen = [
        one
        for one in LAYOUTS
        if not given.names or any(n.lower() in one.name.lower() for n in given.names)
    ]
    with tempfile.TemporaryDirectory() as scratch:
        root = given.keep or Path(scratch)
        lines = [_line(root / f"{n:03d}", layout, parts) for n, layout in enumerate(chosen)]
    print(header(f"{given.parts} made-up parts, seed {given.seed}"))
    print(table(("layout", "read as", "not as in truth"), lines))
    right = sum(not line[2] for line in lines)
    print(
        f"\n{right} of {len(lines)} layouts are read as in truth, or refused where they tell too little"
    )
    return 0 if right == len(lines) else 1


def _line(folder: Path, layout: Layout, parts: Sequence[Part]) -> tuple[str, str, str]:
    layout.write(folder, parts)
    try:
        found = look(folder, parts)
    except KitwrightError as error:
        return (
            layout.name,
            "refused",
            "" if layout.refused and layout.refused in str(error) else str(error),
        )
    if layout.refused:
        return layout.name, found.format, "read, though it tells too little"
    return layout.name, found.format, "; ".join(found.wrong(layout, parts))


if __name__ == "__main__":
    sys.exit(main())
