"""Taking samples in while a reader streams them: counted, deduplicated by bytes, stored.

Decides for each sample whether it is kept, a newer state of one that is there, a duplicate, left out by a
list, or refused. Where it goes is decided later (`splitting.py`), when all are there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from pathlib import Path, PurePosixPath

from pydantic import JsonValue

from kits.core.annotation import BY_PEOPLE, Annotation
from kits.core.blobs import BlobStore
from kits.core.dataset import Dataset, Split
from kits.core.errors import DataError, UsageError
from kits.core.kit import Finding, RawSample
from kits.core.placing import STRICTNESS
from kits.core.sample import COPIES, KEY, ORDER, Sample, digest_of, key_of, sample_id_for
from kits.toolchain.alike import Told, are_others, told_of

_SHOWN, _REMEMBERED = 10, 3_000
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
    """A sample on its way into the version.

    Attributes:
        given: the split that the data states.
        fixed: the split that it, or the one it replaces, has in the version before.
        before: it is of the version before, as it was there.
        said: the labels that this import has of its bytes, each with how many; None: no copy came yet.
    """

    sample: Sample
    annotation: Annotation | None
    given: Split | None = None
    fixed: Split | None = None
    before: bool = False
    said: Counter[str] | None = None


@dataclass
class Intake:
    """Counts, and samples by digest.

    Attributes:
        keys: whom a sample is a state of → its digest.
        replaced: newer states that took the place of older ones.
        changed: digests of newer states and of those of the version before whose place they took, of the first ones.
        overtaken: how many of the version before there are.
        left_out: by the list of `only`, or by the kit's reader, which says why.
    """

    entries: dict[str, Entry] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)
    changed: list[tuple[str, str]] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    kept: int = 0
    replaced: int = 0
    overtaken: int = 0
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
        sample = item.sample
        entry = Entry(sample, item.annotation, fixed=item.split, before=True)
        intake.entries[sample.digest] = entry
        if key := key_of(sample):
            intake.keys[key] = sample.digest


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
    newer: list[str] = []
    there = {e.sample.source for e in intake.entries.values() if not key_of(e.sample)}
    anew: list[str] = []
    for raw in stream:
        if isinstance(raw, Finding):
            intake.findings.append(raw)
            intake.refused += raw.level == "fail"
            intake.left_out += raw.left_out
            continue
        if listed is not None and raw.split in (None, "train"):
            names = listed & _names(raw.source)
            if not names:
                intake.left_out += 1
                continue
            met |= names
        kept = intake.kept
        if _take_one(intake, raw, options.label, blobs) and len(newer) < _SHOWN:
            newer.append(raw.source)
        if intake.kept > kept and not raw.key and raw.source in there:
            anew.append(raw.source)
    if intake.replaced:
        intake.findings.append(_newer(intake, newer, blobs))
    if 2 * len(anew) > intake.kept:
        intake.findings.append(_read_anew(anew))
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


def _newer(intake: Intake, sources: Sequence[str], blobs: BlobStore) -> Finding:
    """Of newer states; where they are no more like the older ones than any two samples are, that they may be others."""
    pairs = intake.changed
    many = intake.overtaken > intake.replaced / 2
    if many and are_others(
        pairs, lambda one: _told(blobs, one[0]), lambda one: _told(blobs, one[1])
    ):
        return Finding(
            "newer-states", "warn",
            f"{intake.replaced} samples have the ids of ones that were there and took their place, though they tell other things, no more "
            "alike than any two: where each file counts its own ids from one, these are others",
            tuple(sources),
            "if they are others, give each an id that no other file has, and import all files together with --replace",
        )  # fmt: skip
    text = (
        f"{intake.replaced} samples are newer states of ones that were there, and took their place"
    )
    return Finding("newer-states", "pass", text, tuple(sources))


def _told(blobs: BlobStore, digest: str) -> Told:
    """What a sample tells; nothing where its bytes are not there any more."""
    try:
        return told_of(blobs.get(digest))
    except DataError:
        return {}


def _read_anew(sources: Sequence[str]) -> Finding:
    """Of samples that nothing identifies but their place: read again by other settings they are others, and stand beside the first."""
    return Finding(
        "read-anew",
        "warn",
        f"{len(sources)} samples have the file and the place in it of ones that were there, but not their content: where it is the same "
        "file, each counts twice now",
        tuple(sources[:_SHOWN]),
        "if it was imported before, by other settings: import again with --replace",
    )


def _read_list(path: Path) -> set[str]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError:
        raise UsageError(
            "cannot read the list of --only",
            where=str(path),
            fix="a text file in UTF-8 with the name of one sample on each line",
        ) from None
    return {line.strip().lstrip("./") for line in lines if line.strip()}


def _names(source: str) -> set[str]:
    path = PurePosixPath(source)
    return {source.lstrip("./"), path.name, path.stem}


def _take_one(intake: Intake, raw: RawSample, label: str, blobs: BlobStore) -> bool:
    """Takes one sample in; whether it took the place of an older state."""
    annotation = raw.annotation
    if label:
        annotation = replace(annotation or Annotation(), label=label)
    if annotation is not None and annotation.source == "import":
        annotation = replace(annotation, at=UNKNOWN_TIME)
    digest = digest_of(raw.content)
    known = intake.entries.get(digest)
    if known is not None:
        return _again(intake, known, raw, annotation)
    blobs.put(raw.content)
    older = intake.entries.pop(intake.keys.get(raw.key, ""), None) if raw.key else None
    if raw.key:
        intake.keys[raw.key] = digest
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
    if older is None:
        intake.kept += 1
        intake.entries[digest] = Entry(sample, annotation, given=raw.split)
        return False
    intake.replaced += 1
    if older.before:
        intake.overtaken += 1
        if len(intake.changed) < _REMEMBERED:
            intake.changed.append((digest, older.sample.digest))
    stated = _in_force(intake, older, raw, annotation)
    intake.entries[digest] = Entry(sample, stated, raw.split or older.given, older.fixed)
    return True


def _again(intake: Intake, known: Entry, raw: RawSample, annotation: Annotation | None) -> bool:
    """The same bytes again: a duplicate, or news of what became of it since the version before."""
    if not raw.key or not known.before or key_of(known.sample) not in ("", raw.key):
        intake.duplicates += 1
        _merge(intake, known, raw, annotation)
        return False
    stated = _in_force(intake, known, raw, annotation)
    news = stated_labels(stated) != stated_labels(known.annotation)
    intake.replaced += news
    intake.duplicates += not news
    intake.keys[raw.key] = known.sample.digest
    known.sample = replace(known.sample, meta=meta_of(raw))  # ranks count within one export
    known.annotation = stated if news else known.annotation
    known.given, known.before = raw.split or known.given, False
    return news


def _in_force(
    intake: Intake, older: Entry, raw: RawSample, annotation: Annotation | None
) -> Annotation | None:
    """What holds of the newer state: what it states itself, unless a person said it of the older."""
    known = older.annotation
    if known is None or known.source == "import":
        return annotation
    if annotation is None:
        return known
    if known.source not in BY_PEOPLE:
        return annotation
    if stated_labels(annotation) != stated_labels(known):
        intake.findings.append(
            Finding(
                "conflicting-labels",
                "warn",
                "a person said something else than the import; the person's word was kept",
                (
                    f"{older.sample.source}: {', '.join(stated_labels(known))}",
                    f"{raw.source}: {', '.join(stated_labels(annotation))}",
                ),
                "correct the wrong one of the two: at the source, or with kit label",
            )
        )
    return known


def meta_of(raw: RawSample) -> Mapping[str, JsonValue]:
    """What the sample is told beside its bytes: with its place in time and its key where the reader knows them."""
    order: Mapping[str, JsonValue] = {} if raw.order is None else {ORDER: raw.order}
    return {**raw.meta, **order, **({KEY: raw.key} if raw.key else {})}


def _count_copies(known: Entry, annotation: Annotation | None) -> None:
    """Keeps how often each label was given, where copies have several; what a person said since stands above them."""
    kept = known.annotation
    if annotation is None or not annotation.label or (kept and kept.source in BY_PEOPLE):
        return
    label = kept.label if kept is not None else ""
    if known.said is None:
        known.said = Counter([label] if label and not known.before else [])
    known.said[annotation.label] += 1
    counts = {**({label: 1} if label else {}), **known.said}
    if len(counts) > 1:
        copies: dict[str, JsonValue] = {name: counts[name] for name in sorted(counts)}
        known.sample = replace(known.sample, meta={**known.sample.meta, COPIES: copies})


def _merge(intake: Intake, known: Entry, raw: RawSample, annotation: Annotation | None) -> None:
    """The same bytes again: keep one, say so when the two do not agree."""
    _count_copies(known, annotation)
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
