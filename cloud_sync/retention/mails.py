"""Forgetting what mails say when they were kept long enough: their rows stay, with decision and label.

A mail that a dataset version names is kept with it: it is learned from, and goes when its correspondent is erased.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, exists, func, select
from sqlalchemy.orm import Session

from cloud_sync.mails.forgetting import forget
from cloud_sync.retention.rows import Step
from cloud_sync.store.models import Blob, Sample
from cloud_sync.store.models.mails import TELLING_MAILS

PORTION = 200


def may_be_forgotten(before: datetime) -> ColumnElement[bool]:
    """Condition: a mail whose time is over."""
    kept = exists().where(Blob.digest == Sample.blob, Blob.kept)
    return TELLING_MAILS & (Sample.received_at < before) & ~kept


def forget_old(session: Session, *, before: datetime, now: datetime) -> Step:
    """Forgets a portion."""
    query = select(Sample.id).where(may_be_forgotten(before)).order_by(Sample.received_at)
    names = session.scalars(query.limit(PORTION)).all()
    return Step(forget(session, names, now), len(names) == PORTION)


def count_old(session: Session, before: datetime) -> int:
    """How many would be."""
    query = select(func.count()).select_from(Sample).where(may_be_forgotten(before))
    return session.scalar(query) or 0
