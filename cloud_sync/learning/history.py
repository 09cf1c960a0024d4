"""A bundle's scores in production: its first days, noted once, and its last.

The first days are the yardstick of drift, so they may not wear: retention removes most samples of
them some day and leaves the labelled ones, which are no fair picture. Comparing is `drift.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from pydantic import JsonValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from cloud_sync.hub import Hub
from cloud_sync.learning.drift import MIN_BASELINE, DriftResult, Series, halves, measure
from cloud_sync.store.db import insert_once
from cloud_sync.store.models import Bundle, Sample, Setting
from kits.core.sample import utc_now

BASELINE_SPAN = timedelta(days=7)
DAY = timedelta(days=1)
QUARTER = timedelta(hours=6)
"""Decisions so near together stand or fall together, where there are not yet days enough to compare."""
WINDOW_SPAN = timedelta(days=7)
SLICE = timedelta(hours=1)
SLICE_ROWS = 300
"""So many scores of an hour are read at most: however fast the line, every hour counts."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """The scores of a bundle's first days, in time order, and when those days ended."""

    scores: Series
    ends_at: datetime


def drift_of(
    hub: Hub, session: Session, bundle: Bundle, *, seed: int = 0, now: datetime | None = None
) -> DriftResult:
    """Drift of a bundle's scores in production; reads only."""
    now = now or utc_now()
    baseline = _noted(session, bundle.id)
    if baseline is None:
        first = _first_whole(hub, session, bundle.id, now)
        if first is None or first + BASELINE_SPAN >= now:
            # a young bundle: its first half is the yardstick for its second, once either may be a whole day
            old = first is not None and now - first >= 2 * DAY
            scores = _scores(session, bundle.id, first or now, now, QUARTER)
            return measure(bundle.id, *halves(scores if old else scores.part(slice(0))), seed=seed)
        baseline = _read(session, bundle.id, first)
    begins = max(baseline.ends_at, now - WINDOW_SPAN)
    window = _scores(session, bundle.id, begins, now, DAY).thinned()
    if now - begins < DAY:
        window = window.part(slice(0))  # a morning is no fair picture beside a week
    return measure(bundle.id, baseline.scores, window, seed=seed)


def note_baseline(hub: Hub, bundle_id: str, now: datetime) -> bool:
    """Notes the first days of a bundle once they are over; whether it did. Twice equals once."""
    with hub.database.session() as session:
        if session.get(Setting, _key(bundle_id)) is not None:
            return False
        first = _first_whole(hub, session, bundle_id, now)
        if first is None or first + BASELINE_SPAN >= now:
            return False
        baseline = _read(session, bundle_id, first)
    if len(baseline.scores) < MIN_BASELINE:
        return False
    scores: list[JsonValue] = [float(score) for score in baseline.scores.scores]
    days: list[JsonValue] = [int(day) for day in baseline.scores.cells]
    value = {"ends_at": baseline.ends_at.isoformat(), "scores": scores, "days": days}
    with hub.database.transaction() as session:
        return insert_once(session, Setting, [{"key": _key(bundle_id), "value": value}]) == 1


def _key(bundle_id: str) -> str:
    return f"drift-baseline:{bundle_id}"


def _noted(session: Session, bundle_id: str) -> Baseline | None:
    row = session.get(Setting, _key(bundle_id))
    if row is None:
        return None
    ends_at = datetime.fromisoformat(str(row.value["ends_at"]))
    scores = np.asarray(row.value["scores"], np.float64)
    days = row.value.get("days", [0] * len(scores))  # noted before days were: one tells nothing
    return Baseline(Series(scores, np.asarray(days, np.intp)), ends_at)


def _read(session: Session, bundle_id: str, first: datetime) -> Baseline:
    ends_at = first + BASELINE_SPAN
    return Baseline(_scores(session, bundle_id, first, ends_at, DAY).thinned(), ends_at)


def _first_whole(hub: Hub, session: Session, bundle_id: str, now: datetime) -> datetime | None:
    """When the first score came of which retention has removed none that is later."""
    query = (
        select(Sample.captured_at)
        .where(Sample.bundle == bundle_id, Sample.score.is_not(None))
        .order_by(Sample.captured_at)
        .limit(1)
    )
    days = hub.config.retention.samples_days
    if days:
        query = query.where(Sample.captured_at >= now - timedelta(days=days))
    return session.scalar(query)


def _scores(
    session: Session, bundle_id: str, begins: datetime, ends: datetime, cell: timedelta
) -> Series:
    """Scores of [begins, ends) in time order, of each hour some at most, in cells of so much time since `begins`."""
    found: list[float] = []
    cells: list[int] = []
    start = begins
    while begins < ends:
        until = min(begins + SLICE, ends)
        query = (
            select(Sample.score)
            .where(Sample.bundle == bundle_id, Sample.score.is_not(None))
            .where(Sample.captured_at >= begins, Sample.captured_at < until)
            .order_by(Sample.captured_at)
            .limit(SLICE_ROWS)
        )
        scores = [score for score in session.scalars(query) if score is not None]
        found += scores
        cells += [(begins - start) // cell] * len(scores)
        begins = until
    return Series(np.asarray(found, np.float64), np.asarray(cells, np.intp))
