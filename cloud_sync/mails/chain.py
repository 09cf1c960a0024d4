"""The record of what was done with mails here, by whom: erasures, gates closed and opened, texts whose time was over.

Each entry carries the digest of the one before (hash chain), and the head is kept apart from the entries: who
changes, leaves out, reorders or cuts off entries is found by `verify`. No address and no text of a mail is in it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from pydantic import JsonValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from cloud_sync.store.db import insert_once
from cloud_sync.store.models import MailLogEntry, Setting
from kits.core.chained import Checked, End, Entry, check, follow
from kits.core.sample import utc_now

_HEAD = "mail-log"
_PAGE = 1000
MAX_ENTRY = 8000


def record(
    session: Session,
    who: str,
    what: str,
    target: str,
    details: Mapping[str, JsonValue] | None = None,
) -> MailLogEntry:
    """Appends an entry, in the transaction of what it tells; writers come one after the other.

    Raises:
        ValueError: its text is longer than `MAX_ENTRY` characters.
    """
    head = _hold(session)
    told: dict[str, JsonValue] = {
        "at": utc_now().isoformat(), "who": who[:200], "what": what, "target": target[:200],
        "details": dict(details or {}),
    }  # fmt: skip
    number, digest, written = follow(_end(head), told)
    if len(written) > MAX_ENTRY:
        raise ValueError(f"an entry of {len(written)} characters")
    row = MailLogEntry(number=number, hash=digest, entry=written)
    session.add(row)
    head.value = {"number": number, "hash": digest}
    session.flush()
    return row


def entries(session: Session, after: int = 0) -> Iterator[MailLogEntry]:
    """Entries with a number above `after`, in order."""
    while True:
        query = select(MailLogEntry).where(MailLogEntry.number > after)
        page = session.scalars(query.order_by(MailLogEntry.number).limit(_PAGE)).all()
        yield from page
        if len(page) < _PAGE:
            return
        after = page[-1].number
        session.expunge_all()


def newest(session: Session, limit: int = 50) -> list[MailLogEntry]:
    """The last entries, newest first."""
    query = select(MailLogEntry).order_by(MailLogEntry.number.desc()).limit(limit)
    return list(session.scalars(query))


def verify(session: Session) -> Checked:
    """Whether the record is as it was written."""
    rows = (Entry(row.number, row.hash, row.entry) for row in entries(session))
    return check(rows, lambda: _end(session.get(Setting, _HEAD, populate_existing=True)))


def as_json(row: MailLogEntry) -> dict[str, JsonValue]:
    """For API, pages and `--json`: the entry as it was written, with its digest."""
    said: dict[str, JsonValue] = json.loads(row.entry)
    return {**said, "hash": row.hash}


def export_line(row: MailLogEntry) -> str:
    """One line: the digest, a blank, and the very characters it is the SHA-256 of."""
    return f"{row.hash} {row.entry}"


def _hold(session: Session) -> Setting:
    insert_once(session, Setting, [{"key": _HEAD, "value": {}}])
    return session.get_one(Setting, _HEAD, with_for_update=True, populate_existing=True)


def _end(head: Setting | None) -> End:
    value = head.value if head is not None else {}
    number, digest = value.get("number"), value.get("hash")
    return End(number, digest) if isinstance(number, int) and isinstance(digest, str) else End()
