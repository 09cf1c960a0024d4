"""Small builders of folders, and what the reader makes of them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

from kits.core.blobs import FolderBlobStore
from kits.core.dataset import Dataset, DatasetHeader, DatasetItem, build
from kits.core.kit import Finding, RawSample
from kits.core.window import Channel, Window, decode_window
from kits.predictive_maintenance import data
from kits.toolchain.intake import ImportOptions, Intake, stated_labels, take_in
from kits.toolchain.splitting import Candidate, place

START = datetime(2024, 3, 1, 6, 0, 0)  # noqa: DTZ001 (exports name no zone)


def put(path: Path, content: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def read_all(path: Path, format: str = "auto") -> tuple[list[RawSample], list[Finding]]:
    found = list(data.read(path, format))
    samples = [f for f in found if isinstance(f, RawSample)]
    return samples, [f for f in found if isinstance(f, Finding)]


def texts(findings: Iterable[Finding], check: str = "") -> str:
    """What was said, of one check or of all, with its evidence."""
    found = [f for f in findings if check in ("", f.check)]
    return "\n".join(line for f in found for line in (f.text, *f.evidence))


def levels(findings: Iterable[Finding], check: str) -> set[str]:
    return {f.level for f in findings if f.check == check}


def window(sample: RawSample) -> Window:
    return decode_window(sample.content)


def channel(sample: RawSample, name: str) -> Channel:
    return next(c for c in window(sample).channels if c.name == name)


def names(sample: RawSample) -> list[str]:
    return [c.name for c in window(sample).channels]


def assets(samples: Iterable[RawSample]) -> set[object]:
    """The machines that windows are of."""
    return {window(one).attributes["asset"] for one in samples}


def faults_of(samples: Iterable[RawSample]) -> set[str]:
    """What is marked in them."""
    return {span.label for one in samples if one.annotation for span in one.annotation.spans}


def by_split(samples: Iterable[RawSample]) -> dict[str, list[RawSample]]:
    found: dict[str, list[RawSample]] = {}
    for sample in samples:
        found.setdefault(sample.split or "", []).append(sample)
    return found


def stamps(n: int, step_s: float = 1.0, form: str = "%Y-%m-%d %H:%M:%S") -> list[str]:
    return [(START + timedelta(seconds=i * step_s)).strftime(form) for i in range(n)]


def table(header: Sequence[str], *columns: Sequence[object], delimiter: str = ",") -> str:
    rows = [delimiter.join(header), *(delimiter.join(map(str, row)) for row in zip(*columns))]
    return "\n".join(rows) + "\n"


def wave(n: int, period: float = 17.0, noise: float = 0.1, seed: int = 0) -> list[float]:
    random = np.random.default_rng(seed)
    return [
        round(math.sin(2 * math.pi * i / period) + float(e), 5)
        for i, e in enumerate(random.normal(0, noise, n))
    ]


def version(samples: Iterable[RawSample], store: Path) -> Dataset:
    """A dataset version as the import makes it."""
    blobs, intake = FolderBlobStore(store), Intake()
    take_in(intake, samples, ImportOptions(), blobs)
    entries = list(intake.entries.values())
    pairs = data.near_duplicates((e.sample.id, blobs.get(e.sample.digest)) for e in entries)
    candidates = [
        Candidate(
            e.sample.id, e.sample.source, e.sample.group, stated_labels(e.annotation), e.given
        )
        for e in entries
    ]
    placed = place(candidates, pairs, {"train": 0.7, "val": 0.15, "test": 0.15}, 0)
    items = [
        DatasetItem(
            replace(e.sample, group=placed.groups[e.sample.id]),
            e.annotation,
            placed.splits[e.sample.id],
        )
        for e in entries
    ]
    header = DatasetHeader(kit="predictive-maintenance", split_rule="test", seed=0)
    return build(header, items, blobs)
