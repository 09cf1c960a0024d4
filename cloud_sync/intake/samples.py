"""Reading samples: one page of a filtered list, what is said of them, and export lines. No writing.

Lists are ordered by the hub's own knowledge of when a sample was captured, never by what a device's
clock says: a device that is twenty years ahead is not first for ever.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import get_args

from pydantic import JsonValue
from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from cloud_sync.errors import NotFoundError
from cloud_sync.fleet import devices
from cloud_sync.intake.clock import EPOCH
from cloud_sync.learning.reviews import FINAL
from cloud_sync.store.bulk import in_portions
from cloud_sync.store.models import Annotation, Project, Review, Sample
from kits.core.errors import DataError, did_you_mean
from kits.core.operating_point import Verdict

MAX_PAGE = 500
_STRONG = ("review", "outcome")


@dataclass(frozen=True, slots=True)
class SampleFilter:
    """Which samples; empty fields do not filter. `reviewed`: only (un)decided ones."""

    project: str = ""
    device: str = ""
    bundle: str = ""
    verdict: str = ""
    reviewed: bool | None = None


@dataclass(frozen=True, slots=True)
class SamplePage:
    """Newest first; `next` is the `before` of the following page, empty at the end."""

    samples: tuple[Sample, ...]
    next: str


def page(session: Session, wanted: SampleFilter, limit: int = 50, before: str = "") -> SamplePage:
    """One page of samples, at most `MAX_PAGE`.

    Args:
        before: `next` of the page before. What arrives meanwhile does not move the pages.

    Raises:
        DataError: `before` is not what a page gave.
    """
    size = max(1, min(limit, MAX_PAGE))
    query = select(Sample).order_by(Sample.captured_at.desc(), Sample.id.desc()).limit(size + 1)
    for name in ("project", "device", "bundle", "verdict"):
        value = getattr(wanted, name)
        if value:
            query = query.where(getattr(Sample, name) == value)
    if wanted.reviewed is not None:
        decided = select(Review.sample_id).where(Review.decision.in_(FINAL))
        query = query.where(
            Sample.id.in_(decided) if wanted.reviewed else Sample.id.not_in(decided)
        )
    if before:
        at, name = _place(before)
        same = and_(Sample.captured_at == at, Sample.id < name)
        # the first condition says the same once more, for the index
        query = query.where(Sample.captured_at <= at, or_(Sample.captured_at < at, same))
    found = list(session.scalars(query))
    more = len(found) > size
    return SamplePage(tuple(found[:size]), _place_of(found[size - 1]) if more else "")


def _place_of(sample: Sample) -> str:
    """Where a list goes on: microseconds since 1970, and the id."""
    return f"{(sample.captured_at - EPOCH) // timedelta(microseconds=1)}.{sample.id}"


def _place(text: str) -> tuple[datetime, str]:
    number, _, name = text.partition(".")
    try:
        return EPOCH + timedelta(microseconds=int(number)), name
    except (ValueError, OverflowError) as error:
        raise DataError("not the next of a page", where=text[:80]) from error


def require_known(session: Session, wanted: SampleFilter) -> None:
    """Refuses a filter that nothing can fit, which a typing error would be.

    Raises:
        NotFoundError: no such verdict, device or project.
    """
    verdicts = get_args(Verdict)
    if wanted.verdict and wanted.verdict not in verdicts:
        known = ", ".join(sorted(verdicts))
        raise NotFoundError("no such verdict", where=wanted.verdict, fix=f"known: {known}")
    if wanted.device:
        devices.find(session, wanted.device)
    if wanted.project and not _has_project(session, wanted.project):
        names = session.scalars(select(Project.name))
        fix = did_you_mean(wanted.project, names)
        raise NotFoundError("no such project", where=wanted.project, fix=fix)


def _has_project(session: Session, name: str) -> bool:
    """Also of samples whose project's bundles never came to this hub."""
    if session.get(Project, name) is not None:
        return True
    return session.scalar(select(Sample.id).where(Sample.project == name).limit(1)) is not None


def annotations_in_force(session: Session, ids: Collection[str]) -> dict[str, Annotation]:
    """Sample id → the statement that counts; samples of which nothing was said are left out.

    The newest one, in the order in which they came to the hub; but a person's word in the hub, and
    what was found at a machine, outrank what was said at the device.
    """
    found: dict[str, Annotation] = {}
    for some in in_portions(ids):
        query = select(Annotation).where(Annotation.sample_id.in_(some)).order_by(Annotation.id)
        for row in session.scalars(query):
            known = found.get(row.sample_id)
            if known is None or row.source in _STRONG or known.source not in _STRONG:
                found[row.sample_id] = row
    return found


def export(session: Session, wanted: SampleFilter) -> Iterator[dict[str, JsonValue]]:
    """All samples that fit, newest first, with the annotation in force."""
    before = ""
    while True:
        part = page(session, wanted, MAX_PAGE, before)
        stated = annotations_in_force(session, [sample.id for sample in part.samples])
        for sample in part.samples:
            said = stated.get(sample.id)
            yield {**as_json(sample), "annotation": said.body if said else None}
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
