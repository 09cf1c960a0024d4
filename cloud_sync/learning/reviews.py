"""Reviews: what a person's decision about a sample becomes.

Statements are appended as annotations, never changed, and saying the same twice equals once. Which samples a
person should look at is `review_queue.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from cloud_sync.errors import ConflictError, NotFoundError
from cloud_sync.hub import audit
from cloud_sync.learning.known_labels import as_known
from cloud_sync.learning.label_words import MAIL, bad_label, good_label
from cloud_sync.store.models import Annotation as AnnotationRow
from cloud_sync.store.models import Person, Review, Sample
from kits.core.annotation import Annotation, annotation_to_json
from kits.core.errors import DataError
from kits.core.prediction import Box, Prediction, Quantity, Span, prediction_from_json
from kits.core.sample import utc_now

Choice = Literal["accept", "correct", "unsure", "skip"]
FINAL: tuple[Choice, ...] = ("accept", "correct")
_ALL_LABELLED = frozenset({MAIL})
"""Media types of which every sample is about something: what was not acted on is not "nothing there"."""


@dataclass(frozen=True, slots=True)
class Beside:
    """What a person states beside a label and boxes.

    Attributes:
        spans: which of the model's spans hold, by their place in the prediction; of `correct` only.
        quantities: of `correct` only.
        note: in words; kept with any statement.
    """

    spans: tuple[int, ...] = ()
    quantities: tuple[Quantity, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a submitted review became. `repeated`: the same had been said before."""

    review: Review
    annotation: AnnotationRow | None
    repeated: bool


def submit(
    session: Session,
    person: Person,
    sample_id: str,
    decision: Choice,
    *,
    label: str = "",
    boxes: Sequence[Box] = (),
    beside: Beside | None = None,
    now: datetime | None = None,
) -> Outcome:
    """Records a person's decision; saying the same twice equals once.

    `accept` takes over what the model said, `correct` what is given.

    Raises:
        NotFoundError: no such sample.
        DataError: `correct` without a label or boxes, or with a span that is not there.
        ConflictError: somebody else decided it, and this is no correction.
    """
    # who else says something of it now, or erases it, comes before or after
    sample = session.get(
        Sample, sample_id, with_for_update={"key_share": True}, populate_existing=True
    )
    if sample is None:
        raise NotFoundError(
            f"no sample {sample_id!r}", fix="retention may have removed it: take the next"
        )
    beside = beside or Beside()
    if decision == "correct":
        label, boxes = _spelled(session, sample, label, boxes)
    given = Annotation(label, tuple(boxes), _spans(sample, beside.spans), beside.quantities)
    stated = _statement(sample, decision, given, person.login, now or utc_now())
    stated = replace(stated, note=beside.note.replace("\0", "\ufffd")) if stated else None
    last = _last_review(session, sample_id, person.id)
    if last is not None and _same_statement(session, last, decision, stated):
        row = session.get(AnnotationRow, last.annotation_id) if last.annotation_id else None
        return Outcome(last, row, True)
    _refuse_contradiction(session, sample_id, person, decision)
    row = _append(session, sample_id, stated) if stated else None
    if decision in FINAL:
        sample.decided = True
    review = Review(
        sample_id=sample_id,
        person_id=person.id,
        decision=decision,
        annotation_id=row.id if row else None,
        at=now or utc_now(),
    )
    session.add(review)
    session.flush()
    audit(session, person.login, f"review.{decision}", sample_id)
    return Outcome(review, row, False)


def suggestion(sample: Sample) -> Prediction:
    """What the model said, as a starting point for the person.

    A score can reject a part although no region stands out. Agreeing with a rejection must then
    say "defect", never the model's "good".
    """
    if not sample.prediction:
        said = Prediction(score=sample.score or 0.0, label=sample.label)
    else:
        said = prediction_from_json(sample.prediction)
    if sample.verdict == "act" and said.label in ("", good_label(sample.media_type)):
        return replace(said, label=bad_label(sample.media_type))
    return said


def _spans(sample: Sample, chosen: Sequence[int]) -> tuple[Span, ...]:
    if not chosen:
        return ()
    there = suggestion(sample).spans
    wrong = [place for place in chosen if not 0 <= place < len(there)]
    if wrong:
        raise DataError(f"this sample has {len(there)} spans, none at {wrong[0]}", where=sample.id)
    # a value follows from the words: only these are learned from
    return tuple(replace(there[place], value=None) for place in sorted(set(chosen)))


def _spelled(
    session: Session, sample: Sample, label: str, boxes: Sequence[Box]
) -> tuple[str, list[Box]]:
    """Label and boxes with the names that the project has for them."""
    said = suggestion(sample)
    found = (*said.probabilities, *(box.label for box in said.boxes))
    words = (good_label(sample.media_type), sample.label, *found)
    names = as_known(session, sample.project, {label, *(box.label for box in boxes)}, words)
    return names[label], [replace(box, label=names[box.label]) for box in boxes]


def _statement(
    sample: Sample, decision: Choice, given: Annotation, login: str, at: datetime
) -> Annotation | None:
    if decision == "correct":
        if not given.label and not given.boxes:
            raise DataError(
                "a correction needs a label or boxes",
                where=sample.id,
                fix=f"label {good_label(sample.media_type)!r} says that nothing is wrong with it",
            )
        return replace(given, source="review", author=login, at=at)
    if decision != "accept":
        return None
    said = suggestion(sample)
    if sample.verdict == "pass" and sample.media_type not in _ALL_LABELLED:
        # agreeing with "pass" says there is nothing; boxes below the threshold are not taken over
        return Annotation(good_label(sample.media_type), source="review", author=login, at=at)
    return Annotation(
        said.label or sample.label or bad_label(sample.media_type),
        said.boxes,
        said.spans,
        said.quantities,
        source="review",
        author=login,
        at=at,
    )


def _last_review(session: Session, sample_id: str, person_id: int) -> Review | None:
    return session.scalar(
        select(Review)
        .where(Review.sample_id == sample_id, Review.person_id == person_id)
        .order_by(Review.id.desc())
        .limit(1)
    )


def _same_statement(
    session: Session, last: Review, decision: Choice, stated: Annotation | None
) -> bool:
    if last.decision != decision:
        return False
    if stated is None or last.annotation_id is None:
        return stated is None and decision != "skip"
    row = session.get(AnnotationRow, last.annotation_id)
    return row is not None and _content(row.body) == _content(annotation_to_json(stated))


def _content(body: object) -> dict[str, object]:
    assert isinstance(body, dict)
    return {key: value for key, value in body.items() if key != "at"}


def _refuse_contradiction(
    session: Session, sample_id: str, person: Person, decision: Choice
) -> None:
    """Once decided, a sample is only changed by an explicit correction."""
    if decision == "correct":
        return
    decided = session.scalar(
        select(Review.id).where(
            Review.sample_id == sample_id,
            Review.decision.in_(FINAL),
            Review.person_id != person.id,
        )
    )
    if decided is not None:
        raise ConflictError(
            "somebody else has decided this sample",
            where=sample_id,
            fix="load the queue again, or send a correction",
        )


def _append(session: Session, sample_id: str, stated: Annotation) -> AnnotationRow:
    row = AnnotationRow(
        sample_id=sample_id,
        label=stated.label,
        body=annotation_to_json(stated),
        author=stated.author,
        source=stated.source,
        at=stated.at,
    )
    session.add(row)
    session.flush()
    return row
