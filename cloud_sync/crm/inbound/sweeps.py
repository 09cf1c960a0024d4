"""Sweeps: a walk through all records of a CRM, for leads that were there before the hub and for what no message told.

A sweep is the state of a connection's row: any process goes on where the last page was stored, also after a restart.
This has the rules, and what a page changes; asking the CRM is `sweeping.py`. A lead that is found is read when no event
waits (`scoring/rescoring.py`), so what a list says of it is never believed any further.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from pydantic import JsonValue
from sqlalchemy import func, or_, select, update
from sqlalchemy.orm import Session

from cloud_sync.crm.connection.connections import require
from cloud_sync.crm.inbound import hiding
from cloud_sync.crm.kinds.base import Listed, Listing
from cloud_sync.crm.kinds.table import KINDS
from cloud_sync.crm.order import take_whole
from cloud_sync.crm.scoring.storing import GONE, OPEN
from cloud_sync.errors import ConflictError
from cloud_sync.hub import audit
from cloud_sync.spans import ends_later, has_passed
from cloud_sync.store.db import insert_once
from cloud_sync.store.models import CrmConnection, CrmLead
from kits.core.errors import UsageError

OVERLAP = timedelta(hours=1)
"""The next sweep looks so much further back: clocks differ, and lists lag behind."""
APART = timedelta(hours=1)
"""Between the beginnings of two sweeps that nobody asked for."""
WHOLE_EVERY = 7
"""Each seventh sweep lists everything, so that what is gone is noticed."""
LEASE = timedelta(minutes=3)
"""Longer than a page takes."""

State = Literal["none", "running", "done"]


@dataclass(frozen=True, slots=True)
class Turn:
    """A page that is to be asked for: of which sweep, behind what, changed since when (None: all)."""

    sweep: int
    cursor: str
    since: datetime | None


@dataclass(frozen=True, slots=True)
class Kept:
    """What a page came to: records it named, leads with news; `ended`: the sweep is over, `gone`: not named in it."""

    listed: int = 0
    found: int = 0
    gone: int = 0
    ended: bool = False


def state_of(row: CrmConnection) -> State:
    """Whether a sweep runs, or the last one is over."""
    if not row.sweep:
        return "none"
    return "done" if row.sweep_ended_at is not None else "running"


def as_json(row: CrmConnection) -> dict[str, JsonValue]:
    """A connection's newest sweep, for API and `--json`."""
    return {
        "state": state_of(row), "listed": row.sweep_listed, "found": row.sweep_found,
        "since": _iso(row.sweep_since), "began_at": _iso(row.sweep_began_at),
        "ended_at": _iso(row.sweep_ended_at),
    }  # fmt: skip


def words(row: CrmConnection) -> str:
    """The same for people; empty: its kind has no list, or its leads are not scored."""
    if not (row.project and row.kind in KINDS and KINDS[row.kind].lists):
        return ""
    state = state_of(row)
    if state == "none":
        return "not yet"
    counts = f"{row.sweep_listed:,} listed, {row.sweep_found:,} with news"
    return f"under way: {counts}" if state == "running" else counts


def is_wanted(row: CrmConnection, sweep_h: float, now: datetime) -> bool:
    """Whether one is to go on, or to begin."""
    if state_of(row) == "running":
        return True
    if not sweep_h:
        return False
    return has_passed(row.sweep_began_at, timedelta(hours=sweep_h), now)


def since_of(row: CrmConnection, now: datetime, *, polls: bool) -> datetime | None:
    """From when on the next sweep looks for changes; None: it lists everything.

    A CRM that is asked for changes anyway is looked through for what is gone. A time that lies ahead was written by a
    clock that was wrong, and nobody knows when it was right last.
    """
    if polls or row.swept_to is None or row.swept_to > now or row.sweep % WHOLE_EVERY == 0:
        return None
    return row.swept_to - OVERLAP


def begin(row: CrmConnection, since: datetime | None, now: datetime) -> None:
    """A new sweep from the start."""
    row.sweep += 1
    row.sweep_began_at, row.sweep_ended_at, row.sweep_since = now, None, since
    row.sweep_cursor, row.sweep_listed, row.sweep_found, row.sweep_until = "", 0, 0, None


def ask_for(
    session: Session, name: str, since: datetime | None, now: datetime, *, by: str
) -> CrmConnection:
    """A sweep that a person wants; one that runs and lists as much goes on.

    Raises:
        NotFoundError: no such connection.
        UsageError: its kind has no list, or the date lies ahead.
        ConflictError: it is only listened to.
    """
    require(session, name)
    row = session.get_one(CrmConnection, name, with_for_update={"key_share": True})
    if not KINDS[row.kind].lists:
        raise UsageError(
            f"a connection of the kind {row.kind} has no list of records", where=name,
            fix="let your program tell of each lead once",
        )  # fmt: skip
    if not row.project:
        raise ConflictError(
            "its leads are not scored: it is only listened to", where=name,
            fix=f"cloud-sync crm set {name} --project PROJECT",
        )  # fmt: skip
    if since is not None and since > now:
        raise UsageError("this lies ahead", where="--since", fix="a day that is over")
    audit(session, by, "crm sweep", name, since=_iso(since) or "")
    runs = state_of(row) == "running"
    covers = row.sweep_since is None or (since is not None and row.sweep_since <= since)
    if not (runs and covers):
        begin(row, since, now)
    return row


def make_up(session: Session, name: str, sweep_h: float, now: datetime) -> None:
    """After messages that were refused, and never come again: looks at once for what they told.

    Not within an hour of the last sweep: strangers, whose messages are refused too, must not make it begin again and again.

    Args:
        sweep_h: of the settings; 0: its leads are never listed.
    """
    row = session.get(CrmConnection, name, with_for_update={"key_share": True})
    if row is None or not (sweep_h and row.project and KINDS[row.kind].lists):
        return
    if not has_passed(row.sweep_began_at, APART, now):
        return
    # one that is under way has passed by those that came last
    running = state_of(row) == "running"
    begin(row, row.sweep_since if running else since_of(row, now, polls=False), now)


def claim(
    session: Session, name: str, sweep_h: float, *, polls: bool, now: datetime
) -> Turn | float:
    """The next page to ask for, or seconds until it is anybody's turn.

    Within a transaction that writes: the row is taken, but not from those who only refer to it.
    """
    row = session.get(
        CrmConnection, name, with_for_update={"key_share": True}, populate_existing=True
    )
    if row is None or row.paused_at is not None or not is_wanted(row, sweep_h, now):
        return float("inf")
    if state_of(row) != "running":
        begin(row, since_of(row, now, polls=polls), now)
    if row.sweep_until is not None and ends_later(row.sweep_until, LEASE, now):
        return (row.sweep_until - now).total_seconds()
    row.sweep_until = now + LEASE
    return Turn(row.sweep, row.sweep_cursor, row.sweep_since)


def let_go(session: Session, name: str, turn: Turn, *, again: bool = False) -> None:
    """The page could not be had; `again`: the sweep goes on from its start, its cursor is none any more."""
    row = _of_turn(session, name, turn)
    if row is not None:
        row.sweep_until = None
        row.sweep_cursor = "" if again else row.sweep_cursor


def keep(
    session: Session,
    name: str,
    turn: Turn,
    page: Listing,
    pause_s: float,
    now: datetime,
) -> Kept:
    """Stores what a page says and where to go on, unless another process was quicker.

    Args:
        pause_s: nobody asks for the next page for so long.
    """
    take_whole(session, name)
    row = _of_turn(session, name, turn)
    if row is None:
        return Kept()
    found = _note(session, name, turn.sweep, page.records, now)
    row.sweep_cursor, row.sweep_until = page.cursor, now + timedelta(seconds=pause_s)
    row.sweep_listed += len(page.records)
    row.sweep_found += found
    if page.more:
        return Kept(len(page.records), found)
    began = row.sweep_began_at or now
    row.sweep_ended_at, row.sweep_until, row.sweep_cursor = now, None, ""
    if (
        began > now
    ):  # the clock was set back: when it began nobody knows, and the next one begins at once
        return Kept(len(page.records), found, ended=True)
    gone = _look_for_missing(session, row, began, now) if turn.since is None else 0
    if turn.since is None or (row.swept_to is not None and turn.since <= row.swept_to):
        row.swept_to = began
    return Kept(len(page.records), found, gone, ended=True)


def _of_turn(session: Session, name: str, turn: Turn) -> CrmConnection | None:
    row = session.get(
        CrmConnection, name, with_for_update={"key_share": True}, populate_existing=True
    )
    same = row is not None and (row.sweep, row.sweep_cursor) == (turn.sweep, turn.cursor)
    return row if same and row is not None and row.sweep_ended_at is None else None


def _note(session: Session, name: str, sweep: int, records: Sequence[Listed], now: datetime) -> int:
    """Makes those with news due later; how many. What was decided before anybody scored it is left out."""
    listed = {record.object_id: record for record in records}
    query = select(CrmLead).where(CrmLead.connection == name, CrmLead.object_id.in_(listed))
    known = session.scalars(query.order_by(CrmLead.object_id).with_for_update()).all()
    found = 0
    for lead in known:
        lead.swept = sweep
        if lead.error == hiding.MISSED and lead.due_at is not None:
            lead.due_at = min(lead.due_at, now)  # it is shown again
        elif lead.later_at is None and has_news(lead, listed[lead.object_id]):
            lead.later_at = now
            found += 1
    there = {lead.object_id for lead in known}
    fresh = [
        {"connection": name, "object_id": one, "later_at": now, "swept": sweep, "created_at": now}
        for one, record in sorted(listed.items())
        if one not in there and not record.decided
    ]
    return found + insert_once(session, CrmLead, fresh)


def has_news(lead: CrmLead, record: Listed) -> bool:
    """Whether a list says of a lead what was not read yet. When its newest event happened is not asked: it was read."""
    if lead.due_at is not None:
        return False
    if lead.state == GONE or lead.record_at is None or lead.error == hiding.MISSED:
        return True
    return record.modified_at > lead.record_at


def _look_for_missing(session: Session, row: CrmConnection, began: datetime, now: datetime) -> int:
    """Open leads that a whole sweep did not come by are read: whether they are gone is what the CRM says then.

    If they are very many, that the CRM hides them is likelier: all are marked, and only some are read.
    """
    wanted = (
        CrmLead.connection == row.name, CrmLead.state == OPEN, CrmLead.swept < row.sweep,
        or_(CrmLead.created_at < began, CrmLead.created_at > now),
        CrmLead.later_at.is_(None), CrmLead.due_at.is_(None),
    )  # fmt: skip
    count = session.scalar(select(func.count()).select_from(CrmLead).where(*wanted)) or 0
    if not count:
        return 0
    if hiding.plausible(session, row, count, now):
        session.execute(update(CrmLead).where(*wanted).values(later_at=now))
    else:
        read = CrmLead.record_at.is_not(None), CrmLead.dead == ""
        session.execute(update(CrmLead).where(*wanted, *read).values(error=hiding.MISSED))
        hiding.ask_for_some(session, row.name, hiding.PROBED, now)
    return count


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at is not None else None
