"""Rows that come at any time, and what of them is here."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select

from cloud_sync.hub import Hub
from cloud_sync.intake.decode import FrameIn
from cloud_sync.intake.ledger import Account, accounts
from cloud_sync.intake.rows import write_frames
from cloud_sync.store import models
from kits.core.events import Event, HealthBody
from kits.core.frames import MAX_ROWS, Frame
from kits.core.sample import utc_now
from kits.core.topics import ParsedTopic
from tests.cloud_sync.fleet_builders import (
    EPOCH,
    event,
)
from tests.cloud_sync.intake.intake_builders import LIMIT

NOW = utc_now()
LONG_AGO = NOW - timedelta(days=500)
RULES = {"telemetry_days": 30, "samples_days": 100}


def health(seq: int) -> Event:
    return event(seq, "t", HealthBody(figures={"queue": 1.0}))


def arrive(hub: Hub, at: datetime, *events: Event, device: str = "press-1") -> None:
    """Rows of any classes come at a time."""
    for klass in sorted({row.klass for row in events}):
        mine = [row for row in events if row.klass == klass]
        frames = [
            FrameIn(
                ParsedTopic("main", device, klass),
                Frame(epoch=EPOCH, rows=tuple(mine[first : first + MAX_ROWS])),
            )
            for first in range(0, len(mine), MAX_ROWS)
        ]
        with hub.database.transaction() as session:
            write_frames(session, frames, blob_limit=LIMIT, received_ns=int(at.timestamp() * 10**9))


def account(hub: Hub, number: int = 0) -> Account:
    with hub.database.session() as session:
        found = accounts(session)[number]
    assert found.expected == found.here + found.lost + found.missing
    return found


def seqs(hub: Hub, klass: str = "t", device: str = "press-1") -> list[int]:
    query = select(models.Event.seq).where(
        models.Event.klass == klass, models.Event.device == device
    )
    with hub.database.session() as session:
        return list(session.scalars(query.order_by(models.Event.seq)))


def sample_ids(hub: Hub) -> set[str]:
    with hub.database.session() as session:
        return set(session.scalars(select(models.Sample.id)))


def picture(number: int) -> bytes:
    return b"picture %d" % number * 100


def store(hub: Hub, content: bytes) -> str:
    """Bytes as they lie once a device has sent them."""
    digest = hub.storage.put(content)
    with hub.database.transaction() as session:
        session.add(models.Blob(digest=digest, size=len(content), kept=False))
    return digest
