"""Does a champion act, and ask people, as often as the rates measured at its thresholds let expect?

Drift compares a bundle with its own first days. Where the lamp was changed between the last picture that it learned from and
the first that it judged, those days are already wrong, and nothing drifts. This compares with the bundle's own rates.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from sqlalchemy import case, distinct, func, select
from sqlalchemy.orm import Session

from cloud_sync.hub import Hub
from cloud_sync.learning.drift import MIN_WINDOW
from cloud_sync.store.models import Bundle, Sample
from kits.core import bundle as bundles
from kits.core.errors import KitwrightError
from kits.core.expected import CAUSES, rate_beyond, share_beyond
from kits.core.operating_point import OperatingPoint
from kits.core.stats import Estimate, proportion

SPAN = timedelta(days=7)
log = logging.getLogger(__name__)


def beyond_promise(hub: Hub, session: Session, champion: Bundle, *, now: datetime) -> str:
    """In a sentence what the last days have too much of; empty: nothing, or nothing was promised."""
    shares = _shares(session, champion.id, now)
    point = _point_of(hub, champion) if shares else None
    if point is None:
        return ""
    found = [
        share_beyond(point, shares["act"], point.costs.prevalence),
        rate_beyond(point, "review_rate", shares["review"]),
    ]
    told = "; ".join(filter(None, found))
    return f"in the last {SPAN.days} days {told}: {CAUSES}" if told else ""


def _shares(session: Session, bundle: str, now: datetime) -> dict[str, Estimate]:
    """Act and review among the decisions of the last days; empty where they are too few. Pictures of one part count as one."""
    alone = func.sum(case((Sample.group == "", 1), else_=0))
    parts = func.count(distinct(func.nullif(Sample.group, "")))
    recent = (
        Sample.bundle == bundle,
        Sample.score.is_not(None),
        Sample.captured_at >= now - SPAN,
        Sample.captured_at < now,
    )
    n, single, groups = session.execute(select(func.count(), alone, parts).where(*recent)).one()
    worth = int(single or 0) + int(groups)
    if worth < MIN_WINDOW:
        return {}
    by_verdict = select(Sample.verdict, func.count()).where(*recent).group_by(Sample.verdict)
    counts = dict(session.execute(by_verdict).all())
    return {v: proportion(round(counts.get(v, 0) * worth / n), worth) for v in ("act", "review")}


def _point_of(hub: Hub, row: Bundle) -> OperatingPoint | None:
    """Thresholds and rates; None where alarms in time or a bound of their own say more, or the bundle cannot be read."""
    try:
        point = bundles.open_bytes(hub.storage.get(row.blob)).operating_point
    except KitwrightError as error:
        log.warning("event=rates_not_read bundle=%s error=%r", row.id[:12], error.what)
        return None
    return point if point.alarm is None and point.bound is None else None
