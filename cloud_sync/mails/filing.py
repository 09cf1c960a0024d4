"""Mails that a person has filed in the mailbox need no review here: the person has said what they are.

Who erases mails (`forgetting.py`) locks them in the order of their ids, and records it afterwards: so does who notes
what was said of them.
"""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import exists, update
from sqlalchemy.orm import Session

from cloud_sync.store.bulk import hold_in_order, in_portions
from cloud_sync.store.models import Annotation, Sample
from cloud_sync.store.models.mails import MAILS


def hold_mails(session: Session, ids: Collection[str]) -> None:
    """Nobody erases those of some samples that are mails until the transaction ends; before anything else is written of them."""
    for some in in_portions(ids):
        hold_in_order(session, Sample.id, Sample.id.in_(some), MAILS)


def note_filed(session: Session, ids: Collection[str]) -> None:
    """Marks those of some samples that are mails and have a device's label as decided, whichever came first.

    Args:
        session: holds them (`hold_mails`).
    """
    said = exists().where(
        Annotation.sample_id == Sample.id, Annotation.source == "device", Annotation.label != ""
    )
    for some in in_portions(ids):
        filed = update(Sample).where(Sample.id.in_(some), MAILS, Sample.decided.is_(False), said)
        session.execute(
            filed.values(decided=True), execution_options={"synchronize_session": False}
        )
