"""Which samples may go, and what goes with them: their row, their event, their bytes.

A sample stays when somebody said something of it, when it is an audit, or when its bytes are kept
for another reason (a dataset version names them, a person uploaded them). Bytes go with the last
sample that names them, in the same transaction: while the storage is away, samples stay as well.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, delete, exists, select
from sqlalchemy.orm import Session

from cloud_sync.hub import Hub
from cloud_sync.learning import datasets
from cloud_sync.retention.rows import Old
from cloud_sync.store.bulk import in_portions
from cloud_sync.store.models import Annotation, Blob, Dataset, Review, Sample

AUDIT = "audit"


def may_go(before: datetime) -> ColumnElement[bool]:
    """Condition: nothing speaks for keeping this sample."""
    return (
        (Sample.received_at < before)
        & (Sample.kept_for != AUDIT)
        & ~exists().where(Annotation.sample_id == Sample.id)
        & ~exists().where(Review.sample_id == Sample.id)
        & ~exists().where(Blob.digest == Sample.blob, Blob.kept)
    )


class SamplePruner:
    """Removes the samples of old rows of one outbox, within one transaction.

    Attributes:
        samples, pictures: how many went.
    """

    def __init__(self, hub: Hub, session: Session, device: str, before: datetime) -> None:
        self._hub = hub
        self._session = session
        self._device = device
        self._before = before
        self.samples = 0
        self.pictures = 0

    def choose(self, old: Sequence[Old]) -> list[int]:
        """Numbers of the rows that go: those whose sample goes, and those that have none.

        Raises:
            UnreachableError: the storage cannot be used.
        """
        names = {row.seq: str(row.body.get("sample_id", "")) for row in old}
        here, going, digests = self._look(set(names.values()))
        for some in in_portions(going):
            self._session.execute(delete(Sample).where(Sample.id.in_(some)))
        self.samples += len(going)
        self._drop_bytes(digests)
        return [seq for seq, name in names.items() if name in going or name not in here]

    def _look(self, names: Collection[str]) -> tuple[set[str], set[str], set[str]]:
        """Samples of this device that are here, those that go, and the digests these name."""
        here: set[str] = set()
        going: set[str] = set()
        digests: set[str] = set()
        query = select(Sample.id, Sample.blob, may_go(self._before))
        for some in in_portions(names):
            mine = query.where(Sample.id.in_(some), Sample.device == self._device)
            for name, digest, goes in self._session.execute(mine):
                here.add(name)
                if goes:
                    going.add(name)
                    digests |= {digest} if digest else set()
        return here, going, digests

    def _drop_bytes(self, digests: Collection[str]) -> None:
        for some in in_portions(digests):
            unused = (
                select(Blob.digest)
                .where(Blob.digest.in_(some), ~Blob.kept)
                .where(~exists().where(Sample.blob == Blob.digest))
                .order_by(Blob.digest)
                .with_for_update()
            )
            found = self._session.scalars(unused).all()
            # before the commit: after a crash in between no sample names them, and they go again
            self._hub.storage.delete(*found)
            self._session.execute(delete(Blob).where(Blob.digest.in_(found)))
            self.pictures += len(found)


def pin_datasets(hub: Hub) -> None:
    """Marks the bytes of all dataset versions as kept; each version once.

    Raises:
        KitwrightError: a version cannot be read; then no sample may go.
    """
    for dataset_id in _unpinned(hub):
        items = datasets.read(hub.storage, dataset_id).items
        digests = {item.sample.digest for item in items if item.sample.digest}
        with hub.database.transaction() as session:
            datasets.keep_blobs(session, digests)
            session.get_one(Dataset, dataset_id).pinned = True


def _unpinned(hub: Hub) -> Iterator[str]:
    with hub.database.session() as session:
        found = session.scalars(select(Dataset.id).where(~Dataset.pinned)).all()
    yield from found
