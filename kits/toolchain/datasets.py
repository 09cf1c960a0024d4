"""Dataset versions of a project: list, describe, compare, export, and what was found on import.

Versions are immutable; making one is `importing.py`'s work.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

from pydantic import JsonValue, TypeAdapter

from kits.core.annotation import annotation_to_json
from kits.core.blobs import FolderBlobStore
from kits.core.dataset import Dataset, DatasetItem, to_bytes
from kits.core.errors import DataError, UsageError
from kits.core.files import write_atomically
from kits.core.kit import Finding
from kits.toolchain.project import Project

_FINDINGS = TypeAdapter(list[Finding])
_TABLE_WIDTH, _TABLE_ROWS, _LABEL_WIDTH = 100, 30, 60
"""Characters of a table's line, its lines at most, and characters of a label in it."""
_UNFINISHED = ".unfinished"
"""Where the files of an export lie until all are written."""


@runtime_checkable
class WritesFormats(Protocol):
    """A kit's `data.py` may offer this, so that versions can be exported in its own formats."""

    def write(self, dataset: Dataset, folder: Path, format: str) -> int:
        """Writes the version's files; how many samples the format can hold. Raises UsageError for one it cannot write."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Sample names by what happened to them from one version to another."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    relabelled: tuple[str, ...]
    moved: tuple[str, ...]


def findings_path(project: Project, identity: str) -> Path:
    """Where is kept what the import of a version found."""
    return project.datasets_dir / f"{identity}.findings.json"


def save_findings(project: Project, identity: str, findings: Sequence[Finding]) -> None:
    """Keeps what an import found beside its version."""
    write_atomically(
        findings_path(project, identity), _FINDINGS.dump_json(list(findings), indent=1)
    )


def load_findings(project: Project, identity: str) -> list[Finding]:
    """What the import of a version found; empty when nothing was kept."""
    path = findings_path(project, identity)
    return _FINDINGS.validate_json(path.read_bytes()) if path.exists() else []


def findings_as_json(findings: Iterable[Finding]) -> list[JsonValue]:
    """Findings as JSON values."""
    dumped: list[JsonValue] = _FINDINGS.dump_python(list(findings), mode="json")
    return dumped


def describe(dataset: Dataset) -> dict[str, JsonValue]:
    """A version in figures, for `--json`."""
    header = dataset.header
    boxes = Counter(box.label for i in dataset.items if i.annotation for box in i.annotation.boxes)
    return {
        "id": dataset.id,
        "n": len(dataset.items),
        "counts": {s: dict(sorted(row.items())) for s, row in dataset.counts().items()},
        "labels": list(header.labels),
        "boxes": dict(sorted(boxes.items())),
        "groups": len({i.sample.group or i.sample.id for i in dataset.items}),
        "bytes": sum(i.sample.size for i in dataset.items),
        "split_rule": header.split_rule,
        "seed": header.seed,
        "parent": header.parent,
        "note": header.note,
    }


def count_table(counts: Mapping[str, Mapping[str, int]]) -> str:
    """split → label → n as an aligned table, a line per label where these do not fit beside each other.

    Of samples with several labels (`a|b`) each label is counted.
    """
    single = {split: _each_label(row) for split, row in counts.items()}
    labels = sorted({label for row in single.values() for label in row})
    width = max(8, *(len(label) for label in labels)) if labels else 8
    if 8 + (width + 2) * len(labels) > _TABLE_WIDTH:
        return _tall_table(single)
    head = " " * 8 + "".join(f"{label:>{width + 2}}" for label in labels)
    rows = [
        f"{split:8}" + "".join(f"{row[label]:>{width + 2}}" for label in labels)
        for split, row in single.items()
    ]
    return "\n".join([head, *rows])


def _each_label(row: Mapping[str, int]) -> Counter[str]:
    found = Counter[str]()
    for label, n in row.items():
        for part in label.split("|"):
            found[part] += n
    return found


def _tall_table(counts: Mapping[str, Counter[str]]) -> str:
    """A line per label, the most frequent first."""
    total = Counter[str]()
    for row in counts.values():
        total.update(row)
    shown = [label for label, _ in sorted(total.items(), key=lambda e: (-e[1], e[0]))]
    rest = shown[_TABLE_ROWS:]
    lines = [
        [label, *(str(row[label]) for row in counts.values())] for label in shown[:_TABLE_ROWS]
    ]
    if rest:
        sums = (str(sum(row[label] for label in rest)) for row in counts.values())
        lines.append([f"… and {len(rest)} more labels", *sums])
    names = [_cut(line[0]) for line in lines]
    width = max(len(name) for name in names)
    head = " " * width + "".join(f"{split:>8}" for split in counts)
    body = [
        f"{name:{width}}" + "".join(f"{n:>8}" for n in line[1:]) for name, line in zip(names, lines)
    ]
    return "\n".join([head, *body])


def _cut(label: str) -> str:
    """One line of a table: no line breaks, nothing that moves the cursor, not too long."""
    plain = "".join(c if c.isprintable() else " " for c in label)
    return plain if len(plain) <= _LABEL_WIDTH else plain[: _LABEL_WIDTH - 1] + "…"


def difference(old: Dataset, new: Dataset) -> Difference:
    """What changed from one version to another, by bytes."""
    before = {i.sample.digest or i.sample.id: i for i in old.items}
    after = {i.sample.digest or i.sample.id: i for i in new.items}
    both = sorted(before.keys() & after.keys())
    return Difference(
        added=_sources(after[d] for d in after.keys() - before.keys()),
        removed=_sources(before[d] for d in before.keys() - after.keys()),
        relabelled=_sources(after[d] for d in both if _says(before[d]) != _says(after[d])),
        moved=_sources(after[d] for d in both if before[d].split != after[d].split),
    )


def _sources(items: Iterable[DatasetItem]) -> tuple[str, ...]:
    return tuple(sorted(i.sample.source or i.sample.id for i in items))


def _says(item: DatasetItem) -> dict[str, JsonValue]:
    said = annotation_to_json(item.annotation) if item.annotation else {}
    return {key: value for key, value in said.items() if key not in ("at", "author", "source")}


def export(project: Project, dataset: Dataset, folder: Path, format_: str) -> int:
    """Writes a version to an empty folder, whose files are there once all are written; how many of its samples, as not each format can hold all.

    Args:
        format_: `kitwright` (manifest and blobs, imports again unchanged), or one of the kit's.

    Raises:
        DataError: the folder is not empty.
        UsageError: the kit cannot write this format.
    """
    data = project.kit.data
    with _filled_at_once(folder) as unfinished:
        if format_ == "kitwright":
            return _write_own(dataset, unfinished)
        if not isinstance(data, WritesFormats):
            raise UsageError(
                f"the kit {project.kit.name!r} cannot write {format_!r}", fix="--format kitwright"
            )
        return data.write(dataset, unfinished, format_)


@contextmanager
def _filled_at_once(folder: Path) -> Iterator[Path]:
    """A folder to write to, whose files lie in the wanted one when all are written; what a killed export left of it is removed.

    Raises:
        DataError: something else lies in the wanted folder.
    """
    unfinished = folder / _UNFINISHED
    if folder.exists() and any(path != unfinished for path in folder.iterdir()):
        raise DataError("this folder is not empty", where=str(folder), fix="name a new folder")
    if unfinished.exists():
        shutil.rmtree(unfinished)
    new = not folder.exists()
    unfinished.mkdir(parents=True)
    try:
        yield unfinished
        for path in sorted(unfinished.iterdir()):
            path.rename(folder / path.name)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
        if new:
            with suppress(OSError):  # something lies in it
                folder.rmdir()


def _write_own(dataset: Dataset, folder: Path) -> int:
    with FolderBlobStore(folder / "blobs").at_once() as blobs:
        for item in dataset.items:
            if item.sample.digest:
                blobs.put(dataset.content(item))
    write_atomically(folder / "manifest.jsonl", to_bytes(dataset))
    return len(dataset.items)
