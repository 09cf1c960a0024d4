"""How a file of tickets is written: rows of cells, objects inside what an API puts around them, folders of files."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TypeAlias

from benchmarks.desks.made import Language, Ticket

Row: TypeAlias = Mapping[str, object]
Files: TypeAlias = Mapping[str, bytes]


@dataclass(frozen=True)
class Desk:
    """One program's, or one data set's, way to write tickets.

    Attributes:
        name: the program and which of its files, as a person would say it.
        path: the name of the file, or of the folder where there are several.
        content: tickets in order of time → names of files within the folder and their bytes; of one file its name is empty.
        told: what it does not tell, so that nobody can read it: "text" (the subject is all there is), "subject", "date", "sender",
            "label".
        refused: words that the refusal must say; empty: it is read.
        splits: whether its files are `train` and `test`: every third ticket is of `test`.
    """

    name: str
    path: str
    content: Callable[[Sequence[Ticket]], Files]
    told: frozenset[str] = frozenset()
    language: Language = "en"
    refused: tuple[str, ...] = ()
    splits: bool = False

    def write(self, folder: Path, tickets: Sequence[Ticket]) -> Path:
        for name, content in self.content(tickets).items():
            path = folder / self.path / name if name else folder / self.path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        return folder / self.path


def exported(
    name: str,
    row: Callable[[Ticket], Row],
    *,
    delimiter: str = ",",
    encoding: str = "utf-8",
    without: Sequence[str] = (),
    suffix: str = ".csv",
    header: bool = True,
    language: Language = "en",
) -> Desk:
    """A table: the keys of the first row are its header."""

    def content(tickets: Sequence[Ticket]) -> Files:
        return {"": table([row(t) for t in tickets], delimiter, encoding, header)}

    return Desk(name, _file_name(name) + suffix, content, frozenset(without), language)


def repeated(
    name: str,
    header: Sequence[str],
    cells: Callable[[Ticket], Sequence[object]],
    *,
    without: Sequence[str] = (),
) -> Desk:
    """A table whose header has some names more than once."""

    def content(tickets: Sequence[Ticket]) -> Files:
        out = io.StringIO(newline="")
        csv.writer(out).writerows([header, *(cells(t) for t in tickets)])
        return {"": out.getvalue().encode()}

    return Desk(name, _file_name(name) + ".csv", content, frozenset(without))


def answered(
    name: str,
    row: Callable[[Ticket], Row],
    around: Callable[[list[Row]], object] = lambda rows: rows,
    *,
    without: Sequence[str] = (),
) -> Desk:
    """An API's answer: objects, and what lies around them."""

    def content(tickets: Sequence[Ticket]) -> Files:
        return {"": document(around([row(t) for t in tickets]))}

    return Desk(name, _file_name(name) + ".json", content, frozenset(without))


def listed(name: str, row: Callable[[Ticket], Row], *, without: Sequence[str] = ()) -> Desk:
    """An object a line."""

    def content(tickets: Sequence[Ticket]) -> Files:
        return {"": b"".join(document(row(t)) + b"\n" for t in tickets)}

    return Desk(name, _file_name(name) + ".jsonl", content, frozenset(without))


def written(
    name: str,
    suffix: str,
    content: Callable[[Sequence[Ticket]], bytes],
    *,
    without: Sequence[str] = (),
    refused: Sequence[str] = (),
    splits: bool = False,
) -> Desk:
    """A file of any kind."""

    def one(tickets: Sequence[Ticket]) -> Files:
        return {"": content(tickets)}

    path = _file_name(name) + suffix
    return Desk(name, path, one, frozenset(without), refused=tuple(refused), splits=splits)


def filed(
    name: str,
    content: Callable[[Sequence[Ticket]], Files],
    *,
    without: Sequence[str] = (),
    refused: Sequence[str] = (),
    splits: bool = False,
) -> Desk:
    """A folder of files."""
    told, words = frozenset(without), tuple(refused)
    return Desk(name, _file_name(name), content, told, refused=words, splits=splits)


def table(
    rows: Sequence[Row], delimiter: str = ",", encoding: str = "utf-8", header: bool = True
) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, list(rows[0]), delimiter=delimiter)
    if header:
        writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode(encoding)


def document(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def _file_name(name: str) -> str:
    return "".join(c if c.isalnum() and c.isascii() else "_" for c in name.lower()).strip("_")


def zulu(at: datetime) -> str:
    """A moment as most APIs write it."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def cell(at: datetime, form: str = "%Y-%m-%d %H:%M:%S") -> str:
    """A moment as a table has it."""
    return at.strftime(form)
