"""Small made-up exports in a folder, and what the kit read of them."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from kits.core.kit import Finding, RawSample
from kits.lead_scoring import data
from kits.lead_scoring._features.cells import to_number
from kits.lead_scoring._lead import Lead, decode_lead
from kits.lead_scoring._reading.values.cells import type_cells
from kits.lead_scoring.config import Config


def table(header: Sequence[str], rows: Iterable[Sequence[object]], delimiter: str = ",") -> str:
    """CSV with quotes where they are needed."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter)
    writer.writerow(header)
    writer.writerows(rows)
    return out.getvalue()


def put(path: Path, content: str | bytes | object) -> Path:
    """Writes a file and returns its path; an object as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        text = content if isinstance(content, str) else json.dumps(content)
        path.write_text(text, encoding="utf-8", newline="")
    return path


@dataclass(frozen=True)
class Read:
    """Leads with their samples, and what was said."""

    samples: list[RawSample]
    findings: list[Finding]

    @property
    def leads(self) -> list[Lead]:
        return [decode_lead(sample.content) for sample in self.samples]

    @property
    def labels(self) -> list[str]:
        """Outcomes in the order of the leads; empty: open."""
        return [s.annotation.label if s.annotation else "" for s in self.samples]

    def column(self, name: str) -> list[object]:
        return [lead.fields.get(name) for lead in self.leads]

    def told(self, check: str) -> str:
        """All texts of a check, one a line."""
        return "\n".join(f.text for f in self.findings if f.check == check)

    def levels(self, check: str) -> set[str]:
        return {f.level for f in self.findings if f.check == check}

    @property
    def by_id(self) -> dict[str, Lead]:
        return {lead.id: lead for lead in self.leads}


def read(path: Path, model: Mapping[str, object] | None = None, format: str = "auto") -> Read:
    """Reads with the settings of `model` in a `kit.yaml`."""
    config = Config.model_validate(model or {})
    found = list(data.read_as(path, format, config))
    return Read(
        [one for one in found if isinstance(one, RawSample)],
        [one for one in found if isinstance(one, Finding)],
    )


def source(**stated: object) -> dict[str, object]:
    """Settings of `model.source` alone."""
    return {"source": stated}


def assert_numbers(name: str, cells: Sequence[str], values: Sequence[float]) -> None:
    """A column of these cells is of these numbers, and a later text of it is read as the same one."""
    found = type_cells(name, cells)
    assert (found.kind, found.odd) == ("number", 0)
    assert found.values == pytest.approx(values)
    told = [to_number(cell, commas=found.commas is True, bare=True) for cell in cells]
    assert told == pytest.approx(values)
