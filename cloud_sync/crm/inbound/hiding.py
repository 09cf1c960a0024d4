"""Leads that a CRM does not show any more: a few are gone; when many go at once they are held, and a person is asked.

Who loses a right in a CRM is often told nothing: its lists are shorter, and its records are not there. That a lead is not
there is found by reading (`scoring/committing.py`) and listing (`sweeps.py`); here is what is believed of it. A CRM that says by a
message that a lead was deleted is believed anyway.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from cloud_sync.crm.connection.connections import require
from cloud_sync.crm.scoring.storing import OPEN
from cloud_sync.effects.alerts import close_alert, raise_alert
from cloud_sync.effects.settings import NotifyConfig
from cloud_sync.hub import audit
from cloud_sync.store.db import changed_by
from cloud_sync.store.models import CrmConnection, CrmLead

HIDDEN = "crm-leads-hidden"
MISSED = "the CRM does not show it any more"
"""Marks a lead that was read once and is not there now, until it is read again or believed to be gone."""
FIRST_S = 5.0
MAX_MISSED = 6
"""So often a lead that is not there is asked for, after 5, 10, 20, … s, some five minutes in all, before it may be gone: an
event may be quicker than the record it tells of, and an answer may be short."""
SLOWEST_S = 6 * 3600.0
"""One that is held is asked for less and less often, and this often at least."""
SHARE = 0.2
LEAST = 3
"""Of the open leads of a connection so many may be gone within `WINDOW`, or `LEAST` of them where that is more."""
PROBED = 50
"""Where a list leaves out more than that, so many of them are read first."""
PORTION = 500
"""Once one of them is there after all, so many more are read."""
WINDOW = timedelta(days=1)
BELIEVED = timedelta(days=1)
"""For so long a person's word holds."""


def pause(attempts: int) -> timedelta:
    """Until a lead that is not there is asked for again."""
    return timedelta(seconds=min(FIRST_S * 2.0 ** min(attempts - 1, 20), SLOWEST_S))


def believes(
    session: Session, notify: NotifyConfig, row: CrmConnection, more: int, now: datetime
) -> bool:
    """Whether leads that were read once, and are not there now, are gone; if it is not believed, it is told.

    Args:
        row: the connection's, taken for writing.
        more: so many there are; those that are marked count anyway.
    """
    if plausible(session, row, more, now):
        return True
    row.hidden_at = row.hidden_at or now
    raise_alert(
        session, notify, HIDDEN, "warning",
        f"the CRM {row.name} suddenly shows far fewer leads than before: none of them is taken for gone. Has the hub's user "
        f"lost a right there? If they are gone indeed: cloud-sync crm gone {row.name}",
        where=row.name,
    )  # fmt: skip
    return False


def plausible(session: Session, row: CrmConnection, more: int, now: datetime) -> bool:
    """Whether so many may be gone: they are few enough, or a person said so."""
    if row.believed_until is not None and now < row.believed_until <= now + BELIEVED:
        return True
    return _fits(session, row, more, now)


def ask_for_some(session: Session, name: str, limit: int, now: datetime) -> None:
    """Has some of the leads read that a list left out and that were only marked."""
    marked = (
        CrmLead.connection == name, CrmLead.state == OPEN, CrmLead.error == MISSED,
        CrmLead.due_at.is_(None), CrmLead.later_at.is_(None),
    )  # fmt: skip
    some = list(session.scalars(select(CrmLead.object_id).where(*marked).limit(limit)))
    asked = update(CrmLead).where(CrmLead.connection == name, CrmLead.object_id.in_(some))
    session.execute(asked.values(later_at=now))


def look_again(session: Session, row: CrmConnection, now: datetime) -> None:
    """Whether the leads that were held are there again, or few enough to be gone; then that is over."""
    if row.hidden_at is not None and _fits(session, row, 0, now):
        row.hidden_at = None
        close_alert(session, HIDDEN, where=row.name)


def believe(session: Session, name: str, now: datetime, *, by: str) -> int:
    """A person says that what a CRM does not show is gone; how many leads were held.

    Raises:
        NotFoundError: no such connection.
    """
    require(session, name)
    row = session.get_one(CrmConnection, name, with_for_update=True, populate_existing=True)
    row.believed_until, row.hidden_at = now + BELIEVED, None
    close_alert(session, HIDDEN, where=name)
    held = CrmLead.connection == name, CrmLead.state == OPEN, CrmLead.error == MISSED
    # once more each: one that is shown again after all stays
    done = session.execute(update(CrmLead).where(*held).values(due_at=now, attempts=MAX_MISSED))
    count = changed_by(done)
    audit(session, by, "crm gone", name, leads=count)
    return count


def _fits(session: Session, row: CrmConnection, more: int, now: datetime) -> bool:
    if row.lost_since is None or not row.lost_since <= now < row.lost_since + WINDOW:
        row.lost_since, row.lost = now, 0
    query = select(func.count(), func.count().filter(CrmLead.error == MISSED))
    wanted = CrmLead.connection == row.name, CrmLead.state == OPEN
    there, marked = session.execute(query.where(*wanted)).one()
    return row.lost + max(marked, more) <= max(LEAST, SHARE * (there + row.lost))
