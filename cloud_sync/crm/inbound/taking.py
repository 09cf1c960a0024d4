"""One commit for the events of several messages and the leads they make due.

Past the ORM, like `store/bulk.py`: an event is one row that is inserted once, a lead one row that is made due, whether it
was known or not. What is a lead's business besides (its score, its outcome) is left as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from operator import itemgetter
from typing import Any, Final

from pydantic_core import to_json
from sqlalchemy import JSON
from sqlalchemy.orm import Session

from cloud_sync.crm.inbound.merging import Merge, carry_over
from cloud_sync.crm.kinds.base import CrmEvent as Taken
from cloud_sync.crm.order import refer_to, take_whole
from cloud_sync.crm.scoring.committing import close_dead
from cloud_sync.store.bulk import Value, insert_fresh, sql_time
from cloud_sync.store.models import CrmEvent, CrmLead

GONE: Final = frozenset({"deleted", "merged", "erased"})
_EVENT: Final = (
    "connection", "event_id", "object_id", "what", "at", "skipped", "body", "received_at",
)  # fmt: skip
_LEAD: Final = (
    "connection", "object_id", "state", "seen_at", "due_at", "created_at", "write_attempts",
)  # fmt: skip
_TYPES: Final = {"seen_at": "TIMESTAMPTZ", "due_at": "TIMESTAMPTZ", "created_at": "TIMESTAMPTZ", "write_attempts": "INTEGER"}  # fmt: skip
"""What PostgreSQL reads in a document; the others are texts."""
_NEWER: Final = '("lead"."seen_at" IS NULL OR "new"."seen_at" >= "lead"."seen_at")'
_CHANGES: Final = {
    "state": f"CASE WHEN {_NEWER} AND \"new\".\"state\" = 'gone' THEN 'gone'"
    f' WHEN {_NEWER} AND "lead"."state" = \'gone\' THEN \'open\' ELSE "lead"."state" END',
    "due_at": f'CASE WHEN {_NEWER} AND "new"."state" = \'gone\' THEN NULL ELSE "new"."created_at" END',
    "write_at": f'CASE WHEN {_NEWER} AND "new"."state" = \'gone\' THEN NULL ELSE "lead"."write_at" END',
    # of a lead that comes back, or that another was merged into, nobody knows what it shows: then whatever its score is,
    # is written
    "write_attempts": f'CASE WHEN "lead"."write_attempts" > 0 THEN "lead"."write_attempts"'
    f' WHEN {_NEWER} AND "new"."state" = \'gone\' THEN 1 ELSE "new"."write_attempts" END',
    # nobody is asked for what is not there any more
    "dead": f'CASE WHEN {_NEWER} AND "new"."state" = \'gone\' THEN \'\' ELSE "lead"."dead" END',
    "error": f'CASE WHEN {_NEWER} AND "new"."state" = \'gone\' THEN \'\' ELSE "lead"."error" END',
    "seen_at": f'CASE WHEN {_NEWER} THEN "new"."seen_at" ELSE "lead"."seen_at" END',
    "due_mark": '"lead"."due_mark" + 1',
    "later_at": "NULL",
}
"""What an event does to a lead that is there: an older one never takes back what a newer one said, it only has the record
read once more."""


@dataclass(frozen=True, slots=True)
class Batch:
    """The events of one message, as they shall be stored."""

    connection: str
    events: Sequence[Taken]
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Done:
    """What became of a batch: how many events were new, were there already, make nothing due."""

    new: int
    repeated: int
    skipped: int


@dataclass(slots=True)
class _Due:
    """What the new events of one lead come to."""

    seen_at: datetime
    gone: bool
    received_at: datetime
    joined: bool


def take(session: Session, batches: Sequence[Batch]) -> list[Done]:
    """Stores what is new and makes its leads due, in the caller's transaction; what became of each batch."""
    _take_connections(session, batches)
    # two processes that take the same rows must take them in the same order, or they wait for each other
    every = [
        ((batch.connection, event.event_id), number, event)
        for number, batch in enumerate(batches)
        for event in batch.events
    ]
    rows = sorted(every, key=itemgetter(0))
    moment = sql_time(session)
    values = [
        (
            connection, name, event.object_id, event.what, moment(event.at), event.skip,
            to_json(event.body, inf_nan_mode="null").decode(), moment(batches[number].received_at),
        )
        for (connection, name), number, event in rows
    ]  # fmt: skip
    fresh = insert_fresh(session, CrmEvent, _EVENT, values, key=("connection", "event_id"))
    due: dict[tuple[str, str], _Due] = {}
    counts = [[0, 0, 0] for _ in batches]
    for ((connection, _), number, event), new in zip(rows, fresh):
        counts[number][0 if new and not event.skip else 2 if new else 1] += 1
        if new and not event.skip:
            _note(due, (connection, event.object_id), event, batches[number].received_at)
    _make_due(session, due)
    merges = [
        Merge(connection, event.object_id, event.into)
        for ((connection, _), _, event), new in zip(rows, fresh)
        if new and not event.skip and event.into
    ]
    carry_over(session, merges)
    for name in sorted({connection for (connection, _), one in due.items() if one.gone}):
        close_dead(session, name)
    return [Done(new + skipped, repeated, skipped) for new, repeated, skipped in counts]


def _take_connections(session: Session, batches: Sequence[Batch]) -> None:
    """Where leads were merged, two are taken that may stand anywhere among the others; else the events refer to theirs."""
    merged = {batch.connection for batch in batches if any(event.into for event in batch.events)}
    for name in sorted({batch.connection for batch in batches}) if merged else ():
        (take_whole if name in merged else refer_to)(session, name)


def _note(
    due: dict[tuple[str, str], _Due], key: tuple[str, str], event: Taken, received: datetime
) -> None:
    known = due.get(key)
    joined = event.what == "joined" or (known is not None and known.joined)
    if known is None or event.at >= known.seen_at:
        # of two at the same moment the one that says that it is gone: nothing comes after that
        gone = event.what in GONE or (
            known is not None and known.gone and event.at == known.seen_at
        )
        due[key] = _Due(event.at, gone, received, joined)
    else:
        known.joined = joined


def _make_due(session: Session, due: dict[tuple[str, str], _Due]) -> None:
    moment = sql_time(session)
    rows: list[tuple[Value, ...]] = [
        (
            connection, lead, "gone" if found.gone else "open", moment(found.seen_at),
            None if found.gone else moment(found.received_at), moment(found.received_at),
            int(found.joined),
        )
        for (connection, lead), found in sorted(due.items())
    ]  # fmt: skip
    if not rows:
        return
    connection = session.connection()
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(_upsert_one(), rows)
        return
    document = to_json([dict(zip(_LEAD, row)) for row in rows]).decode()
    connection.exec_driver_sql(_upsert_document(), (document,))


@lru_cache(maxsize=1)
def _upsert_one() -> str:
    """SQLite: a statement for one lead."""
    names, constants = _columns()
    marks = ", ".join("?" for _ in _LEAD)
    return (
        f'INSERT INTO "crm_lead" AS "lead" ({names}) VALUES ({marks}, {constants}) '  # noqa: S608  (only names from the models)
        f'ON CONFLICT ("connection", "object_id") DO UPDATE SET {_assignments("excluded")}'
    )


@lru_cache(maxsize=1)
def _upsert_document() -> str:
    """PostgreSQL: all leads of a JSON document in one statement."""
    names, constants = _columns()
    read = ", ".join(f'"{name}" {_TYPES.get(name, "TEXT")}' for name in _LEAD)
    values = ", ".join(f'"{name}"' for name in _LEAD)
    return (
        f'INSERT INTO "crm_lead" AS "lead" ({names}) '  # noqa: S608  (only names from the models)
        f"SELECT {values}, {constants} FROM json_to_recordset(%s::JSON) AS given ({read}) "
        # as the database sorts them, which may not be as Python does: as all others take several leads
        f'ORDER BY "connection", "object_id" '
        f'ON CONFLICT ("connection", "object_id") DO UPDATE SET {_assignments("excluded")}'
    )


def _assignments(new: str) -> str:
    text = ", ".join(f'"{name}" = {value}' for name, value in _CHANGES.items())
    return text.replace('"new"', f'"{new}"')


def _columns() -> tuple[str, str]:
    """The columns of a new lead, those with a value of their own first; the constants of the others."""
    mapped: Any = CrmLead.__mapper__
    others = [
        (column.name, _constant(column))
        for column in mapped.local_table.columns
        if column.name not in _LEAD and column.default is not None
    ]
    names = ", ".join(f'"{name}"' for name in (*_LEAD, *(name for name, _ in others)))
    return names, ", ".join(value for _, value in others)


def _constant(column: Any) -> str:
    """The model's own default, as SQL has it."""
    default = column.default
    value = default.arg({}) if default.is_callable else default.arg
    if isinstance(column.type, JSON):
        return f"'{to_json(value).decode()}'"
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return repr(value)
