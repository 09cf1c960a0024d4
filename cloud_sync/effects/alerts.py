"""Alerts of the hub itself: raised once, told to those who want to know, closed when it is over.

One that stands says what is wrong now. When it becomes graver it is raised anew, so that who wants
to hear of errors only is told.

Alerts of devices come as rows (`intake/carry.py`); both end in the same table and on the same way.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import get_args

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from cloud_sync.cmms.settings import TOLD, CmmsConfig
from cloud_sync.effects.outbox import EffectOutbox, Subscription, may_raise, open_alert, take_alert
from cloud_sync.effects.settings import NotifyConfig, Severity
from cloud_sync.store.db import changed_by
from cloud_sync.store.models import Alert
from kits.core.sample import utc_now

_GRAVITY = get_args(Severity)
WEBHOOK = "webhook"
MAIL = "mail"
OVER = "hub: over"
"""Who has seen an alert that ended by itself."""
RESTS = timedelta(days=7)


def outbox_for(notify: NotifyConfig, cmms: CmmsConfig | None = None, url: str = "") -> EffectOutbox:
    """The outbox that writes for the receivers in the configuration.

    Args:
        cmms: is told of cases, and of nothing else; None: what is written is no case.
        url: where people open this hub.
    """
    wanted = []
    webhook = notify.webhook
    if webhook.url:
        severities, cases = frozenset(webhook.severities), frozenset(webhook.cases)
        wanted.append(Subscription(WEBHOOK, severities, cases))
    if notify.mail.host and notify.mail.to:
        severities, cases = frozenset(notify.mail.severities), frozenset(notify.mail.cases)
        wanted.append(Subscription(MAIL, severities, cases, "alarm"))
    if cmms is not None and cmms.target:
        wanted.append(Subscription(cmms.target, frozenset(), TOLD, cmms.from_level))
    return EffectOutbox(wanted, notify.max_waiting, url)


def raise_alert(
    session: Session,
    notify: NotifyConfig,
    name: str,
    severity: str,
    text: str,
    *,
    device: str | None = None,
    where: str = "",
    at: datetime | None = None,
) -> Alert | None:
    """Writes an alert and its notices; None when one as grave of this name, device and place is open.

    What is open has the new words from then on.
    """
    if not may_raise(session, name, device=device, where=where):
        if not _is_graver(session, name, severity, device, where):
            _say_anew(session, name, text, device, where)
            return None
        close_alert(session, name, device=device, where=where)
    outbox = outbox_for(notify)
    return outbox.raise_own(session, name, severity, text, device=device, where=where, at=at)


def raise_lasting(
    session: Session,
    notify: NotifyConfig,
    name: str,
    severity: str,
    text: str,
    *,
    where: str,
    since: datetime,
    at: datetime | None = None,
) -> Alert | None:
    """As `raise_alert`, of what lasts for weeks: where a person has seen it, it is raised again after a week at the earliest.

    Args:
        since: what it is about began then; an alert from before was about something else.
    """
    by_a_person = Alert.seen_by != OVER, Alert.seen_at > (at or utc_now()) - RESTS
    same = Alert.name == name, Alert.device.is_(None), Alert.where == where, Alert.at >= since
    if session.scalar(select(Alert.id).where(*same, *by_a_person).limit(1)) is not None:
        return None
    return raise_alert(session, notify, name, severity, text, where=where, at=at)


def _is_graver(session: Session, name: str, severity: str, device: str | None, where: str) -> bool:
    """Whether what is open is less grave. Of transactions that ask at the same time only one is told so."""
    standing = select(Alert.severity).where(*open_alert(name, device=device, where=where))

    def is_graver() -> bool:
        return all(
            _GRAVITY.index(one) < _GRAVITY.index(severity) for one in session.scalars(standing)
        )

    if not is_graver():
        return False
    take_alert(session, name, device=device, where=where)
    return is_graver()


def _say_anew(session: Session, name: str, text: str, device: str | None, where: str) -> None:
    standing = open_alert(name, device=device, where=where)
    session.execute(update(Alert).where(*standing, Alert.text != text).values(text=text))


def close_alert(session: Session, name: str, *, device: str | None = None, where: str = "") -> bool:
    """Marks the open alert of this name, device and place as over; whether there was one."""
    over = update(Alert).where(*open_alert(name, device=device, where=where))
    done = session.execute(over.values(seen_at=utc_now(), seen_by=OVER))
    return bool(changed_by(done))
