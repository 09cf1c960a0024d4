"""Which samples may go, and what goes with them: their row, their event.

A sample stays when somebody said something of it, when it is an audit, or when its bytes are kept
for another reason (a dataset version names them, a person uploaded them). The bytes that a sample
named are noted in the same transaction, and looked at after it (`pictures.py`).
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
from cloud_sync.store.models import Annotation, Blob, Dataset, LooseBlob, Review, Sample

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
        samples: how many went.
    """

    def __init__(self, session: Session, device: str, before: datetime) -> None:
        self._session = session
        self._device = device
        self._before = before
        self.samples = 0

    def choose(self, old: Sequence[Old]) -> list[int]:
        """Numbers of the rows that go: those whose sample goes, and those that have none."""
        names = {row.seq: str(row.body.get("sample_id", "")) for row in old}
        here, going, digests = self._look(set(names.values()))
        for some in in_portions(going):
            self._session.execute(delete(Sample).where(Sample.id.in_(some)))
        self.samples += len(going)
        self._session.add_all(LooseBlob(digest=digest) for digest in sorted(digests))
        return [seq for seq, name in names.items() if name in going or name not in here]

    def _look(self, names: Collection[str]) -> tuple[set[str], set[str], set[str]]:
        """Samples of this device that are here, those that go, and the digests these name."""
        here: set[str] = set()
        going: set[str] = set()
        digests: set[str] = set()
        query = select(Sample.id, Sample.blob, may_go(self._before))
        for some in in_portions(names):
            # held before it is looked: what somebody says of one now is said before or after
            held = select(Sample.id).where(Sample.id.in_(some)).order_by(Sample.id)
            self._session.execute(held.with_for_update()).all()
            mine = query.where(Sample.id.in_(some), Sample.device == self._device)
            for name, digest, goes in self._session.execute(mine):
                here.add(name)
                if goes:
                    going.add(name)
                    digests |= {digest} if digest else set()
        return here, going, digests


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
