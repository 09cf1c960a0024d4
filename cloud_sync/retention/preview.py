"""What a turn of pruning would remove now, counted without removing anything.

Reads whole tables: for a person who asks, not for a loop.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import exists, func, or_, select
from sqlalchemy.orm import Session

from cloud_sync.hub import Hub
from cloud_sync.retention import mails, others, scores, unknown
from cloud_sync.retention.rules import (
    ALERT_ROWS,
    KINDS,
    LEAD_SCORES,
    MAILS,
    PICTURES,
    SAMPLES,
    TELEMETRY,
    UNKNOWN_LEADS,
    Rules,
)
from cloud_sync.retention.samples import may_go, pin_datasets
from cloud_sync.store.models import Blob, Event, LooseBlob, Sample


def preview(hub: Hub, now: datetime) -> dict[str, int]:
    """Kind → how much would go.

    Raises:
        KitwrightError: a dataset version cannot be read, so nobody knows which samples it needs.
    """
    rules = Rules.at(hub.config.retention, now)
    if rules.samples or rules.mails:
        pin_datasets(hub)
    found: dict[str, int] = dict.fromkeys(KINDS, 0)
    with hub.database.session() as session:
        found[TELEMETRY] = _telemetry(session, rules, hub.config.retention.telemetry_rows)
        if rules.alerts:
            found[ALERT_ROWS] = _rows(session, "a", rules.alerts)
        if rules.samples:
            found[SAMPLES], found[PICTURES] = _samples(session, rules.samples)
        if rules.mails:
            found[MAILS] = mails.count_old(session, rules.mails)
        found[LEAD_SCORES] = scores.count_old(
            session, rules, hub.config.retention.crm_scores_per_lead
        )
        found[UNKNOWN_LEADS] = unknown.count_old(
            session, rules.crm_unknown, hub.config.retention.crm_unknown_leads
        )
        for old in others.old_rows(rules):
            found[old.kind] += others.count_old(session, old)
    return found


def _rows(session: Session, klass: str, before: datetime | None) -> int:
    query = select(func.count()).select_from(Event).where(Event.klass == klass)
    return session.scalar(query.where(Event.received_at < before) if before else query) or 0


def _telemetry(session: Session, rules: Rules, most: int) -> int:
    every = _rows(session, "t", None)
    old = _rows(session, "t", rules.telemetry) if rules.telemetry else 0
    return max(old, every - most if most else 0)


def _samples(session: Session, before: datetime) -> tuple[int, int]:
    going = may_go(before)
    samples = session.scalar(select(func.count()).select_from(Sample).where(going)) or 0
    stays = exists().where(Sample.blob == Blob.digest, ~going)
    goes = exists().where(Sample.blob == Blob.digest, going)
    loose = Blob.digest.in_(select(LooseBlob.digest))
    pictures = select(func.count()).select_from(Blob).where(~Blob.kept, or_(goes, loose), ~stays)
    return samples, session.scalar(pictures) or 0
