"""Reading cases: lists, one with its steps, and the history of an asset's score. No writing.

A history is thinned on its way out of the database, so that a year of decisions is as quick to show
as an hour: of each stretch of time the lowest and the highest score stay, so no peak is lost.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from pydantic import JsonValue
from sqlalchemy import ColumnElement, Select, or_, select
from sqlalchemy.orm import Session

from cloud_sync.store.bulk import count_rows
from cloud_sync.store.models import Case, CaseTransition, Sample
from cloud_sync.store.models.cases import OPEN_ALARMS
from kits.core.window import MEDIA_TYPE

MAX_LIST = 500
MAX_SCORES = 200_000
"""Decisions read for one history, the newest: 23 days of one every ten seconds."""
POINTS = 600

Which = Literal["", "open", "closed"]


@dataclass(frozen=True, slots=True)
class Score:
    """What the model said of an asset at one time."""

    at: datetime
    score: float
    verdict: str
    sample: str


@dataclass(frozen=True, slots=True)
class Asked:
    """Which cases; empty words do not filter."""

    which: Which = ""
    device: str = ""
    asset: str = ""


def find(session: Session, asked: Asked, limit: int = 100) -> Sequence[Case]:
    """The first of those that are listed."""
    return listed(session, asked, 0, min(limit, MAX_LIST))


def count(session: Session, asked: Asked) -> int:
    """How many are listed in all."""
    return sum(count_rows(session, part) for part in _parts(asked))


def listed(session: Session, asked: Asked, skipped: int, limit: int) -> Sequence[Case]:
    """Open cases first, those nobody has taken on before the others, then the newest.

    Open and closed ones are asked for one after the other: of open ones there is one for each machine at most, and
    closed ones alone are in the order of an index. In one list the database would sort all cases for each page.
    """
    found: list[Case] = []
    for part in _parts(asked):
        found += session.scalars(part.offset(skipped).limit(limit - len(found)))
        if len(found) == limit:
            break
        if not found:
            skipped -= count_rows(session, part)
        else:
            skipped = 0
    return found


def _parts(asked: Asked) -> list[Select[Case]]:
    """Open cases and closed ones, as far as they are asked for, each in their order."""
    query = select(Case)
    if asked.device:
        query = query.where(Case.device == asked.device)
    if asked.asset:
        query = query.where(Case.asset == asked.asset)
    newest = Case.opened_at.desc(), Case.id
    parts = {
        "open": query.where(Case.closed_at.is_(None)).order_by(~OPEN_ALARMS, *newest),
        "closed": query.where(Case.closed_at.is_not(None)).order_by(*newest),
    }
    return [parts[asked.which]] if asked.which else [*parts.values()]


def steps(session: Session, case_id: str) -> Sequence[CaseTransition]:
    """The steps of a case, oldest first; of very many the newest."""
    newest = (
        select(CaseTransition)
        .where(CaseTransition.case_id == case_id)
        .order_by(CaseTransition.at.desc(), CaseTransition.id.desc())
        .limit(MAX_LIST)
    )
    return session.scalars(newest).all()[::-1]


def asset_of(sample: Sample) -> str:
    """The asset a window is of."""
    said = sample.meta.get("asset")
    return sample.group or (said if isinstance(said, str) else "")


def of_asset(device: str, asset: str) -> ColumnElement[bool]:
    """Condition: a window of this asset."""
    by_meta = (Sample.group == "") & (Sample.meta["asset"].as_string() == asset)
    return (
        (Sample.device == device)
        & (Sample.media_type == MEDIA_TYPE)
        & or_(Sample.group == asset, by_meta)
    )


def windows(
    session: Session, device: str, asset: str, since: datetime, until: datetime, limit: int = 60
) -> Sequence[Sample]:
    """Windows of an asset whose bytes were kept, newest first."""
    query = select(Sample).where(
        of_asset(device, asset), Sample.captured_at.between(since, until), Sample.blob != ""
    )
    return session.scalars(query.order_by(Sample.captured_at.desc()).limit(limit)).all()


def requested(
    session: Session, device: str, asset: str, since: datetime, limit: int = 20
) -> Sequence[Sample]:
    """Raw signals of an asset that a person had asked for, newest first."""
    query = select(Sample).where(
        of_asset(device, asset), Sample.captured_at >= since, Sample.kept_for == "request"
    )
    return session.scalars(query.order_by(Sample.captured_at.desc()).limit(limit)).all()


def score_history(
    session: Session,
    device: str,
    asset: str,
    since: datetime,
    until: datetime,
    points: int = POINTS,
) -> list[Score]:
    """The scores of an asset, oldest first, about `points` of them; each peak is among them."""
    columns = Sample.captured_at, Sample.score, Sample.verdict, Sample.id
    query = (
        select(*columns)
        .where(of_asset(device, asset), Sample.captured_at.between(since, until))
        .where(Sample.score.is_not(None))
        .order_by(Sample.captured_at.desc())
        .limit(MAX_SCORES)
    )
    rows = session.execute(query)
    found = [Score(at, said, verdict, name) for at, said, verdict, name in rows if said is not None]
    return thinned(found[::-1], points)


def thinned(scores: Sequence[Score], points: int) -> list[Score]:
    """Of each stretch of time its lowest and highest score; all when they are few."""
    if len(scores) <= points:
        return list(scores)
    start = scores[0].at
    width = max((scores[-1].at - start) / max(1, points // 2), timedelta(microseconds=1))
    kept: dict[int, tuple[int, int]] = {}
    for index, one in enumerate(scores):
        low, high = kept.get((one.at - start) // width, (index, index))
        kept[(one.at - start) // width] = (
            index if one.score < scores[low].score else low,
            index if one.score > scores[high].score else high,
        )
    chosen = sorted({index for pair in kept.values() for index in pair})
    return [scores[index] for index in chosen]


def as_json(case: Case) -> dict[str, JsonValue]:
    """A case for API and `--json`."""
    times = ("opened_at", "since", "last_at", "returned_at", "acknowledged_at", "closed_at")
    words = (
        "id", "device", "asset", "project", "bundle", "state", "level", "worst", "score", "label",
        "reason", "acknowledged_by", "shelved", "closed_by", "cause", "cause_from", "order_ref",
    )  # fmt: skip
    found: dict[str, JsonValue] = {word: getattr(case, word) for word in words}
    for name in times:
        at = getattr(case, name)
        found[name] = at.isoformat() if at else None
    return found


def step_json(step: CaseTransition) -> dict[str, JsonValue]:
    """A step for the API."""
    return {
        "transition": step.transition, "level": step.level, "score": step.score,
        "label": step.label, "reason": step.reason, "sample_id": step.sample_id,
        "at": step.at.isoformat(), "since": step.since.isoformat() if step.since else None,
        "note": step.note, "who": step.who, "source": step.source,
    }  # fmt: skip
