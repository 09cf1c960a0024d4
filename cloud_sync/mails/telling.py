"""What devices are to hear about mails: gates that were closed or opened here, correspondents to be erased.

Always derived from the rows, so nothing depends on a message having arrived. A word about a gate stands as long as
its bundle runs; one about an erasure until the device has answered, for thirty days at most.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from cloud_sync.mails.answers import STANDS
from cloud_sync.store.models import Device, MailErasure, MailGate
from kits.core.hub_api import MAX_ERASURE_WORDS, MAX_GATE_WORDS, ErasureWord, GateWord
from kits.core.sample import utc_now

_MAX = 10_000


@dataclass(frozen=True, slots=True)
class MailWords:
    """What one device is told."""

    gates: tuple[GateWord, ...] = ()
    erasures: tuple[ErasureWord, ...] = ()


def words_for(
    session: Session, device: str = "", *, addresses: bool = False
) -> dict[str, MailWords]:
    """What is to be told now, by device; to one device when it is named.

    Args:
        addresses: with the addresses to erase; what is retained at the broker has none.
    """
    gates, erasures = _gates(session, device), _erasures(session, device, addresses)
    return {
        name: MailWords(
            tuple(gates.get(name, ())[:MAX_GATE_WORDS]),
            tuple(erasures.get(name, ())[:MAX_ERASURE_WORDS]),
        )
        for name in {*gates, *erasures}
    }


def _gates(session: Session, device: str) -> dict[str, list[GateWord]]:
    query = (
        select(Device.name, MailGate)
        .join(MailGate, MailGate.bundle == Device.running_bundle)
        .where(MailGate.said_at.is_not(None), Device.revoked_at.is_(None))
        .order_by(Device.name)
        .limit(_MAX)
    )
    if device:
        query = query.where(Device.name == device)
    found: dict[str, list[GateWord]] = defaultdict(list)
    for name, gate in session.execute(query):
        closed, said = gate.closed_at is not None, gate.said_at
        assert isinstance(said, datetime)
        word = GateWord(
            bundle=gate.bundle, closed=closed, why=gate.because, who=gate.said_by, at=said
        )
        found[name].append(word)
    return found


def _erasures(session: Session, device: str, addresses: bool) -> dict[str, list[ErasureWord]]:
    waiting = select(MailErasure).where(
        MailErasure.address != "", MailErasure.at >= utc_now() - STANDS
    )
    found: dict[str, list[ErasureWord]] = defaultdict(list)
    for row in session.scalars(waiting.order_by(MailErasure.at).limit(_MAX)):
        for name, answer in row.devices.items():
            if answer is None and device in ("", name):
                address = row.address if addresses else ""
                found[name].append(ErasureWord(id=row.id, address=address))
    return found
