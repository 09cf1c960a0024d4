"""Devices that nothing was heard of for days: said, because what they see is neither decided nor learned from, or nobody knows.

Where a firm rests over the weekend its devices are off, too: the usual patience outlasts that.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from cloud_sync.effects.alerts import close_alert, raise_lasting
from cloud_sync.hub import Hub
from cloud_sync.intake.words import duration_words
from cloud_sync.store.models import Alert, Device

SILENT = "device-silent"


def look_for_silent(hub: Hub, now: datetime) -> int:
    """Raises the alert of each device that has been silent for `limits.silent_alert_h`, and ends those of others; how many are.

    Who was never heard of is not meant, nor who was shut out.
    """
    hours = hub.config.limits.silent_alert_h
    with hub.database.transaction() as session:
        silent = _silent(session, now - timedelta(hours=hours)) if hours else {}
        for name, seen in silent.items():
            text = (
                f"{name} has not been heard of for {duration_words(now - seen)}, since {seen:%Y-%m-%d %H:%M} UTC: nothing of"
                " what it sees arrives, and whether it decides is not known"
            )
            raise_lasting(
                session, hub.config.notify, SILENT, "error", text, where=name, since=seen, at=now
            )
        standing = select(Alert.where).where(Alert.name == SILENT, Alert.seen_at.is_(None))
        for name in set(session.scalars(standing)) - silent.keys():
            close_alert(session, SILENT, where=name)
    return len(silent)


def _silent(session: Session, before: datetime) -> dict[str, datetime]:
    """Name → when it was heard of last: one that runs tells its health each minute, whatever its connection is said to be."""
    query = (
        select(Device.name, Device.last_seen_at)
        .where(Device.revoked_at.is_(None), Device.last_seen_at < before)
        .order_by(Device.name)
    )
    return {name: seen for name, seen in session.execute(query) if seen is not None}
