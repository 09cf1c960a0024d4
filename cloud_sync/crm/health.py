"""How connections are doing: what waits, what went last, whether the CRM answers. Counts for pages and API."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from pydantic import JsonValue
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cloud_sync.crm import sweeps
from cloud_sync.crm.condition import LEFT_ALONE, Condition, conditions
from cloud_sync.store.models import CrmConnection, CrmEvent, CrmLead


@dataclass(frozen=True, slots=True)
class Health:
    """One connection.

    Attributes:
        state, error: as `condition.py` says them.
        leads, due, waiting, dead: all it has; to be read and scored; to be written; waiting for a person.
        hidden_at: since then the CRM shows far fewer leads (`hiding.py`); None: it does not.
        open_until: it is left alone until then; None: it is asked.
        sweep: through all records, see `sweeps.as_json`; `swept` says it to people, empty: its kind has no list.
        last_event_at, last_write_at: None: never.
    """

    name: str
    kind: str
    project: str
    state: str
    error: str
    hidden_at: datetime | None
    open_until: datetime | None
    leads: int
    due: int
    waiting: int
    dead: int
    last_event_at: datetime | None
    last_write_at: datetime | None
    sweep: dict[str, JsonValue]
    swept: str

    def as_json(self) -> dict[str, JsonValue]:
        """For the API."""
        return {
            "name": self.name, "kind": self.kind, "project": self.project, "state": self.state,
            "error": self.error, "left_alone_until": _iso(self.open_until), "hidden_since": _iso(self.hidden_at), "leads": self.leads, "due": self.due, "waiting": self.waiting,
            "dead": self.dead, "last_event_at": _iso(self.last_event_at),
            "last_write_at": _iso(self.last_write_at), "sweep": self.sweep,
        }  # fmt: skip


def connections(session: Session, now: datetime) -> list[Health]:
    """All connections by name."""
    rows = session.scalars(select(CrmConnection).order_by(CrmConnection.name)).all()
    counts = _counts(session)
    events = _last_events(session)
    said = conditions(session, rows, now)
    return [_one(row, said[row.name], counts.get(row.name), events.get(row.name)) for row in rows]


def _last_events(session: Session) -> dict[str, datetime | None]:
    # one by one: each is the end of an index, and a database that groups reads all events of all
    last = select(func.max(CrmEvent.received_at)).where(CrmEvent.connection == CrmConnection.name)
    query = select(CrmConnection.name, last.scalar_subquery())
    return {row[0]: row[1] for row in session.execute(query)}


@dataclass(frozen=True, slots=True)
class _Counts:
    leads: int
    due: int
    waiting: int
    dead: int
    last_write_at: datetime | None


def _counts(session: Session) -> dict[str, _Counts]:
    query = select(
        CrmLead.connection, func.count(),
        func.count(func.coalesce(CrmLead.due_at, CrmLead.later_at)), func.count(CrmLead.write_at),
        func.count().filter(CrmLead.dead != ""), func.max(CrmLead.wrote_at),
    ).group_by(CrmLead.connection)  # fmt: skip
    return {row[0]: _Counts(*row[1:]) for row in session.execute(query)}


def _one(
    row: CrmConnection, said: Condition, counts: _Counts | None, last_event_at: datetime | None
) -> Health:
    known = counts or _Counts(0, 0, 0, 0, None)
    return Health(
        row.name, row.kind, row.project, said.state, said.why, row.hidden_at,
        row.open_until if said.state == LEFT_ALONE else None,
        known.leads, known.due, known.waiting, known.dead, last_event_at, known.last_write_at,
        sweeps.as_json(row), sweeps.words(row),
    )  # fmt: skip


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at is not None else None
