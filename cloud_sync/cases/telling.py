"""What a device is to hear of its cases: who was closed or taken on away from it, until the device says so itself.

Always derived from the rows, so nothing depends on a message having arrived: words stand in the desired state
of the device whose case it is, and of no other. What the device makes of them is its own business.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import ColumnElement, and_, exists, or_, select
from sqlalchemy.orm import Session, aliased

from cloud_sync.cases.arrival import RISES
from cloud_sync.store.models import Case, CaseTransition
from kits.core.hub_api import MAX_CASE_WORDS, CaseWord
from kits.core.sample import utc_now

STANDS = timedelta(days=30)
"""A device that was away for longer goes by its own rules."""
_MAX = 10_000
_SEEN = 8
_AT_THE_HUB = "at the hub"


def words_for(session: Session, device: str = "") -> dict[str, tuple[CaseWord, ...]]:
    """What is to be told now, by device; to one device when it is named."""
    query = select(Case).where(_done(), ~_followed(), ~_superseded())
    if device:
        query = query.where(Case.device == device)
    newest = Case.closed_at.desc(), Case.acknowledged_at.desc(), Case.id
    cases = session.scalars(query.order_by(*newest).limit(_MAX)).all()
    seen = _seen(session, cases)
    found: dict[str, list[CaseWord]] = defaultdict(list)
    for case in cases:
        if len(found[case.device]) < MAX_CASE_WORDS:
            found[case.device].append(_word(case, seen.get(case.id, ())))
    return {name: tuple(words) for name, words in found.items()}


def _done() -> ColumnElement[bool]:
    closed = and_(Case.closed_here.is_(True), Case.closed_at >= utc_now() - STANDS)
    return or_(closed, and_(Case.closed_at.is_(None), Case.acknowledged_at.is_not(None)))


def _followed() -> ColumnElement[bool]:
    """The device has said the same of its case."""
    said = CaseTransition.transition
    taken_on = and_(
        Case.closed_at.is_(None), said == "acknowledged", CaseTransition.at >= Case.raised_at
    )
    return exists().where(
        CaseTransition.case_id == Case.id,
        CaseTransition.source == "device",
        or_(said == "closed", taken_on),
    )


def _superseded() -> ColumnElement[bool]:
    """Its asset has a newer case: a device holds one at a time."""
    newer = aliased(Case)
    return exists().where(
        newer.device == Case.device, newer.asset == Case.asset, newer.opened_at > Case.opened_at
    )


def _seen(session: Session, cases: Sequence[Case]) -> dict[str, tuple[str, ...]]:
    """The windows behind each case's rises that arrived last."""
    query = (
        select(CaseTransition.case_id, CaseTransition.sample_id)
        .where(
            CaseTransition.case_id.in_([case.id for case in cases]),
            CaseTransition.source == "device",
            CaseTransition.transition.in_(RISES),
            CaseTransition.sample_id != "",
        )
        .order_by(CaseTransition.id.desc())
    )
    found: dict[str, tuple[str, ...]] = {}
    for case, sample in session.execute(query) if cases else ():
        known = found.get(case, ())
        if len(known) < _SEEN:
            found[case] = (*known, sample)
    return found


def _word(case: Case, seen: tuple[str, ...]) -> CaseWord:
    if case.closed_at is None:
        return CaseWord(
            case_id=case.id, asset=case.asset, step="acknowledged", who=case.acknowledged_by,
            note=_AT_THE_HUB, seen=seen,
        )  # fmt: skip
    note = f"{_AT_THE_HUB}: {case.cause}" if case.cause else _AT_THE_HUB
    return CaseWord(
        case_id=case.id, asset=case.asset, step="closed", who=case.closed_by, note=note, seen=seen
    )
