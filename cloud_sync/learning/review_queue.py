"""The review queue: which samples a person should look at next.

Order: what the machine acted on, then what it was unsure of (nearest to a threshold first), then
what looked new; every fourth place belongs to a random audit sample as long as one waits, because
only audits give unbiased rates (`audits.py`). What a decision becomes is `reviews.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session

from cloud_sync.store.models import Review, Sample
from cloud_sync.store.models.intake import STORED_UNDECIDED
from kits.core.operating_point import Band
from kits.core.sample import utc_now

SKIP_FOR = timedelta(hours=12)
AUDIT_EVERY = 4
PER_TIER = 300
UNSURE_PEOPLE = 2
Bands = Callable[[str], Band | None]
"""Bundle id → its thresholds, None when the hub does not have the bundle."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A sample in the queue and why it is there."""

    sample: Sample
    why: str


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
