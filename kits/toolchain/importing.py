"""Import: the user's files become a dataset version, and nothing is lost in silence.

Every sample read is kept, a duplicate, left out by a list or the kit's reader, or refused with a reason; the report's
figures add up. Reading formats is the kit's work (`data.py`), placing samples `splitting.py`'s.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from kits.core.blobs import BlobStore, FolderBlobStore
from kits.core.dataset import Dataset, DatasetHeader, DatasetItem, Split, build, from_bytes, save
from kits.core.errors import DataError, UsageError, did_you_mean
from kits.core.kit import Finding, NoProgress, Progress
from kits.core.placing import BY_TIME, STATED
from kits.core.sample import day_of, place_in_time
from kits.toolchain.datasets import save_findings
from kits.toolchain.grouping import group_of
from kits.toolchain.intake import Entry, ImportOptions, Intake, add_existing, stated_labels, take_in
from kits.toolchain.progress import counted
from kits.toolchain.project import Project
from kits.toolchain.splitting import Candidate, Placed, place
from kits.toolchain.splitting_in_time import has_order, place_in_order
from kits.toolchain.unpacking import unpacked

__all__ = ["ImportOptions", "ImportReport", "import_data", "labels_of"]

KITWRIGHT = "kitwright"
"""The one format all kits share: a dataset version's manifest with its blobs."""


@dataclass
class ImportReport:
    """What became of the files; `read == kept + replaced + duplicates + left_out + refused`."""

    format: str
    dataset: Dataset
    kept: int = 0
    duplicates: int = 0
    left_out: int = 0
    refused: int = 0
    replaced: int = 0
    findings: list[Finding] = field(default_factory=list)

    @property
    def read(self) -> int:
        return self.kept + self.replaced + self.duplicates + self.left_out + self.refused


def import_data(
    project: Project, path: Path, options: ImportOptions, progress: Progress | None = None
) -> ImportReport:
    """Imports a folder, file or zip, saves the new version and makes it the current one.

    Raises:
        DataError: nothing usable there.
        UsageError: the format is none the kit reads.
        MachineError: no room to unpack a zip.
    """
    with unpacked(path) as folder:
        return _import(project, folder, options, progress or NoProgress())


def _import(
    project: Project, path: Path, options: ImportOptions, progress: Progress
) -> ImportReport:
    format_ = _format(project, path, options.format)
    if format_ == KITWRIGHT:
        return _import_version(project, path)
    intake = Intake()
    parent = "" if options.replace else project.current_dataset_id
    before = project.dataset(parent) if parent else None
    if before is not None:
        add_existing(intake, before)
    stream = project.kit.read(path, format_, project.kit_config, before=before)
    with project.blobs.at_once() as blobs:
        take_in(intake, counted(stream, progress, "reading"), options, blobs)
    if not intake.kept + intake.replaced + intake.duplicates:
        raise _nothing_usable(path, format_, intake)
    dataset = _make_version(project, intake, parent, options.note, progress)
    save(dataset, project.datasets_dir)
    save_findings(project, dataset.id, intake.findings)
    project.use_dataset(dataset.id)
    return ImportReport(
        format_,
        dataset,
        intake.kept,
        intake.duplicates,
        intake.left_out,
        intake.refused,
        intake.replaced,
        intake.findings,
    )


def labels_of(items: Iterable[DatasetItem]) -> tuple[str, ...]:
    """All labels stated on samples and boxes, sorted."""
    found: set[str] = set()
    for item in items:
        if item.annotation:
            found.update(stated_labels(item.annotation))
    return tuple(sorted(found))


def _format(project: Project, path: Path, wanted: str) -> str:
    if not path.exists():
        raise DataError("there is nothing here", where=str(path), fix="check the path")
    known = (*project.kit.manifest.formats, KITWRIGHT)
    if wanted != "auto":
        if wanted not in known:
            raise UsageError(
                f"the kit {project.kit.name!r} reads no format {wanted!r}",
                fix=did_you_mean(wanted, ("auto", *known)),
            )
        return wanted
    return (
        KITWRIGHT if (path / "manifest.jsonl").is_file() else project.kit.data.detect_format(path)
    )


def _nothing_usable(path: Path, format_: str, intake: Intake) -> DataError:
    reasons = "; ".join(f.text for f in intake.findings[:3])
    left = f", {intake.left_out} left out" if intake.left_out else ""
    return DataError(
        f"no usable sample found (read as {format_}, {intake.refused} refused{left})"
        + (f": {reasons}" if reasons else ""),
        where=str(path),
        fix="check the path, or name the format with --format",
    )


def _make_version(
    project: Project, intake: Intake, parent: str, note: str, progress: Progress
) -> Dataset:
    config = project.config.data
    entries = {e.sample.id: e for e in intake.entries.values()}
    shares: dict[Split, float] = {
        "train": config.split.train,
        "val": config.split.val,
        "test": config.split.test,
    }
    pattern = re.compile(config.group_by) if config.group_by else None
    matched = {key: group_of(entry.sample, pattern) for key, entry in entries.items()}
    if pattern is not None:
        intake.findings.extend(_unmatched(entries, matched))
    sources = {entry.sample.source for entry in entries.values()}
    candidates = [_candidate(entry, matched[key], sources) for key, entry in entries.items()]
    if config.order == "random":
        candidates = [replace(one, day="") for one in candidates]
    in_order = config.order != "random" and has_order(candidates)
    if config.order == "time" and not in_order:
        raise DataError(
            "these samples have no place in time",
            where="data.order: time",
            fix="name the column with the time in the kit's settings, or set data.order: random",
        )
    if in_order:
        placed = place_in_order(candidates, shares)  # time decides, whoever looks like whom
    else:
        pairs = project.kit.data.near_duplicates(
            counted(_contents(entries, project.blobs), progress, "comparing", len(entries))
        )
        placed = place(candidates, pairs, shares, config.seed)
    intake.findings.extend(placed.findings)
    items = [_item(entry, placed) for entry in entries.values()]
    words = BY_TIME if in_order else placed.rule
    rule = f"{words}, {'/'.join(f'{v:g}' for v in shares.values())}"
    if any(entry.given for entry in entries.values()):
        rule = f"{STATED}, else {rule}"
    header = DatasetHeader(
        kit=project.kit.name,
        labels=labels_of(items),
        split_rule=rule,
        seed=config.seed,
        parent=parent,
        note=note,
    )
    return build(header, items, project.blobs)


def _contents(entries: dict[str, Entry], blobs: BlobStore) -> Iterator[tuple[str, bytes]]:
    for identity, entry in sorted(entries.items()):
        if entry.sample.digest:
            yield identity, blobs.get(entry.sample.digest)


def _unmatched(entries: Mapping[str, Entry], matched: Mapping[str, str]) -> Iterator[Finding]:
    """Samples whose group nobody says: a pattern that fits no name would group nothing without a word."""
    alone = [
        entry.sample.source
        for key, entry in entries.items()
        if not matched[key] and (entry.before or not entry.sample.group)
    ]
    if alone:
        yield Finding(
            "group-by",
            "warn",
            f"data.group_by finds nothing in {len(alone)} of {len(entries)} names: each of these is a group of its own",
            tuple(alone[:20]),
            "correct the expression in kit.yaml, and import with --replace",
        )


def _candidate(entry: Entry, matched: str, sources: Container[str]) -> Candidate:
    """A sample to place; one of the version before whose group is only a file's name is grouped anew by `group_by`."""
    sample = entry.sample
    group = sample.group
    if not group or (entry.before and group in sources):
        group = matched or group
    return Candidate(
        id=sample.id,
        source=sample.source,
        group=group or sample.source or sample.id,
        labels=stated_labels(entry.annotation),
        given=entry.given,
        fixed=entry.fixed,
        order=place_in_time(sample),
        day=day_of(sample),
    )


def _item(entry: Entry, placed: Placed) -> DatasetItem:
    identity = entry.sample.id
    sample = replace(entry.sample, group=placed.groups[identity])
    return DatasetItem(sample, entry.annotation, placed.splits[identity])


def _import_version(project: Project, path: Path) -> ImportReport:
    """Takes over a version as it is: same items, same splits, same id."""
    dataset, source = _read_version(path, project.kit.name)
    with project.blobs.at_once() as blobs:
        for item in dataset.items:
            if item.sample.digest and not blobs.has(item.sample.digest):
                blobs.put(source.get(item.sample.digest))
    dataset = replace(dataset, blobs=project.blobs)
    save(dataset, project.datasets_dir)
    save_findings(project, dataset.id, [])
    project.use_dataset(dataset.id)
    return ImportReport(KITWRIGHT, dataset, kept=len(dataset.items))


def _read_version(path: Path, kit: str) -> tuple[Dataset, FolderBlobStore]:
    manifest = path / "manifest.jsonl"
    if not manifest.is_file():
        raise DataError("no manifest.jsonl here", where=str(path), fix="kit data export DIR")
    source = FolderBlobStore(path / "blobs")
    dataset = from_bytes(manifest.read_bytes(), source, where=str(manifest))
    if dataset.header.kit != kit:
        raise DataError(
            f"these samples are for the kit {dataset.header.kit!r}, this project is {kit!r}",
            where=str(manifest),
            fix="import them into a project of that kit",
        )
    return dataset, source
