"""How a recorder's files are written: a row per moment, a row per reading, or objects."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeAlias

from benchmarks.recorders.made import UNITS, Reading, make_readings
from benchmarks.recorders.tracks import Track, true_tracks

Files: TypeAlias = Mapping[str, str | bytes]
Cells: TypeAlias = Sequence[object]


@dataclass(frozen=True)
class Recorder:
    """One program's or data set's way to write down what machines measure.

    Attributes:
        name: the program and which of its files, as a person would say it.
        files: path → content; one file is given to the import itself, several as their folder.
        truth: what is to be found.
        besides: channels that are found rightly though they are not among what was made: a set point, a state.
        pieces: each sample stands for itself: captures and rows, not series.
        refusal: words of the refusal, where it cannot be read; else empty.
    """

    name: str
    files: Callable[[], Files]
    truth: Callable[[], list[Track]]
    besides: frozenset[str] = frozenset()
    pieces: bool = False
    refusal: str = ""

    @property
    def folder(self) -> str:
        """A name for the folder that its files are written to."""
        return "".join(c if c.isalnum() and c.isascii() else "_" for c in self.name.lower()).strip("_")  # fmt: skip

    def write(self, folder: Path) -> Path:
        """Writes the files; returns what is given to `kit data import`."""
        files = self.files()
        root = folder / self.folder
        for name, content in files.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return root / next(iter(files)) if len(files) == 1 else root


@dataclass(frozen=True)
class Told:
    """What a file tells of the machines, beside their readings; see `true_tracks`."""

    dated: bool = True
    channels: Sequence[str] = tuple(UNITS)
    units: bool = False
    faults: bool = False
    named: bool = False
    machines: int = 1
    step_s: float = 60.0

    def readings(self) -> list[Reading]:
        """All readings, machine by machine."""
        return make_readings(step_s=self.step_s, machines=self.machines, silence=self.dated)

    def tracks(self) -> list[Track]:
        """What is true of them."""
        return true_tracks(
            self.readings(), dated=self.dated, channels=self.channels, units=self.units,
            faults=self.faults, named=self.named,
        )  # fmt: skip


@dataclass(frozen=True)
class Style:
    """How cells are written.

    Attributes:
        decimal: the sign in numbers.
        missing: what stands for a missing reading.
        quoted: every cell in quotes.
        above, below: lines around the table, with their line ends.
    """

    delimiter: str = ","
    decimal: str = "."
    missing: str = ""
    encoding: str = "utf-8"
    quoted: bool = False
    end: str = "\n"
    above: str = ""
    below: str = ""

    def text(self, rows: Sequence[Cells]) -> bytes:
        """The whole file."""
        out = io.StringIO(newline="")
        writer = csv.writer(
            out,
            delimiter=self.delimiter,
            quoting=csv.QUOTE_ALL if self.quoted else csv.QUOTE_MINIMAL,
            lineterminator=self.end,
        )
        writer.writerows([self._cell(cell) for cell in row] for row in rows)
        return (self.above + out.getvalue() + self.below).encode(self.encoding)

    def _cell(self, cell: object) -> str:
        if cell is None:
            return self.missing
        return str(cell).replace(".", self.decimal) if isinstance(cell, float) else str(cell)


PLAIN = Style()
TOLD = Told()


def recorded(
    name: str, file: str, content: Callable[[Sequence[Reading]], str | bytes], told: Told = TOLD,
    besides: Sequence[str] = (),
) -> Recorder:  # fmt: skip
    """One file, written from all readings in a way of its own."""
    return Recorder(name, lambda: {file: content(told.readings())}, told.tracks, frozenset(besides))


def rows(
    name: str, file: str, header: Cells, row: Callable[[Reading], Cells], style: Style = PLAIN,
    told: Told = TOLD, besides: Sequence[str] = (),
) -> Recorder:  # fmt: skip
    """A row per moment below the names; no header where it is empty."""
    head = [header] if header else []
    return recorded(
        name, file, lambda readings: style.text([*head, *map(row, readings)]), told, besides
    )


def listed(
    name: str, file: str, header: Cells, row: Callable[[Reading, str], Cells], style: Style = PLAIN,
    told: Told = TOLD, *, by_tag: bool = False,
) -> Recorder:  # fmt: skip
    """A row per reading: moment by moment, or tag by tag. A reading that is missing is written as such."""
    head = [header] if header else []

    def content(made: Sequence[Reading]) -> bytes:
        pairs = [(r, c) for c in told.channels for r in made] if by_tag else [
            (r, c) for r in made for c in told.channels]  # fmt: skip
        return style.text([*head, *(row(r, c) for r, c in pairs)])

    return recorded(name, file, content, told)


def objects(
    name: str, file: str, one: Callable[[Reading], object], told: Told = TOLD,
    around: Callable[[list[object]], object] | None = None, besides: Sequence[str] = (),
) -> Recorder:  # fmt: skip
    """JSON: a line per moment, or one document with what lies around the objects."""

    def content(made: Sequence[Reading]) -> str:
        found = [one(r) for r in made]
        if around is None:
            return "".join(f"{dumps(o)}\n" for o in found)
        return dumps(around(found))

    return recorded(name, file, content, told, besides)


def dumps(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def at(reading: Reading, form: str, ahead_h: float = 0) -> str:
    """A moment as text, in a zone so many hours ahead of UTC; `%3` stands for milliseconds."""
    local = reading.at + timedelta(hours=ahead_h)
    return local.strftime(form.replace("%3", f"{local.microsecond // 1000:03d}"))


def zulu(reading: Reading) -> str:
    return at(reading, "%Y-%m-%dT%H:%M:%S.%3Z")


def thousands(value: float | None, mark: str, decimal: str) -> str:
    """`1.012,5`; empty where there is none."""
    text = "" if value is None else f"{value:,}"
    return text.replace(",", "\0").replace(".", decimal).replace("\0", mark)
