"""Dataset versions with mails: which ones name a mail, and successors of those of which some was erased.

What was marked in the text of a mail stands in a version's file, so the file cannot stay. The row does: it says how
many samples are gone, and which version goes on.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta

from sqlalchemy import select

from cloud_sync.errors import NotFoundError
from cloud_sync.hub import Hub, audit
from cloud_sync.learning import datasets
from cloud_sync.mails.forgetting import let_go
from cloud_sync.store.models import Dataset as DatasetRow
from cloud_sync.store.models.mails import MEDIA_TYPE
from kits.core.dataset import Dataset, build, to_bytes

NOTE = "without samples that were erased"
_MOMENT = timedelta(microseconds=1)


def mails_of_versions(hub: Hub) -> dict[str, dict[str, str]]:
    """Dataset version → sample → digest, of mails; of versions whose file is here."""
    with hub.database.session() as session:
        there = session.scalars(select(DatasetRow.id).where(DatasetRow.successor == "")).all()
    found = {}
    for version in there:
        try:
            items = datasets.read(hub.storage, version).items
        except NotFoundError:
            continue  # the file is gone, and nothing can be in it
        mails = {i.sample.id: i.sample.digest for i in items if i.sample.media_type == MEDIA_TYPE}
        if mails:
            found[version] = mails
    return found


def projects_of(hub: Hub, versions: Collection[str] | None = None) -> set[str]:
    """The projects of some versions; None: of all that have a successor."""
    mine = DatasetRow.successor != "" if versions is None else DatasetRow.id.in_(sorted(versions))
    with hub.database.session() as session:
        return set(session.scalars(select(DatasetRow.project).where(mine)))


def replace_versions(
    hub: Hub,
    versions: Collection[str],
    samples: Collection[str],
    digests: Collection[str],
    *,
    by: str,
) -> None:
    """Each of these versions gets a successor without some samples, and its own file goes.

    Args:
        samples, digests: a sample goes by its id or by its bytes.

    Raises:
        UnreachableError: the storage cannot be used; those replaced so far stay so.
    """
    for version in sorted(versions):
        old = datasets.read(hub.storage, version)
        gone = {
            item.sample.id
            for item in old.items
            if item.sample.id in samples or item.sample.digest in digests
        }
        kept = [item for item in old.items if item.sample.id not in gone]
        new = build(old.header.model_copy(update={"note": NOTE}), kept, hub.storage)
        hub.storage.put(to_bytes(new))
        _take_over(hub, version, new, len(gone), by)


def _take_over(hub: Hub, version: str, new: Dataset, gone: int, by: str) -> None:
    described = datasets.describe(new, hub.storage)
    with hub.database.transaction() as session:
        old = session.get_one(DatasetRow, version, with_for_update=True)
        row = datasets.register(session, described, old.project, by=by)
        # the newest stays the newest
        row.created_at = old.created_at + _MOMENT
        row.pinned = old.pinned
        old.erased, old.successor, old.pinned = gone, new.id, True
        audit(session, by, "dataset.erase", version, samples=gone, successor=new.id)
        let_go(session, {version})
