"""Messages that could not be read: kept for a person, within bounds, and told of once.

They are not acknowledged to the device, which still has the rows, and hold up nobody else. Single rows that are not
understood are acknowledged and stay events (`rows.py`); here they are only told of.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from cloud_sync.effects.alerts import raise_alert
from cloud_sync.effects.settings import NotifyConfig
from cloud_sync.store.db import insert_once
from cloud_sync.store.models import Quarantine
from kits.core.topics import ParsedTopic

ALERT = "unreadable-message"
ROW_ALERT = "unreadable-row"
MAX_ROWS = 1000
MAX_PER_BATCH = 4
"""A flood is counted; a few pieces of it are enough to find out what it is."""


def keep(
    session: Session,
    notify: NotifyConfig,
    topic: ParsedTopic,
    payload: bytes,
    *,
    reason: str,
    detail: str,
    limit_bytes: int,
) -> None:
    """Stores one message; the same message again only counts."""
    digest = hashlib.sha256(f"{topic.device}/{topic.kind}/".encode() + payload).hexdigest()
    row = {
        "digest": digest, "device": topic.device, "topic": f"{topic.site}/{topic.device}/{topic.kind}",
        "reason": reason, "detail": detail[:300].replace("\0", " "), "payload": payload, "size": len(payload),
    }  # fmt: skip
    if not insert_once(session, Quarantine, [row]):
        again = update(Quarantine).where(Quarantine.digest == digest)
        session.execute(again.values(times=Quarantine.times + 1))
        return
    _make_room(session, limit_bytes)
    raise_alert(
        session,
        notify,
        ALERT,
        "error",
        f"{topic.device} sent a message that this hub cannot read ({reason}); it was kept",
        device=topic.device,
        where=topic.kind,
    )


def tell_of_rows(session: Session, notify: NotifyConfig, unreadable: Mapping[str, str]) -> None:
    """Says of which devices rows were not understood, and why: device → reason."""
    for device, reason in sorted(unreadable.items()):
        text = f"{device} sent rows that this hub does not understand ({reason[:300]}); they were kept as they came"
        raise_alert(session, notify, ROW_ALERT, "error", text, device=device)


def _make_room(session: Session, limit_bytes: int) -> None:
    """The oldest go until the bounds hold; the newest stays whatever its size."""
    count, size = session.execute(
        select(func.count(), func.coalesce(func.sum(Quarantine.size), 0))
    ).one()
    oldest = iter(session.execute(select(Quarantine.id, Quarantine.size).order_by(Quarantine.id)))
    while count > 1 and (count > MAX_ROWS or size > limit_bytes):
        row = next(oldest)
        session.execute(delete(Quarantine).where(Quarantine.id == row[0]))
        count, size = count - 1, size - row[1]
