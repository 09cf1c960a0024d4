"""Removing the bytes whose last sample was pruned, in transactions of their own.

What a pruned sample named is noted with its removal (`LooseBlob`) and looked at here, so that the
many samples of a portion do not wait for a storage that needs a while for each picture. Bytes and
row go in one transaction: who stores the same bytes again waits for it, then finds them absent and
stores them anew.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, exists, select
from sqlalchemy.orm import Session

from cloud_sync.hub import Hub
from cloud_sync.retention.rows import Step
from cloud_sync.store.models import Blob, LooseBlob, Sample

PORTION = 100
"""One request to an object store, while SQLite's one writer waits."""


def prune_pictures(hub: Hub) -> Step:
    """Removes the bytes of a portion that no sample names any more.

    Raises:
        UnreachableError: the storage cannot be used; all is as it was.
    """
    with hub.database.session() as session:
        query = select(LooseBlob).order_by(LooseBlob.id).limit(PORTION)
        loose = {row.id: row.digest for row in session.scalars(query)}
    if not loose:
        return Step(0, False)
    # a storage that is away takes its time to say so: not while the ingest waits
    hub.storage.has(next(iter(loose.values())))
    with hub.database.transaction() as session:
        unused = _unused(session, sorted(set(loose.values())))
        # before the commit: after a crash in between they are loose still, and go again
        hub.storage.delete(*unused)
        session.execute(delete(Blob).where(Blob.digest.in_(unused)))
        session.execute(delete(LooseBlob).where(LooseBlob.id.in_(loose)))
    return Step(len(unused), len(loose) == PORTION)


def _unused(session: Session, digests: Sequence[str]) -> list[str]:
    query = (
        select(Blob.digest)
        .where(Blob.digest.in_(digests), ~Blob.kept)
        .where(~exists().where(Sample.blob == Blob.digest))
        .order_by(Blob.digest)
        .with_for_update()
    )
    return list(session.scalars(query))
