"""Which share of a connection's leads stands in the hot list by lot: what its bundle was judged with, or less.

The bundle's number counts, because the price of just that share stands in its report. `hub.yaml` may lower it and switch
it off. Where those leads stand in the list is `hotlist.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from cloud_sync.store.models import CrmConnection, LeadModel
from kits.core.ready import ReadyBundle

RATE = "exploration"
"""Name under which an operating point keeps the share."""


@dataclass(frozen=True, slots=True)
class Lots:
    """Connection → share of its leads by lot, 0 to 1."""

    shares: Mapping[str, float]

    def of(self, connection: str) -> float:
        """The share; 0 where no bundle states one."""
        return self.shares.get(connection, 0.0)

    def largest(self, connection: str = "") -> float:
        """By which places in the list are taken: of one connection, or of all that are shown."""
        return self.of(connection) if connection else max(self.shares.values(), default=0.0)


def stated(ready: ReadyBundle) -> float:
    """What a bundle was judged with; 0: nothing by lot, and no price of it."""
    rate = ready.bundle.operating_point.rates.get(RATE)
    return rate.value if rate is not None else 0.0


def lots(session: Session, most: float | None) -> Lots:
    """The shares in force.

    Args:
        most: of `hub.yaml`; None: it says nothing.
    """
    query = select(CrmConnection.name, LeadModel).join(
        LeadModel, LeadModel.project == CrmConnection.project
    )
    kept = {name: kept_by(row) for name, row in session.execute(query)}
    return Lots({name: share if most is None else min(share, most) for name, share in kept.items()})


def kept_by(row: LeadModel) -> float:
    """What the bundle in force states."""
    share = row.lots.get(row.bundle, 0.0)
    return float(share) if isinstance(share, int | float) else 0.0


def too_high(session: Session, most: float | None) -> list[str]:
    """Projects whose bundle was judged with less than `hub.yaml` says: there the bundle's share counts."""
    rows = session.scalars(select(LeadModel).where(LeadModel.bundle != "").order_by("project"))
    return [row.project for row in rows if most is not None and most > kept_by(row)]
