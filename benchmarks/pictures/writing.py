"""How a layout is written, and what it does not tell."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.pictures.made import Corners, Part


@dataclass(frozen=True)
class Layout:
    """One way to keep pictures and their labels.

    Attributes:
        name: the tool or the set, as a person would say it.
        write: (folder, parts) → files below the folder.
        words: what it calls `scratch` and `dent`, where it has other words.
        told: what it does not tell: `kind` (only good or not), `boxes`, `good` (which parts are good), `split`.
        refused: where it cannot be read without a setting, what the refusal must name.
        rest: the one split of all that is not for training, where it knows two.
    """

    name: str
    write: Callable[[Path, Sequence[Part]], None]
    words: Mapping[str, str] = field(default_factory=dict)
    told: frozenset[str] = frozenset()
    refused: str = ""
    rest: str = ""

    def split_of(self, part: Part) -> str:
        """The split that it tells: those of only two call what is no training `test` or `val`."""
        return part.split if part.split == "train" or not self.rest else self.rest


class Collection:
    """Layouts of one module, in the order they stand there."""

    def __init__(self) -> None:
        self.layouts: list[Layout] = []

    def __call__(
        self,
        name: str,
        *,
        without: Sequence[str] = (),
        words: Mapping[str, str] | None = None,
        refused: str = "",
        rest: str = "",
    ) -> Callable[[Callable[[Path, Sequence[Part]], None]], Callable[[Path, Sequence[Part]], None]]:
        """Adds a function that writes one."""

        def add(
            write: Callable[[Path, Sequence[Part]], None],
        ) -> Callable[[Path, Sequence[Part]], None]:
            self.layouts.append(Layout(name, write, words or {}, frozenset(without), refused, rest))
            return write

        return add


def put(path: Path, content: bytes | str | object) -> None:
    """Writes bytes, text, or a value as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
        path.write_text(text, encoding="utf-8")


def rows(
    cells: Sequence[Sequence[object]], delimiter: str = ",", header: Sequence[str] = ()
) -> str:
    """A table as text."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter)
    writer.writerows([header, *cells] if header else cells)
    return out.getvalue()


def lines(values: Sequence[object]) -> str:
    """JSON, a value a line."""
    return "".join(json.dumps(value) + "\n" for value in values)


def sized(box: Corners) -> tuple[int, int, int, int]:
    """x, y, width, height of a box."""
    x0, y0, x1, y1 = box
    return x0, y0, x1 - x0, y1 - y0


def corners(box: Corners) -> list[list[int]]:
    """The four corners of a box as a polygon."""
    x0, y0, x1, y1 = box
    return [[x0, y0], [x1, y0], [x1, y1], [x0, y1]]


def runs(part: Part) -> str:
    """The mask as Severstal writes it: start and length of runs, column by column, counted from 1."""
    flat = (part.mask.T.ravel() > 0).astype(int)
    edges = [n + 1 for n in range(1, len(flat)) if flat[n] != flat[n - 1]]
    return " ".join(
        f"{start} {end - start}" for start, end in zip(edges[::2], edges[1::2], strict=True)
    )
