"""Taking samples in while a reader streams them: counted, deduplicated by bytes, stored.

Decides for each sample whether it is kept, a duplicate, left out by a list, or refused. Where it
goes is decided later (`splitting.py`), when all are there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from pathlib import Path, PurePosixPath

from pydantic import JsonValue

from kits.core.annotation import Annotation
from kits.core.blobs import BlobStore
from kits.core.dataset import Dataset, Split
from kits.core.errors import UsageError
from kits.core.kit import Finding, RawSample
from kits.core.placing import STRICTNESS
from kits.core.sample import ORDER, Sample, digest_of, sample_id_for

UNKNOWN_TIME = datetime(1970, 1, 1, tzinfo=timezone.utc)
"""When an imported file was captured. A file's own time changes with every copy, and the same files
must give the same dataset version on every machine."""


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
class Entry:
    """A sample on its way into the version."""

    sample: Sample
    annotation: Annotation | None
    given: Split | None = None
    fixed: Split | None = None


@dataclass
class Intake:
    """Counts, and samples by digest."""

    entries: dict[str, Entry] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    kept: int = 0
    duplicates: int = 0
    left_out: int = 0
    refused: int = 0


def stated_labels(annotation: Annotation | None) -> tuple[str, ...]:
    """Everything an annotation says of its sample: its class and its boxes' classes."""
    if annotation is None:
        return ()
    stated = {annotation.label, *(b.label for b in annotation.boxes)}
    return tuple(sorted(stated - {""}))


def add_existing(intake: Intake, dataset: Dataset) -> None:
    """Starts from the version before; its samples keep their splits."""
    for item in dataset.items:
        intake.entries[item.sample.digest] = Entry(item.sample, item.annotation, fixed=item.split)


def take_in(
    intake: Intake,
    stream: Iterable[RawSample | Finding],
    options: ImportOptions,
    blobs: BlobStore,
) -> None:
    """Takes the whole stream in.

    Raises:
        UsageError: the list of `only` cannot be read.
    """
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
        _take_one(intake, raw, options.label, blobs)
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


def _take_one(intake: Intake, raw: RawSample, label: str, blobs: BlobStore) -> None:
    annotation = raw.annotation
    if label:
        annotation = replace(annotation or Annotation(), label=label)
    if annotation is not None and annotation.source == "import":
        annotation = replace(annotation, at=UNKNOWN_TIME)
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
        captured_at=UNKNOWN_TIME,
        source=raw.source,
        group=raw.group,
        meta=meta_of(raw),
    )
    intake.entries[digest] = Entry(sample, annotation, given=raw.split)


def meta_of(raw: RawSample) -> Mapping[str, JsonValue]:
    """What the sample is told beside its bytes, with its place in time where the reader knows it."""
    return raw.meta if raw.order is None else {**raw.meta, ORDER: raw.order}


def _merge(intake: Intake, known: Entry, raw: RawSample, annotation: Annotation | None) -> None:
    """The same bytes again: keep one, say so when the two do not agree."""
    if annotation is not None and known.annotation is None:
        known.annotation = annotation
    elif stated_labels(annotation) != stated_labels(known.annotation) and annotation is not None:
        intake.findings.append(
            Finding(
                "conflicting-labels",
                "warn",
                "the same bytes have two different labels; the first one was kept",
                (
                    f"{known.sample.source}: {', '.join(stated_labels(known.annotation))}",
                    f"{raw.source}: {', '.join(stated_labels(annotation))}",
                ),
                "delete the wrong one of the two and import again with --replace",
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
