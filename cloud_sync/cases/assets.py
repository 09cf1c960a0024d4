"""Which assets devices watch, and since when: noted with their decisions, in portions of time.

False alarms are counted per month of a machine's being watched, so the time must be known of machines
that never had a case, too. No states and no scores here: those are the cases' and the samples'.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from cloud_sync.store.bulk import in_portions
from cloud_sync.store.db import insert_once
from cloud_sync.store.models import Asset

NOTED_EVERY = timedelta(minutes=10)
"""How exactly the hub knows until when a machine was watched."""
MAX_PER_DEVICE = 1000
"""A device that names ever new ones shall not fill a table that is kept for ever."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A decision on an asset."""

    device: str
    asset: str
    at: datetime


def note_watched(session: Session, seen: Sequence[Seen]) -> None:
    """Widens the time in which assets were watched; new ones begin.

    In the order of their names, in which other workers do it, too.
    """
    spans: dict[tuple[str, str], tuple[datetime, datetime]] = {}
    for one in seen:
        first, last = spans.get((one.device, one.asset), (one.at, one.at))
        spans[one.device, one.asset] = min(first, one.at), max(last, one.at)
    if not spans:
        return
    known = _known(session, spans)
    for (device, asset), (first, last) in sorted(spans.items()):
        row = known.get((device, asset))
        if row is None:
            if _count(session, device) < MAX_PER_DEVICE:
                new = {"device": device, "name": asset, "first_at": first, "last_at": last}
                insert_once(session, Asset, [new])
        elif first < row[0] or last >= row[1] + NOTED_EVERY:
            values = {"first_at": min(first, row[0]), "last_at": max(last, row[1])}
            this = update(Asset).where(Asset.device == device, Asset.name == asset)
            session.execute(this.values(values))


def _known(
    session: Session, spans: dict[tuple[str, str], tuple[datetime, datetime]]
) -> dict[tuple[str, str], tuple[datetime, datetime]]:
    query = select(Asset.device, Asset.name, Asset.first_at, Asset.last_at)
    names: dict[str, list[str]] = {}
    for device, name in spans:
        names.setdefault(device, []).append(name)
    return {
        (device, name): (first, last)
        for of, its in names.items()
        for some in in_portions(its)
        for device, name, first, last in session.execute(
            query.where(Asset.device == of, Asset.name.in_(some))
        )
    }


def _count(session: Session, device: str) -> int:
    return (
        session.scalar(select(func.count()).select_from(Asset).where(Asset.device == device)) or 0
    )
