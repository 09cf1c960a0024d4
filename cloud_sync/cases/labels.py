"""What was found at the machine becomes the label of the samples behind a case, and of no others.

Behind a case are the windows that its steps above normal name, and those that its device kept for it.
Labels are appended as annotations with the source `outcome`; how they join a dataset version is
`learning/reviewed.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from cloud_sync.store.models import Annotation as AnnotationRow
from cloud_sync.store.models import Case, CaseTransition, Sample
from kits.core.annotation import Annotation, annotation_to_json
from kits.core.labelling import spelling
from kits.core.prediction import Span
from kits.core.sample import utc_now

NORMAL = "normal"
"""The cause of a false alarm, and the label of a window in which nothing is wrong."""
FALSE_ALARMS = frozenset({NORMAL, "false alarm", "a false alarm", "no fault found"})
"""What people say for it, the words of our own pages first; as `spelling` has them."""
SENSOR_FAULT = "sensor-fault"
"""The cause where the sensor was it: the kit takes windows with this label for no fault of the machine."""
OUTCOME: Literal["outcome"] = "outcome"
CASE_KEY = "case"
"""In the `meta` of a sample: the case its device kept it for."""
MAX_SAMPLES = 1000
AROUND = timedelta(days=1)
LATE = timedelta(days=30)
"""A device that was away so long has its samples labelled no more."""


def plain_cause(cause: str) -> str:
    """A cause as typed, `normal` for whatever says that it was a false alarm."""
    return NORMAL if spelling(cause) in FALSE_ALARMS else cause


def behind(session: Session, case: Case) -> Sequence[Sample]:
    """The samples a case rests on, oldest first; of its own device only."""
    named = select(CaseTransition.sample_id).where(
        CaseTransition.case_id == case.id,
        CaseTransition.level != "normal",
        CaseTransition.sample_id != "",
    )
    until = max(case.closed_at or case.last_at, case.last_at) + AROUND
    kept = (Sample.blob != "") & (Sample.meta[CASE_KEY].as_string() == case.id)
    within = Sample.captured_at.between(case.since - AROUND, until)
    query = select(Sample).where(
        Sample.device == case.device, or_(Sample.id.in_(named), within & kept)
    )
    return session.scalars(query.order_by(Sample.captured_at).limit(MAX_SAMPLES)).all()


def state_cause(session: Session, case: Case, who: str, note: str) -> int:
    """Appends the case's cause to the samples behind it that do not say so yet; how many.

    Samples that are still on their way are noted in `labels_due`.
    """
    samples, at = behind(session, case), utc_now()
    said = _outcomes(session, [sample.id for sample in samples])
    count = 0
    for sample in samples:
        if said.get(sample.id) == case.cause:
            continue
        stated = Annotation(
            case.cause,
            spans=_since_onset(case, sample),
            author=who,
            source=OUTCOME,
            at=at,
            note=note,
        )
        session.add(
            AnnotationRow(
                sample_id=sample.id, label=case.cause, body=annotation_to_json(stated), author=who,
                source=OUTCOME, at=at,
            )
        )  # fmt: skip
        sample.decided = True
        count += 1
    case.labels_due = _awaited(session, case, {sample.id for sample in samples})
    return count


def _since_onset(case: Case, sample: Sample) -> tuple[Span, ...]:
    """Where the fault begins in a recording that begins before it: readings, as the kit counts them.

    Its device says how many there are and how fast they came; without that nothing is said.
    """
    rate, readings = sample.meta.get("rate_hz"), sample.meta.get("readings")
    if case.cause == NORMAL or not isinstance(rate, int | float) or not isinstance(readings, int):
        return ()
    start = round((case.since - sample.captured_at).total_seconds() * rate)
    return (Span(start, readings, case.cause, ""),) if 0 < start < readings else ()


def state_late(session: Session, limit: int = 50, now: datetime | None = None) -> int:
    """States the causes of cases whose samples came after they were closed; how many were labelled."""
    now = now or utc_now()
    due = select(Case).where(Case.labels_due, Case.closed_at.is_not(None)).order_by(Case.id)
    count = 0
    for case in session.scalars(due.limit(limit).with_for_update()).all():
        last = session.scalar(
            select(CaseTransition)
            .where(CaseTransition.case_id == case.id, CaseTransition.source != "device")
            .order_by(CaseTransition.id.desc())
            .limit(1)
        )
        if case.closed_at is None or case.closed_at < now - LATE or last is None:
            case.labels_due = False
            continue
        count += state_cause(session, case, last.who, last.note)
    return count


def _outcomes(session: Session, ids: Sequence[str]) -> dict[str, str]:
    """Sample → the newest outcome stated of it."""
    newest = (
        select(func.max(AnnotationRow.id))
        .where(AnnotationRow.sample_id.in_(ids), AnnotationRow.source == OUTCOME)
        .group_by(AnnotationRow.sample_id)
    )
    query = select(AnnotationRow.sample_id, AnnotationRow.label).where(AnnotationRow.id.in_(newest))
    return {row[0]: row[1] for row in session.execute(query)}


def _awaited(session: Session, case: Case, here: set[str]) -> bool:
    named = select(CaseTransition.sample_id).where(
        CaseTransition.case_id == case.id,
        CaseTransition.level != "normal",
        CaseTransition.sample_id != "",
    )
    return bool(set(session.scalars(named)) - here)
