"""What is taken out of the tables when a mail is to be forgotten: all that tells of a person, in one transaction.

The row stays with its decision and the digest of the bytes, so that figures and promises still rest on it. Which
mails are to be forgotten is others' business: `erasure.py` (a person asked), `retention/` (their time is over).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from cloud_sync.learning.datasets import hold_all
from cloud_sync.store.bulk import hold_in_order, in_portions
from cloud_sync.store.models import (
    Annotation,
    Blob,
    BlobPart,
    Event,
    LooseBlob,
    MailDraft,
    MailWho,
    Sample,
)
from cloud_sync.store.models.mails import ERASED, MAILS
from kits.core.mail_remarks import ErasedRemark, MailRemarks, read_remarks, write_remarks

_TELLING = ("label", "draft", "decision")
"""Kinds of events whose bodies may hold words of a mail."""
_KEPT = ("label", "source", "at")
"""What stays of an annotation."""
_REMARKS_KEPT = {"audit", "gate"}


def forget(session: Session, ids: Collection[str], at: datetime) -> int:
    """Erases mails; how many. Those that are erased already, and samples that are no mails, stay as they are.

    Their bytes are noted to be removed (`retention/pictures.py`).
    """
    hold_all(session)
    count = 0
    for some in in_portions(ids):
        query = select(Sample).where(Sample.id.in_(some), MAILS, Sample.blob_state != ERASED)
        samples = session.scalars(query.order_by(Sample.id).with_for_update()).all()
        of_device: dict[str, set[str]] = defaultdict(set)
        digests = set()
        for sample in samples:
            of_device[sample.device].add(sample.id)
            digests |= {sample.blob} - {""}
            _empty(sample, at)
        session.flush()
        names = sorted(name for group in of_device.values() for name in group)
        _empty_annotations(session, names)
        words = update(MailDraft).where(MailDraft.sample_id.in_(names))
        session.execute(words.values(changed=[]))
        for device, mine in sorted(of_device.items()):
            _empty_events(session, device, mine)
        let_go(session, digests)
        count += len(samples)
    return count


def let_go(session: Session, digests: Collection[str]) -> None:
    """These bytes are wanted by nobody any more, whatever kept them before."""
    for some in in_portions(digests):
        hold_in_order(session, Blob.digest, Blob.digest.in_(some))
        session.execute(update(Blob).where(Blob.digest.in_(some)).values(kept=False))
        session.execute(delete(BlobPart).where(BlobPart.digest.in_(some)))
        session.execute(delete(MailWho).where(MailWho.digest.in_(some)))
    session.add_all(LooseBlob(digest=digest) for digest in sorted(digests))


def _empty(sample: Sample, at: datetime) -> None:
    left = read_remarks(sample.meta).model_dump(include=_REMARKS_KEPT, exclude_unset=True)
    erased = ErasedRemark(at=at.isoformat(), digest=sample.blob)
    sample.meta, sample.prediction = write_remarks(left, MailRemarks(erased=erased)), {}
    sample.reason, sample.group, sample.source = "", "", ""
    # nothing names the bytes any more: what arrives of them late is refused
    sample.blob, sample.blob_size, sample.blob_state = "", 0, ERASED


def _empty_annotations(session: Session, names: Collection[str]) -> None:
    query = select(Annotation).where(Annotation.sample_id.in_(names))
    for row in session.scalars(query):
        row.body = {key: row.body[key] for key in _KEPT if key in row.body}


def _empty_events(session: Session, device: str, names: Collection[str]) -> None:
    """The rows as they came; a walk over one device's labels, for it is seldom asked."""
    query = select(Event).where(
        Event.device == device, Event.kind.in_(_TELLING), Event.klass.in_(("l", "s"))
    )
    named = Event.body["sample_id"].as_string()
    for some in in_portions(names):
        for row in session.scalars(query.where(named.in_(some))):
            row.body = {"sample_id": row.body.get("sample_id")}
