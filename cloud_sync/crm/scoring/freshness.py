"""Since when a lead counts as new: since it came to the CRM, or since something spoke for it after all.

A lead that stays open has what is left of its chance. Of a contact of three years ago that asks for a demo today nothing is
over: it counts as new from then on. So does one that was won or lost and is open again, and a record that was there before the
CRM was connected and that the hub meets weeks later: it became a lead then. Scores are the bundle's; what is stored `storing.py` says.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import select

from cloud_sync.crm.kinds.base import Record
from cloud_sync.crm.scoring.payloads import score_all
from cloud_sync.crm.scoring.scored import LeadScore
from cloud_sync.hub import Hub
from cloud_sync.store.models import CrmConnection, CrmLead
from kits.core.ready import ReadyBundle

RISEN = 0.5
"""Log-odds by which its columns must speak for it more than when it was scored before by the same bundle."""
SWEPT = timedelta(days=7)
"""So long after it was connected a CRM was swept: whatever is met later had not been a lead before."""

_CLOSED = ("won", "lost")


@dataclass(frozen=True, slots=True)
class Before:
    """What is known of a lead before it is scored.

    Attributes:
        fresh_at: since when it counts as new, where that is not since it came.
        met_at: when the hub met it, where that was long after its CRM was connected.
        when_new: what its probability was as of new, by `bundle`.
        closed: it was won or lost.
    """

    bundle: str = ""
    fresh_at: datetime | None = None
    met_at: datetime | None = None
    when_new: float | None = None
    closed: bool = False


_NOTHING = Before()


def known(hub: Hub, connection: CrmConnection, names: Sequence[str]) -> dict[str, Before]:
    """Of the leads of a connection, by object id."""
    columns = (
        CrmLead.object_id, CrmLead.bundle, CrmLead.fresh_at, CrmLead.created_at,
        CrmLead.probability_when_new, CrmLead.state,
    )  # fmt: skip
    mine = CrmLead.connection == connection.name, CrmLead.object_id.in_(names)
    with hub.database.session() as session:
        rows = session.execute(select(*columns).where(*mine)).all()
    late = connection.created_at + SWEPT
    return {
        name: Before(
            bundle, fresh_at, met_at if met_at > late else None, when_new, state in _CLOSED
        )
        for name, bundle, fresh_at, met_at, when_new, state in rows
    }


def score(
    ready: ReadyBundle,
    records: Sequence[Record],
    now: datetime,
    connected: datetime,
    before: Mapping[str, Before],
) -> tuple[dict[str, LeadScore], dict[str, str]]:
    """Scores by object id, of leads as old as they count for, and why others have none.

    Args:
        connected: when the CRM was connected.
        before: as `known` tells it.
    """
    since = {
        one.object_id: at
        for one in records
        if (at := _since(one, now, connected, before.get(one.object_id, _NOTHING))) is not None
    }
    scores, faults = score_all(ready, records, now, since)
    risen = [
        one
        for one in records
        if one.object_id in scores
        and _has_risen(scores[one.object_id], before.get(one.object_id, _NOTHING))
    ]
    since |= {one.object_id: now for one in risen}
    scores |= score_all(ready, risen, now, since)[0] if risen else {}
    return {
        name: replace(one, new_since=since[name]) if name in since else one
        for name, one in scores.items()
    }, faults


def _since(record: Record, now: datetime, connected: datetime, before: Before) -> datetime | None:
    """Since when it counts as new, where that is not since it came."""
    if before.closed:
        return now
    came = record.created_at
    became = before.met_at if came is not None and came < connected else None
    return max(filter(None, (before.fresh_at, became)), default=None)


def _has_risen(score: LeadScore, before: Before) -> bool:
    if score.when_new is None or before.when_new is None or score.bundle != before.bundle:
        return False
    return _logit(score.when_new) - _logit(before.when_new) >= RISEN


def _logit(chance: float) -> float:
    inner = min(max(chance, 1e-6), 1 - 1e-6)
    return math.log(inner / (1 - inner))
