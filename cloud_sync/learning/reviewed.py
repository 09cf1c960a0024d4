"""Samples of which it is known what they are: those to learn from, and how many may not be.

A person decided it in a review, or what was found at the machine did (`cases/labels.py`), or a person who
filed a mail.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from datetime import datetime
from operator import itemgetter
from typing import Any

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from cloud_sync.cases.labels import NORMAL, OUTCOME
from cloud_sync.intake import provenance
from cloud_sync.learning.label_words import GOOD_LABEL
from cloud_sync.learning.reviews import FINAL
from cloud_sync.store.models import Annotation as AnnotationRow
from cloud_sync.store.models import Review
from cloud_sync.store.models import Sample as SampleRow
from cloud_sync.store.models.mails import MAILS
from kits.core.annotation import Annotation, annotation_from_json
from kits.core.sample import Sample
from kits.core.window import MEDIA_TYPE as WINDOW

NORMAL_WORDS = (NORMAL, GOOD_LABEL)
STRETCH_H = 3
"""Normal windows of one machine within so many hours of the day (UTC) stay together."""

_READ = (
    SampleRow.id, SampleRow.media_type, SampleRow.blob, SampleRow.blob_size, SampleRow.captured_at,
    SampleRow.source, SampleRow.device, SampleRow.group, SampleRow.meta, SampleRow.kept_for,
    SampleRow.score,
    AnnotationRow.id.label("said"), AnnotationRow.label.label("as_what"), AnnotationRow.body,
)  # fmt: skip
"""What is read of tens of thousands of rows, as plain values: not what the model said, which is most of each."""


@dataclass(frozen=True, slots=True)
class Reviewed:
    """A sample of which it is known what it is, ready for a dataset.

    Attributes:
        judged: a model gave it a score, so it could be read.
    """

    sample: Sample
    annotation: Annotation
    audited: bool
    judged: bool = True


def reviewed_samples(session: Session, project: str) -> list[Reviewed]:
    """Samples of a project with stored bytes and a final word; the newest word counts."""
    mine = (
        SampleRow.project == project,
        SampleRow.blob_state == "stored",
        provenance.trainable(),
    )
    by_people = (
        select(*_READ)
        .join(Review, Review.sample_id == SampleRow.id)
        .join(AnnotationRow, AnnotationRow.id == Review.annotation_id)
        .where(*mine, Review.decision.in_(FINAL))
    )
    by_outcome = (
        select(*_READ)
        .join(AnnotationRow, AnnotationRow.sample_id == SampleRow.id)
        .where(*mine, AnnotationRow.source == OUTCOME)
    )
    by_filing = (
        select(*_READ)
        .join(AnnotationRow, AnnotationRow.sample_id == SampleRow.id)
        .where(*mine, MAILS, AnnotationRow.source == "device", AnnotationRow.label != "")
    )
    in_force: dict[str, tuple[bool, Any]] = {}
    # what is said at a mailbox is outranked by what is said here, whenever that was
    for query, here in ((by_filing, False), (by_people, True), (by_outcome, True)):
        for row in session.execute(query):
            known = in_force.get(row.id)
            if known is None or (known[0], known[1].said) <= (here, row.said):
                in_force[row.id] = here, row
    return [
        Reviewed(
            _to_core(row, row.as_what),
            annotation_from_json(row.body),
            audited=row.kept_for == "audit",
            judged=row.score is not None,
        )
        for _, (_, row) in sorted(in_force.items(), key=itemgetter(0))
    ]


def refused_samples(session: Session, project: str) -> dict[str, int]:
    """Reason → reviewed samples of a project that may not be learned from.

    A sample of an unknown bundle has no project: it could be this one's, so it is counted.
    """
    reviewed = select(Review.id).where(Review.sample_id == SampleRow.id, Review.decision.in_(FINAL))
    outcome = select(AnnotationRow.id).where(
        AnnotationRow.sample_id == SampleRow.id, AnnotationRow.source == OUTCOME
    )
    filing = select(AnnotationRow.id).where(
        AnnotationRow.sample_id == SampleRow.id, MAILS, AnnotationRow.source == "device"
    )
    known = exists(reviewed) | exists(outcome) | exists(filing)
    base = select(func.count()).select_from(SampleRow).where(known)
    base = base.where(SampleRow.blob_state == "stored", SampleRow.project.in_((project, "")))
    mine = base.where(SampleRow.project == project, provenance.withdrawn())
    counts = {
        provenance.UNKNOWN: session.scalar(
            base.where(provenance.unknown(), ~provenance.withdrawn())
        ),
        provenance.WITHDRAWN: session.scalar(mine),
    }
    return {reason: count for reason, count in counts.items() if count}


def _to_core(row: Any, label: str) -> Sample:
    return Sample(
        id=row.id,
        media_type=row.media_type,
        digest=row.blob,
        size=row.blob_size,
        captured_at=row.captured_at,
        source=row.source,
        device=row.device,
        group=_group(row, label),
        meta=row.meta,
    )


def _group(row: Any, label: str) -> str:
    """What is never divided between splits: a part's samples; of a machine a fault, or normal running of some hours.

    Else a machine would be in one split for ever, and nothing learned of it could be judged on it. A recording that is
    played says when it was made; what a live machine says was captured then.
    """
    if row.media_type != WINDOW or not row.group:
        return str(row.group or row.id)
    if label and label not in NORMAL_WORDS:
        return f"{row.group}/{label}"
    at = row.captured_at
    told = row.meta.get("started_at")
    if isinstance(told, str):
        # a device may say anything: then the time of capture counts
        with contextlib.suppress(ValueError):
            at = datetime.fromisoformat(told)
    return f"{row.group}/{at:%Y-%m-%d}/{at.hour // STRETCH_H * STRETCH_H:02d}h"
