"""Does a champion act, and ask people, as often as the rates measured at its thresholds let expect?

Drift compares a bundle with its own first days. Where the lamp was changed between the last picture that it learned from and
the first that it judged, those days are already wrong, and nothing drifts. This compares with the bundle's own rates.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta

from pydantic import JsonValue
from sqlalchemy import case, select
from sqlalchemy.orm import Session

from cloud_sync.hub import Hub
from cloud_sync.learning.drift import FALSE_ALARM_RATE, LOOKS, MIN_WINDOW
from cloud_sync.store.models import Bundle, Sample
from kits.core import bundle as bundles
from kits.core.errors import KitwrightError
from kits.core.expected import CAUSES, MAIL_CAUSES, filed_beyond, rate_beyond, share_beyond
from kits.core.mail_remarks import read_remarks
from kits.core.operating_point import OperatingPoint
from kits.core.stats import Estimate, proportion

SPAN = timedelta(days=7)
MOST = 20_000
"""Decisions that are looked at, the latest: a fast line makes millions in a week."""
CERTAIN = 1 - 2 * FALSE_ALARM_RATE / LOOKS
"""Of the intervals of what came: the hub looks each hour, and 19 of 20 looks are not all looks of a year."""
log = logging.getLogger(__name__)


def beyond_promise(hub: Hub, session: Session, champion: Bundle, *, now: datetime) -> str | None:
    """In a sentence what the last days have too much of; empty: nothing. None: too few decisions, or nothing was promised."""
    when, shares = _shares(session, champion.id, now)
    point = _point_of(hub, champion) if shares else None
    if point is None:
        return None
    if point.bound is not None:
        told = filed_beyond(point, shares["alone"])
        return f"in {when} {told}: {MAIL_CAUSES}" if told else ""
    found = [
        share_beyond(point, shares["act"], point.costs.prevalence),
        rate_beyond(point, "review_rate", shares["review"]),
    ]
    told = "; ".join(filter(None, found))
    return f"in {when} {told}: {CAUSES}" if told else ""


def _shares(session: Session, bundle: str, now: datetime) -> tuple[str, dict[str, Estimate]]:
    """Which decisions were looked at, and act and review among them; empty where they are too few.

    Pictures of one part count as one.

    `alone` is what would be acted on but for an audit or a closed gate.
    """
    recent = (
        select(Sample.verdict, Sample.group, case((Sample.verdict == "review", Sample.meta)))
        .where(
            Sample.bundle == bundle,
            Sample.score.is_not(None),
            Sample.captured_at >= now - SPAN,
            Sample.captured_at < now,
        )
        .order_by(Sample.captured_at.desc())
        .limit(MOST)
    )
    rows = session.execute(recent).all()
    groups = [group for _, group, _ in rows]
    worth = groups.count("") + len(set(groups) - {""})
    if worth < MIN_WINDOW:
        return "", {}
    when = f"the last {SPAN.days} days" if len(rows) < MOST else f"the latest {MOST:,} decisions"
    counts = Counter(verdict for verdict, _, _ in rows)
    counts["alone"] = counts["act"] + sum(_was_kept_back(meta or {}) for _, _, meta in rows)
    return when, {
        v: proportion(round(counts[v] * worth / len(rows)), worth, CERTAIN)
        for v in ("act", "review", "alone")
    }


def _was_kept_back(meta: Mapping[str, JsonValue]) -> bool:
    """Whether a mail would have been filed, had it not been drawn for an audit or met a closed gate."""
    if meta.keys().isdisjoint(("audit", "gate")):
        return False
    remarks = read_remarks(meta)
    return remarks.audit or remarks.gate == "closed"


def _point_of(hub: Hub, row: Bundle) -> OperatingPoint | None:
    """Thresholds and rates; None where alarms in time say more, or the bundle cannot be read."""
    try:
        point = bundles.open_bytes(hub.storage.get(row.blob)).operating_point
    except KitwrightError as error:
        log.warning("event=rates_not_read bundle=%s error=%r", row.id[:12], error.what)
        return None
    return point if point.alarm is None else None
