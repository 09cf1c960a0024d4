"""How a program's file is written: rows of cells, or objects inside what its API puts around them."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TypeAlias

from benchmarks.programs.made import Deal

Row: TypeAlias = Mapping[str, object]


@dataclass(frozen=True)
class Program:
    """One program's way to write leads.

    Attributes:
        name: the program and which of its files, as a person would say it.
        file: the name of the file.
        content: leads in order of time → the file.
        told: what it does not tell, so that nobody can read it: "decided" (no date of when it came), "source", "employees", "amount".
    """

    name: str
    file: str
    content: Callable[[Sequence[Deal]], bytes]
    told: frozenset[str] = frozenset()

    def write(self, folder: Path, deals: Sequence[Deal]) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / self.file
        path.write_bytes(self.content(deals))
        return path


def exported(
    name: str,
    row: Callable[[Deal], Row],
    *,
    delimiter: str = ",",
    encoding: str = "utf-8",
    around: tuple[str, str] = ("", ""),
    newest_first: bool = False,
    without: Sequence[str] = (),
    suffix: str = ".csv",
) -> Program:
    """A table: the keys of the first row are its header; `around` stands before and after it, as reports have them."""

    def content(deals: Sequence[Deal]) -> bytes:
        rows = [row(deal) for deal in (reversed(deals) if newest_first else deals)]
        out = io.StringIO(newline="")
        writer = csv.DictWriter(out, list(rows[0]), delimiter=delimiter)
        writer.writeheader()
        writer.writerows(rows)
        return (around[0] + out.getvalue() + around[1]).encode(encoding)

    return Program(name, _file_name(name) + suffix, content, frozenset(without))


def answered(
    name: str,
    row: Callable[[Deal], Row],
    around: Callable[[list[Row]], object] = lambda rows: rows,
    *,
    newest_first: bool = False,
    without: Sequence[str] = (),
) -> Program:
    """An API's answer: objects, and what lies around them."""

    def content(deals: Sequence[Deal]) -> bytes:
        rows = [row(deal) for deal in (reversed(deals) if newest_first else deals)]
        return json.dumps(around(rows), ensure_ascii=False).encode()

    return Program(name, _file_name(name) + ".json", content, frozenset(without))


def _file_name(name: str) -> str:
    return "".join(c if c.isalnum() and c.isascii() else "_" for c in name.lower()).strip("_")


def iso(at: datetime | None, form: str = "%Y-%m-%dT%H:%M:%S+00:00") -> str | None:
    """A moment as APIs write it; None where there is none."""
    return at.strftime(form) if at else None


def zulu(at: datetime | None) -> str | None:
    return iso(at, "%Y-%m-%dT%H:%M:%SZ")


def day(at: datetime | None) -> str | None:
    return iso(at, "%Y-%m-%d")


def money(amount: int, thousands: str, decimal: str = ".") -> str:
    """Whole euros with cents as a country writes them: `1.200,00`."""
    return f"{amount:,}".replace(",", thousands) + decimal + "00"


def cell(at: datetime | None, form: str = "%Y-%m-%d %H:%M:%S") -> str:
    """A moment as a table has it; empty where there is none."""
    return at.strftime(form) if at else ""
