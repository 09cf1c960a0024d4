"""What became of drafted replies, as devices tell of it: the newest word of each mail, in whatever order they come.

The event keeps the name of the mail only: a sentence that a person took out of a draft lies in one place, so
that it can be erased. What is counted of drafts is in `figures.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from cloud_sync.intake.epochs import Key
from cloud_sync.store.bulk import in_portions
from cloud_sync.store.models import MailDraft, Sample
from cloud_sync.store.models.mails import ERASED
from kits.core.events import DraftBody


@dataclass(frozen=True, slots=True)
class Told:
    """A new row about a draft: its key, its body, and when it was as far as the hub can tell."""

    key: Key
    body: DraftBody
    at: datetime


def write_drafts(session: Session, told: Sequence[Told]) -> None:
    """Takes rows in their order; an older word about a draft changes nothing.

    Args:
        session: holds the lock of the devices whose rows come (`intake/batch.py`).
    """
    known = _known(session, {(one.key[0], one.body.sample_id) for one in told})
    erased = _erased(session, {one.body.sample_id for one in told})
    for one in told:
        device, name = one.key[0], one.body.sample_id
        row = known.get((device, name))
        if row is not None and not _newer(one, row):
            continue
        if row is None:
            row = known[device, name] = MailDraft(device=device, sample_id=name)
            session.add(row)
        _fill(row, one, keep_words=name not in erased)


def _newer(told: Told, row: MailDraft) -> bool:
    _, epoch, seq = told.key
    return seq > row.seq if epoch == row.epoch else told.at >= row.at


def _fill(row: MailDraft, told: Told, *, keep_words: bool) -> None:
    body = told.body
    _, row.epoch, row.seq = told.key
    row.fate, row.intent, row.bundle = body.fate, body.intent, body.bundle
    row.changed_share, row.at = body.changed_share, told.at
    row.changed = list(body.changed) if keep_words else []


def _known(session: Session, names: set[tuple[str, str]]) -> dict[tuple[str, str], MailDraft]:
    found: dict[tuple[str, str], MailDraft] = {}
    ordered = sorted(names)
    for first in range(0, len(ordered), 200):
        key = tuple_(MailDraft.device, MailDraft.sample_id)
        query = select(MailDraft).where(key.in_(ordered[first : first + 200]))
        found |= {(row.device, row.sample_id): row for row in session.scalars(query)}
    return found


def _erased(session: Session, names: set[str]) -> set[str]:
    """Those whose text must not come back. Who erases one of them now does it before this is looked, or after the rows are there."""
    found: set[str] = set()
    for some in in_portions(names):
        query = select(Sample.id, Sample.blob_state).where(Sample.id.in_(some)).order_by(Sample.id)
        rows = session.execute(query.with_for_update(read=True))
        found |= {name for name, state in rows if state == ERASED}
    return found
