"""What devices answer to being told to erase a correspondent, and what becomes of those that never do.

An address stands in clear only until all have answered. What devices are told is `telling.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from cloud_sync.effects.alerts import raise_alert
from cloud_sync.effects.settings import NotifyConfig
from cloud_sync.mails import chain
from cloud_sync.store.models import MailErasure
from kits.core.events import ErasedBody

ALERT = "erasure-not-heard"
STANDS = timedelta(days=30)
"""So long devices are told, and what comes late is erased."""


def take_answers(session: Session, told: Sequence[tuple[str, ErasedBody]]) -> list[str]:
    """Devices have erased somebody; why some of it is odd."""
    odd = []
    for device, body in sorted(told, key=lambda one: one[1].request):
        row = session.get(MailErasure, body.request, with_for_update=True, populate_existing=True)
        if row is None or device not in row.devices:
            odd.append("erasure not asked")
            continue
        if row.devices[device] is not None:
            continue
        row.devices = {**row.devices, device: body.who}
        chain.record(
            session, device, "erased-on-device", row.id, {"device": device, "mails": body.mails}
        )
        if all(answer is not None for answer in row.devices.values()):
            row.address = ""
    return odd


def give_up(session: Session, notify: NotifyConfig, now: datetime) -> int:
    """Forgets addresses that devices were told for long enough; how many devices never answered."""
    late = select(MailErasure).where(MailErasure.address != "", MailErasure.at < now - STANDS)
    silent = 0
    for row in session.scalars(late.order_by(MailErasure.id).with_for_update()):
        names = sorted(name for name, answer in row.devices.items() if answer is None)
        row.address = ""
        chain.record(session, "hub", "erasure-not-heard", row.id, {"devices": len(names)})
        text = f"{', '.join(names[:5])} never said that a correspondent was erased there"
        raise_alert(session, notify, ALERT, "warning", text, where=row.id[:12])
        silent += len(names)
    return silent
