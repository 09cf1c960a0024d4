"""Declared losses against what is here: a device that lost its memory may declare too much.

A device that was started anew no longer knows which rows were on their way when it stopped, and
may evict and declare rows the hub has committed. Sequence numbers of an outbox have no holes, so
what is missing in a declared range can be counted exactly. Read-only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cloud_sync.store.models import Event, Gap


@dataclass(frozen=True, slots=True)
class Loss:
    """A gap; `rows` of those it declared are not here (some may still come)."""

    gap: Gap
    rows: int


def losses(session: Session, gaps: Sequence[Gap]) -> list[Loss]:
    """How much of each gap really is one, in the order given."""
    here = (
        select(Gap.id, func.count(Event.id))
        .join(
            Event,
            (Event.device == Gap.device)
            & (Event.epoch == Gap.epoch)
            & Event.seq.between(Gap.first_seq, Gap.last_seq),
        )
        .where(Gap.id.in_([gap.id for gap in gaps]))
        .group_by(Gap.id)
    )
    present = {row[0]: row[1] for row in session.execute(here)} if gaps else {}
    return [Loss(gap, min(gap.rows, _span(gap) - present.get(gap.id, 0))) for gap in gaps]


def _span(gap: Gap) -> int:
    return gap.last_seq - gap.first_seq + 1
