"""Alerts of the hub itself: raised once, told to those who want to know, closed when it is over.

Alerts of devices come as rows (`intake/carry.py`); both end in the same table and on the same way.
"""

from __future__ import annotations

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session

from cloud_sync.effects.outbox import EffectOutbox, Subscription
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
    if session.scalar(select(Alert.id).where(*_open(name, device, where)).limit(1)) is not None:
        return None
    alert = Alert(name=name, severity=severity, text=text, device=device, where=where, at=utc_now())
    session.add(alert)
    session.flush()
    outbox_for(notify).alert(session, alert, source=f"hub/{alert.id}")
    return alert


def close_alert(session: Session, name: str, *, device: str | None = None, where: str = "") -> bool:
    """Marks the open alert of this name, device and place as over; whether there was one."""
    over = update(Alert).where(*_open(name, device, where))
    done = session.execute(over.values(seen_at=utc_now(), seen_by="hub: over"))
    return bool(done.rowcount)  # type: ignore[attr-defined]  # an UPDATE's result counts


def _open(name: str, device: str | None, where: str) -> tuple[ColumnElement[bool], ...]:
    return Alert.name == name, Alert.device == device, Alert.where == where, Alert.seen_at.is_(None)
