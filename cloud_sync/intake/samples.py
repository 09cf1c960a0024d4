"""Reading samples: one page of a filtered list, one sample, and export lines. No writing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pydantic import JsonValue
from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from cloud_sync.errors import NotFoundError
from cloud_sync.store.models import Annotation, Review, Sample

MAX_PAGE = 500


@dataclass(frozen=True, slots=True)
class SampleFilter:
    """Which samples; empty fields do not filter. `before` is a sample id (ids sort by time)."""

    project: str = ""
    device: str = ""
    verdict: str = ""
    bundle: str = ""
    kept_for: str = ""
    reviewed: bool | None = None
    with_bytes: bool = False
    before: str = ""


@dataclass(frozen=True, slots=True)
class SamplePage:
    """Newest first; `next` is the `before` of the following page, empty at the end."""

    samples: tuple[Sample, ...]
    next: str


def page(session: Session, wanted: SampleFilter, limit: int = 50) -> SamplePage:
    """One page of samples, at most `MAX_PAGE`."""
    size = max(1, min(limit, MAX_PAGE))
    query = select(Sample).order_by(Sample.id.desc()).limit(size + 1)
    for name in ("project", "device", "verdict", "bundle", "kept_for"):
        value = getattr(wanted, name)
        if value:
            query = query.where(getattr(Sample, name) == value)
    if wanted.reviewed is not None:
        has_review = exists().where(Review.sample_id == Sample.id)
        query = query.where(has_review if wanted.reviewed else ~has_review)
    if wanted.with_bytes:
        query = query.where(Sample.blob_state == "stored")
    if wanted.before:
        query = query.where(Sample.id < wanted.before)
    found = list(session.scalars(query))
    more = len(found) > size
    return SamplePage(tuple(found[:size]), found[size - 1].id if more else "")


def find(session: Session, sample_id: str) -> Sample:
    """Raises NotFoundError."""
    sample = session.get(Sample, sample_id)
    if sample is None:
        raise NotFoundError("no such sample", where=sample_id[:64])
    return sample


def annotation_in_force(session: Session, sample_id: str) -> Annotation | None:
    """The newest statement on a sample."""
    return session.scalar(
        select(Annotation)
        .where(Annotation.sample_id == sample_id)
        .order_by(Annotation.at.desc(), Annotation.id.desc())
        .limit(1)
    )


def export(session: Session, wanted: SampleFilter) -> Iterator[dict[str, JsonValue]]:
    """All samples that fit, newest first, with the annotation in force."""
    before = wanted.before
    while True:
        step = SampleFilter(
            wanted.project, wanted.device, wanted.verdict, wanted.bundle, wanted.kept_for,
            wanted.reviewed, wanted.with_bytes, before,
        )  # fmt: skip
        part = page(session, step, MAX_PAGE)
        for sample in part.samples:
            stated = annotation_in_force(session, sample.id)
            yield {**as_json(sample), "annotation": stated.body if stated else None}
        if not part.next:
            return
        before = part.next


def as_json(sample: Sample) -> dict[str, JsonValue]:
    """A sample for API and `--json`."""
    return {
        "id": sample.id,
        "device": sample.device,
        "project": sample.project,
        "captured_at": sample.captured_at.isoformat(),
        "claimed_at": sample.claimed_at.isoformat() if sample.claimed_at else None,
        "clock": sample.trust,
        "verdict": sample.verdict,
        "label": sample.label,
        "score": sample.score,
        "reason": sample.reason,
        "bundle": sample.bundle,
        "media_type": sample.media_type,
        "kept_for": sample.kept_for,
        "group": sample.group,
        "source": sample.source,
        "digest": sample.blob,
        "has_blob": sample.blob_state == "stored",
        "prediction": sample.prediction,
        "meta": sample.meta,
    }
