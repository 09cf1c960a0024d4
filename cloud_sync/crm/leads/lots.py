"""Which share of a connection's calls goes to leads by lot: what its bundle was judged with, or less.

The bundle's number counts, because the price of just that share stands in its report. `hub.yaml` may lower it and switch
it off. So many leads are drawn as the team can call: of all leads the share times what the team has room for. More would
be marked as called by lot and never be called. Where they stand in the list is `hotlist.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic import JsonValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from cloud_sync.store.models import CrmConnection, LeadModel
from kits.core.ready import ReadyBundle

RATE, CAPACITY = "exploration", "capacity"
"""Names under which an operating point keeps the share of calls by lot, and the share of leads that can be called."""
_CALLS, _LEADS = "calls", "leads"


@dataclass(frozen=True, slots=True)
class Lots:
    """Connection → shares by lot, 0 to 1.

    Attributes:
        shares: of the calls, and so of the places in the list.
        leads: of the leads that come in; as of the calls where it is not said.
    """

    shares: Mapping[str, float]
    leads: Mapping[str, float] = field(default_factory=dict)

    def of(self, connection: str) -> float:
        """The share of the calls; 0 where no bundle states one."""
        return self.shares.get(connection, 0.0)

    def drawn(self, connection: str) -> float:
        """The share of the leads: whose lot is below it stands in the list by lot."""
        return self.leads.get(connection, self.of(connection))

    def largest(self, connection: str = "") -> float:
        """By which places in the list are taken: of one connection, or of all that are shown."""
        return self.of(connection) if connection else max(self.shares.values(), default=0.0)


def stated(ready: ReadyBundle) -> dict[str, JsonValue]:
    """What a bundle was judged with, as `LeadModel.lots` keeps it; 0: nothing by lot, and no price of it."""
    rates = ready.bundle.operating_point.rates
    share = rates[RATE].value if RATE in rates else 0.0
    room = rates[CAPACITY].value if CAPACITY in rates else 1.0
    return {_CALLS: share, _LEADS: share * min(1.0, max(0.0, room))}


def lots(session: Session, most: float | None) -> Lots:
    """The shares in force.

    Args:
        most: of `hub.yaml`, of the calls; None: it says nothing.
    """
    query = select(CrmConnection.name, LeadModel).join(
        LeadModel, LeadModel.project == CrmConnection.project
    )
    shares, leads = dict[str, float](), dict[str, float]()
    for name, row in session.execute(query):
        kept = kept_by(row)
        shares[name] = share_of(row, most)
        leads[name] = _number(row, _LEADS) * (shares[name] / kept if kept else 0.0)
    return Lots(shares, leads)


def kept_by(row: LeadModel) -> float:
    """Which share of the calls the bundle in force states."""
    return _number(row, _CALLS)


def share_of(row: LeadModel, most: float | None) -> float:
    """The share of the calls in force; `most` as `lots` has it."""
    return kept_by(row) if most is None else min(kept_by(row), most)


def _number(row: LeadModel, name: str) -> float:
    said = row.lots.get(row.bundle, 0.0)
    # a number alone was written before leads were drawn by what the team has room for
    share = said.get(name, 0.0) if isinstance(said, Mapping) else said
    return float(share) if isinstance(share, int | float) else 0.0


def too_high(session: Session, most: float | None) -> list[str]:
    """Projects whose bundle was judged with less than `hub.yaml` says: there the bundle's share counts."""
    rows = session.scalars(select(LeadModel).where(LeadModel.bundle != "").order_by("project"))
    return [row.project for row in rows if most is not None and most > kept_by(row)]
