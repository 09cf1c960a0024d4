"""Raw signals asked of devices: a person wants the last minutes of a machine, and the device sends them.

A wish stands until its time is over; the device does it once and remembers. What comes is a sample like any
other, whose meta names the wish. Nothing is sent from here: the desired state carries it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from cloud_sync.errors import ConflictError
from cloud_sync.fleet import devices
from cloud_sync.hub import audit
from cloud_sync.store.db import insert_once
from cloud_sync.store.models import Setting
from kits.core.errors import DataError
from kits.core.hub_api import MAX_WINDOW_MINUTES, MAX_WINDOW_REQUESTS, WindowRequest
from kits.core.sample import new_sample_id, utc_now

LIFETIME_H = 24.0
_PREFIX = "windows/"


def ask(session: Session, device: str, asset: str, minutes: float, *, who: str) -> WindowRequest:
    """Asks a device for the last minutes of an asset.

    Raises:
        NotFoundError: no such device.
        ConflictError: it is revoked, or as many wishes stand as may.
        DataError: no asset, or not so many minutes.
    """
    if devices.find(session, device).revoked_at is not None:
        raise ConflictError(
            "this device is revoked", where=device, fix="enrol it again: cloud-sync device add"
        )
    if not 0 < minutes <= MAX_WINDOW_MINUTES or not 0 < len(asset) <= 200:
        raise DataError(
            "no such stretch of signals can be asked for", where=f"{asset[:64]}, {minutes:g} minutes",
            fix=f"name an asset, and up to {MAX_WINDOW_MINUTES:g} minutes",
        )  # fmt: skip
    insert_once(session, Setting, [{"key": _PREFIX + device, "value": {"requests": []}}])
    row = session.get_one(Setting, _PREFIX + device, with_for_update=True, populate_existing=True)
    standing = list(_standing(row))
    if len(standing) >= MAX_WINDOW_REQUESTS:
        raise ConflictError(
            f"{len(standing)} wishes stand already", where=device,
            fix="wait until the device has answered, or until they end after a day",
        )  # fmt: skip
    wish = WindowRequest(
        id=new_sample_id(), asset=asset, minutes=minutes,
        expires_at=utc_now() + timedelta(hours=LIFETIME_H),
    )  # fmt: skip
    row.value = {"requests": [one.model_dump(mode="json") for one in (*standing, wish)]}
    audit(session, who, "device.request-window", device, asset=asset, minutes=minutes)
    return wish


def asked(session: Session, device: str = "") -> dict[str, tuple[WindowRequest, ...]]:
    """What stands now, by device; of one device when it is named."""
    query = select(Setting)
    query = (
        query.where(Setting.key == _PREFIX + device) if device
        else query.where(Setting.key.startswith(_PREFIX, autoescape=True))
    )  # fmt: skip
    found = {row.key.removeprefix(_PREFIX): tuple(_standing(row)) for row in session.scalars(query)}
    return {name: wishes for name, wishes in found.items() if wishes}


def _standing(row: Setting) -> Sequence[WindowRequest]:
    kept = row.value.get("requests")
    wishes = [WindowRequest.model_validate(one) for one in (kept if isinstance(kept, list) else [])]
    return [wish for wish in wishes if wish.expires_at > utc_now()]
