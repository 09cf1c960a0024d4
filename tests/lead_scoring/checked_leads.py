"""Small made-up exports as what `kit check` looks at."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path

from kits.core.dataset import Dataset, DatasetHeader, DatasetItem, build
from kits.core.kit import Finding
from kits.core.sample import Sample, digest_of
from kits.lead_scoring._table import LeadTable, load_table
from kits.toolchain.evaluation import MemoryBlobStore
from kits.toolchain.intake import meta_of
from tests.lead_scoring.reading.lead_files import put, read, table

START = datetime(2025, 1, 1, tzinfo=timezone.utc)


def dataset(
    tmp_path: Path, header: Sequence[str], rows: Sequence[Sequence[object]], **model: object
) -> Dataset:
    """What an import of these rows gives, all of it in train."""
    found = read(put(tmp_path / "leads.csv", table(header, rows)), model)
    blobs = MemoryBlobStore()
    items = []
    for number, raw in enumerate(found.samples):
        blobs.put(raw.content)
        sample = Sample(
            f"s{number:06}", raw.media_type, digest_of(raw.content), len(raw.content), START, raw.source, meta=meta_of(raw)
        )  # fmt: skip
        items.append(DatasetItem(sample, raw.annotation, "train"))
    return build(
        DatasetHeader(kit="lead-scoring", labels=("lost", "won"), split_rule="all", seed=0),
        items,
        blobs,
    )


def leads(
    tmp_path: Path, header: Sequence[str], rows: Sequence[Sequence[object]], **model: object
) -> LeadTable:
    made = dataset(tmp_path, header, rows, **model)
    return load_table(made, made.items)


def only(findings: Sequence[Finding]) -> Finding:
    (finding,) = findings
    return finding
