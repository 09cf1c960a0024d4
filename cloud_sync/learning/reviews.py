"""The review queue: which samples a person should look at next, and what their decision becomes.

Order: what the machine acted on, then what it was unsure of (nearest to a threshold first), then
what looked new; every fourth place belongs to a random audit sample as long as one waits, because
only audits give unbiased rates (`audits.py`). Annotations are appended, never changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice
from typing import Literal

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session

from cloud_sync.errors import ConflictError, NotFoundError
from cloud_sync.hub import audit
from cloud_sync.store.models import Annotation as AnnotationRow
from cloud_sync.store.models import Person, Review, Sample
from cloud_sync.store.models.intake import STORED_UNDECIDED
from kits.core.annotation import Annotation, annotation_to_json
from kits.core.errors import DataError
from kits.core.operating_point import Band
from kits.core.prediction import Box, Prediction, Quantity, Span, prediction_from_json
from kits.core.sample import utc_now
from kits.core.window import MEDIA_TYPE as WINDOW

Choice = Literal["accept", "correct", "unsure", "skip"]
FINAL: tuple[Choice, ...] = ("accept", "correct")
SKIP_FOR = timedelta(hours=12)
AUDIT_EVERY = 4
PER_TIER = 300
UNSURE_PEOPLE = 2
GOOD_LABEL = "good"
MAIL = "message/rfc822"
LEAD = "application/json"
_WORDS = {WINDOW: ("normal", "fault"), MAIL: ("oos", "other"), LEAD: ("lost", "won")}
"""Media type → what nothing wrong, and something wrong, is called where the model has no word."""
_ALL_LABELLED = frozenset({MAIL})
"""Media types of which every sample is about something: what was not acted on is not "nothing there"."""


def good_label(media_type: str) -> str:
    """The label of a sample in which nothing is wrong."""
    return _WORDS.get(media_type, (GOOD_LABEL, "defect"))[0]


def bad_label(media_type: str) -> str:
    """The label of one in which something is wrong and nobody says what."""
    return _WORDS.get(media_type, (GOOD_LABEL, "defect"))[1]


Bands = Callable[[str], Band | None]
"""Bundle id → its thresholds, None when the hub does not have the bundle."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A sample in the queue and why it is there."""

    sample: Sample
    why: str


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


def queue(
    session: Session,
    person_id: int,
    *,
    project: str = "",
    limit: int = 20,
    bands: Bands = lambda _bundle: None,
    taken: Iterable[str] = (),
    now: datetime | None = None,
) -> list[Waiting]:
    """The samples this person should look at, best first.

    Args:
        taken: samples that others look at now.
    """
    waiting = _waiting_for(person_id, project, now or utc_now())
    left_out = set(taken)
    why: dict[str, str] = {}

    def tier(reason: str, condition: ColumnElement[bool]) -> list[str]:
        # names only: those an index has without a look at the samples
        query = select(Sample.id).where(*waiting, condition)
        newest = query.order_by(Sample.captured_at.desc(), Sample.id)
        found = session.scalars(newest.limit(PER_TIER + len(left_out))).all()
        names = [name for name in found if name not in left_out]
        for name in names:
            why.setdefault(name, reason)
        return names

    plain = Sample.kept_for != "audit"
    second = tier("second opinion", Sample.id.in_(_said("unsure")))
    acts = tier("act", plain & (Sample.verdict == "act"))
    unheard = tier("unknown regime", Sample.kept_for == "unknown-regime")
    unsure = _nearest_first(session, tier("review", plain & (Sample.verdict == "review")), bands)
    novel = tier("novelty", plain & (Sample.verdict == "pass"))
    audits = tier("audit", Sample.kept_for == "audit")
    chosen = list(islice(_interleave([*second, *acts, *unheard, *unsure, *novel], audits), limit))
    rows = {row.id: row for row in session.scalars(select(Sample).where(Sample.id.in_(chosen)))}
    return [Waiting(rows[name], why[name]) for name in chosen if name in rows]


def count_waiting(session: Session, person_id: int, project: str = "") -> int:
    """How many samples wait for this person."""
    waiting = _waiting_for(person_id, project, utc_now())
    return session.scalar(select(func.count()).select_from(Sample).where(*waiting)) or 0


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
    """
    sample = session.get(Sample, sample_id)
    if sample is None:
        raise NotFoundError(f"no sample {sample_id!r}")
    beside = beside or Beside()
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


def _waiting_for(person_id: int, project: str, now: datetime) -> list[ColumnElement[bool]]:
    mine = select(Review.sample_id).where(Review.person_id == person_id)
    conditions = [
        STORED_UNDECIDED,
        Sample.id.not_in(mine.where(Review.decision == "unsure")),
        Sample.id.not_in(mine.where(Review.decision == "skip", Review.at > now - SKIP_FOR)),
        Sample.id.not_in(
            select(Review.sample_id)
            .where(Review.decision == "unsure")
            .group_by(Review.sample_id)
            .having(func.count(Review.person_id.distinct()) >= UNSURE_PEOPLE)
        ),
    ]
    return [*conditions, Sample.project == project] if project else conditions


def _said(*decisions: str) -> Select[str]:
    return select(Review.sample_id).where(Review.decision.in_(decisions))


def _nearest_first(session: Session, names: Sequence[str], bands: Bands) -> list[str]:
    query = select(Sample.id, Sample.bundle, Sample.score).where(Sample.id.in_(names))
    distance = {
        name: _distance(bands(bundle), score) for name, bundle, score in session.execute(query)
    }
    return sorted((name for name in names if name in distance), key=distance.__getitem__)


def _distance(band: Band | None, score: float | None) -> float:
    if band is None or score is None:
        return 0.0
    width = max(band.act_at - band.review_from, 1e-9)
    return min(abs(score - band.act_at), abs(score - band.review_from)) / width


def _interleave(ranked: list[str], audits: list[str]) -> Iterable[str]:
    """Every `AUDIT_EVERY`-th place is an audit's; nothing comes twice."""
    seen: set[str] = set()
    first, second = iter(ranked), iter(audits)
    place = 0
    while True:
        place += 1
        turn = (second, first) if place % AUDIT_EVERY == 0 else (first, second)
        found = next((name for source in turn for name in source if name not in seen), None)
        if found is None:
            return
        seen.add(found)
        yield found


def _spans(sample: Sample, chosen: Sequence[int]) -> tuple[Span, ...]:
    if not chosen:
        return ()
    there = suggestion(sample).spans
    wrong = [place for place in chosen if not 0 <= place < len(there)]
    if wrong:
        raise DataError(f"this sample has {len(there)} spans, none at {wrong[0]}", where=sample.id)
    # a value follows from the words: only these are learned from
    return tuple(replace(there[place], value=None) for place in sorted(set(chosen)))


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
