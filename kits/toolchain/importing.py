"""Import: the user's files become a dataset version, and nothing is lost in silence.

Every sample read is kept, a duplicate, left out by a list, or refused with a reason; the report's
figures add up. Reading formats is the kit's work (`data.py`), placing samples `splitting.py`'s.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from pathlib import Path, PurePosixPath

from kits.core.annotation import Annotation
from kits.core.blobs import BlobStore, FolderBlobStore
from kits.core.dataset import Dataset, DatasetHeader, DatasetItem, Split, build, from_bytes, save
from kits.core.errors import DataError, UsageError, did_you_mean
from kits.core.kit import Finding, NoProgress, Progress, RawSample
from kits.core.sample import Sample, digest_of, sample_id_for
from kits.toolchain.datasets import save_findings
from kits.toolchain.progress import counted
from kits.toolchain.project import Project
from kits.toolchain.splitting import STRICTNESS, Candidate, Placed, place

KITWRIGHT = "kitwright"
"""The one format all kits share: a dataset version's manifest with its blobs."""


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """How to import.

    Attributes:
        only: a text file; training samples it does not list stay out.
        label: the label of every sample, instead of what the data says.
        replace: a fresh version instead of adding to the current one.
    """

    format: str = "auto"
    only: Path | None = None
    label: str = ""
    note: str = ""
    replace: bool = False


@dataclass
class ImportReport:
    """What became of the files; `read == kept + duplicates + left_out + refused`."""

    format: str
    dataset: Dataset
    kept: int = 0
    duplicates: int = 0
    left_out: int = 0
    refused: int = 0
    findings: list[Finding] = field(default_factory=list)

    @property
    def read(self) -> int:
        return self.kept + self.duplicates + self.left_out + self.refused


@dataclass
class _Entry:
    """A sample on its way into the version."""

    sample: Sample
    annotation: Annotation | None
    given: Split | None = None
    fixed: Split | None = None


@dataclass
class _Intake:
    """Counts and collects while the reader streams."""

    entries: dict[str, _Entry] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    kept: int = 0
    duplicates: int = 0
    left_out: int = 0
    refused: int = 0


def import_data(
    project: Project, path: Path, options: ImportOptions, progress: Progress | None = None
) -> ImportReport:
    """Imports a folder or file, saves the new version and makes it the current one.

    Raises:
        DataError: nothing usable there.
        UsageError: the format is none the kit reads.
    """
    progress = progress or NoProgress()
    format_ = _format(project, path, options.format)
    if format_ == KITWRIGHT:
        return _import_version(project, path)
    intake = _Intake()
    parent = "" if options.replace else project.current_dataset_id
    if parent:
        _add_existing(intake, project.dataset(parent))
    stream = project.kit.data.read(path, format_)
    _take_in(intake, counted(stream, progress, "reading"), path, options, project.blobs)
    if not intake.kept and not intake.duplicates:
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
        intake.findings,
    )


def open_outside(project: Project, path: Path, store: Path, format_: str = "auto") -> Dataset:
    """Outside data as a dataset that is not saved in the project; used to judge on it.

    Splits that the data names are kept; a sample without one counts as `test`. Samples are not
    moved between splits.

    Args:
        store: folder for the bytes.

    Raises:
        DataError: nothing usable there.
    """
    blobs = FolderBlobStore(store)
    format_ = _format(project, path, format_)
    if format_ == KITWRIGHT:
        dataset, source = _read_version(path, project.kit.name)
        for item in dataset.items:
            blobs.put(source.get(item.sample.digest))
        return replace(dataset, blobs=blobs)
    intake = _Intake()
    _take_in(intake, project.kit.data.read(path, format_), path, ImportOptions(), blobs)
    if not intake.kept:
        raise _nothing_usable(path, format_, intake)
    items = [
        DatasetItem(replace(e.sample, group=""), e.annotation, e.given or "test")
        for e in intake.entries.values()
    ]
    header = DatasetHeader(
        kit=project.kit.name,
        labels=labels_of(items),
        split_rule="as the data says, else test",
        seed=0,
    )
    return build(header, items, blobs)


def labels_of(items: Iterable[DatasetItem]) -> tuple[str, ...]:
    """All labels stated on samples and boxes, sorted."""
    found: set[str] = set()
    for item in items:
        if item.annotation:
            found.update(_labels(item.annotation))
    return tuple(sorted(found))


def _labels(annotation: Annotation | None) -> tuple[str, ...]:
    if annotation is None:
        return ()
    stated = {annotation.label, *(b.label for b in annotation.boxes)}
    return tuple(sorted(stated - {""}))


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


def _nothing_usable(path: Path, format_: str, intake: _Intake) -> DataError:
    reasons = "; ".join(f.text for f in intake.findings[:3])
    left = f", {intake.left_out} left out by --only" if intake.left_out else ""
    return DataError(
        f"no usable sample found (read as {format_}, {intake.refused} refused{left})"
        + (f": {reasons}" if reasons else ""),
        where=str(path),
        fix="check the path, or name the format with --format",
    )


def _add_existing(intake: _Intake, dataset: Dataset) -> None:
    for item in dataset.items:
        intake.entries[item.sample.digest] = _Entry(item.sample, item.annotation, fixed=item.split)


def _take_in(
    intake: _Intake,
    stream: Iterable[RawSample | Finding],
    path: Path,
    options: ImportOptions,
    blobs: BlobStore,
) -> None:
    listed = _read_list(options.only) if options.only else None
    met: set[str] = set()
    for raw in stream:
        if isinstance(raw, Finding):
            intake.findings.append(raw)
            intake.refused += raw.level == "fail"
            continue
        if listed is not None and raw.split in (None, "train"):
            names = listed & _names(raw.source)
            if not names:
                intake.left_out += 1
                continue
            met |= names
        _take_one(intake, raw, path, options.label, blobs)
    if listed is not None and len(met) < len(listed):
        absent = sorted(listed - met)
        intake.findings.append(
            Finding(
                "only-list",
                "warn",
                f"{len(absent)} of {len(listed)} names in the list were not found for training",
                tuple(absent[:20]),
                "correct the list: names, stems or paths relative to the folder",
            )
        )


def _read_list(path: Path) -> set[str]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError:
        raise UsageError("cannot read the list of --only", where=str(path)) from None
    return {line.strip().lstrip("./") for line in lines if line.strip()}


def _names(source: str) -> set[str]:
    path = PurePosixPath(source)
    return {source.lstrip("./"), path.name, path.stem}


def _take_one(intake: _Intake, raw: RawSample, path: Path, label: str, blobs: BlobStore) -> None:
    taken_at = _file_time(path, raw.source)
    annotation = raw.annotation
    if label:
        annotation = replace(annotation or Annotation(), label=label)
    if annotation is not None and annotation.source == "import":
        # the file's own time, so that the same files give the same version again
        annotation = replace(annotation, at=taken_at)
    digest = digest_of(raw.content)
    known = intake.entries.get(digest)
    if known is not None:
        intake.duplicates += 1
        _merge(intake, known, raw, annotation)
        return
    blobs.put(raw.content)
    intake.kept += 1
    sample = Sample(
        id=sample_id_for(raw.content, raw.source),
        media_type=raw.media_type,
        digest=digest,
        size=len(raw.content),
        captured_at=taken_at,
        source=raw.source,
        group=raw.group,
        meta=raw.meta,
    )
    intake.entries[digest] = _Entry(sample, annotation, given=raw.split)


def _merge(intake: _Intake, known: _Entry, raw: RawSample, annotation: Annotation | None) -> None:
    """The same bytes again: keep one, say so when the two do not agree."""
    if annotation is not None and known.annotation is None:
        known.annotation = annotation
    elif _labels(annotation) != _labels(known.annotation) and annotation is not None:
        intake.findings.append(
            Finding(
                "conflicting-labels",
                "warn",
                "the same bytes have two different labels; the first one was kept",
                (
                    f"{known.sample.source}: {', '.join(_labels(known.annotation))}",
                    f"{raw.source}: {', '.join(_labels(annotation))}",
                ),
                "delete the wrong one of the two files and import again with --replace",
            )
        )
    stated = known.given
    if raw.split and stated and raw.split != stated:
        stricter = max(raw.split, stated, key=lambda s: STRICTNESS[s])
        intake.findings.append(
            Finding(
                "leakage",
                "warn",
                f"the same bytes are in {stated} and in {raw.split}; kept once, in {stricter}",
                (known.sample.source, raw.source),
                "nothing to do: the figures would have been too good",
            )
        )
        known.given = stricter


def _file_time(path: Path, source: str) -> datetime:
    for candidate in (path / source, Path(source), path):
        if candidate.is_file() or candidate is path:
            return datetime.fromtimestamp(candidate.stat().st_mtime, tz=timezone.utc)
    raise AssertionError("the last candidate always matches")


def _make_version(
    project: Project, intake: _Intake, parent: str, note: str, progress: Progress
) -> Dataset:
    config = project.config.data
    entries = {e.sample.id: e for e in intake.entries.values()}
    pairs = project.kit.data.near_duplicates(
        counted(_contents(entries, project.blobs), progress, "comparing", len(entries))
    )
    shares: dict[Split, float] = {
        "train": config.split.train,
        "val": config.split.val,
        "test": config.split.test,
    }
    pattern = re.compile(config.group_by) if config.group_by else None
    candidates = [_candidate(entry, pattern) for entry in entries.values()]
    placed = place(candidates, pairs, shares, config.seed)
    intake.findings.extend(placed.findings)
    items = [_item(entry, placed) for entry in entries.values()]
    rule = f"by group, stratified by label, {'/'.join(f'{v:g}' for v in shares.values())}"
    if any(entry.given for entry in entries.values()):
        rule = f"as the data says, else {rule}"
    header = DatasetHeader(
        kit=project.kit.name,
        labels=labels_of(items),
        split_rule=rule,
        seed=config.seed,
        parent=parent,
        note=note,
    )
    return build(header, items, project.blobs)


def _contents(entries: dict[str, _Entry], blobs: BlobStore) -> Iterator[tuple[str, bytes]]:
    for identity, entry in sorted(entries.items()):
        if entry.sample.digest:
            yield identity, blobs.get(entry.sample.digest)


def _candidate(entry: _Entry, pattern: re.Pattern[str] | None) -> Candidate:
    sample = entry.sample
    group = sample.group
    if not group and pattern is not None:
        match = pattern.search(PurePosixPath(sample.source).name)
        group = (match[1] if pattern.groups else match[0]) if match else ""
    return Candidate(
        id=sample.id,
        source=sample.source,
        group=group or sample.source or sample.id,
        labels=_labels(entry.annotation),
        given=entry.given,
        fixed=entry.fixed,
    )


def _item(entry: _Entry, placed: Placed) -> DatasetItem:
    identity = entry.sample.id
    sample = replace(entry.sample, group=placed.groups[identity])
    return DatasetItem(sample, entry.annotation, placed.splits[identity])


def _import_version(project: Project, path: Path) -> ImportReport:
    """Takes over a version as it is: same items, same splits, same id."""
    dataset, source = _read_version(path, project.kit.name)
    for item in dataset.items:
        if item.sample.digest and not project.blobs.has(item.sample.digest):
            project.blobs.put(source.get(item.sample.digest))
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
        )
    return dataset, source
