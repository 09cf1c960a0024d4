"""Mails that a person has filed in the mailbox need no review here: the person has said what they are."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import exists, update
from sqlalchemy.orm import Session

from cloud_sync.store.bulk import in_portions
from cloud_sync.store.models import Annotation, Sample
from cloud_sync.store.models.mails import MAILS


def note_filed(session: Session, ids: Collection[str]) -> None:
    """Marks those of some samples that are mails and have a device's label as decided, whichever came first."""
    said = exists().where(
        Annotation.sample_id == Sample.id, Annotation.source == "device", Annotation.label != ""
    )
    for some in in_portions(ids):
        filed = update(Sample).where(Sample.id.in_(some), MAILS, Sample.decided.is_(False), said)
        session.execute(
            filed.values(decided=True), execution_options={"synchronize_session": False}
        )
