"""Alerts of the hub itself: raised once, told to those who want to know, closed when it is over.

Alerts of devices come as rows (`intake/carry.py`); both end in the same table and on the same way.
"""

from __future__ import annotations

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from cloud_sync.effects.outbox import EffectOutbox, Subscription, open_alert
from cloud_sync.effects.settings import NotifyConfig
from cloud_sync.store.models import Alert
from kits.core.sample import utc_now

WEBHOOK = "webhook"
MAIL = "mail"


def outbox_for(notify: NotifyConfig) -> EffectOutbox:
    """The outbox that writes for the receivers in the configuration."""
    wanted = []
    if notify.webhook.url:
        wanted.append(Subscription(WEBHOOK, frozenset(notify.webhook.severities)))
    if notify.mail.host and notify.mail.to:
        wanted.append(Subscription(MAIL, frozenset(notify.mail.severities)))
    return EffectOutbox(wanted, notify.max_waiting)


def raise_alert(
    session: Session,
    notify: NotifyConfig,
    name: str,
    severity: str,
    text: str,
    *,
    device: str | None = None,
    where: str = "",
) -> Alert | None:
    """Writes an alert and its notices; None when one of this name, device and place is open."""
    is_open = select(Alert.id).where(*open_alert(name, device=device, where=where)).limit(1)
    if session.scalar(is_open) is not None:
        return None
    return outbox_for(notify).raise_own(session, name, severity, text, device=device, where=where)


def close_alert(session: Session, name: str, *, device: str | None = None, where: str = "") -> bool:
    """Marks the open alert of this name, device and place as over; whether there was one."""
    over = update(Alert).where(*open_alert(name, device=device, where=where))
    done = session.execute(over.values(seen_at=utc_now(), seen_by="hub: over"))
    return bool(done.rowcount)  # type: ignore[attr-defined]  # an UPDATE's result counts
