"""Dataset versions with mails: which ones name a mail, and successors of those of which some was erased.

What was marked in the text of a mail stands in a version's file, so the file cannot stay. The row does: it says how
many samples are gone, and which version goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import timedelta

from sqlalchemy import select

from cloud_sync.errors import NotFoundError
from cloud_sync.hub import Hub, audit
from cloud_sync.learning import datasets
from cloud_sync.learning.version_lines import read_lines
from cloud_sync.mails.forgetting import let_go
from cloud_sync.store.models import Dataset as DatasetRow
from cloud_sync.store.models.mails import MEDIA_TYPE

NOTE = "without samples that were erased"
_MOMENT = timedelta(microseconds=1)
Told = Callable[[int, int], object]
"""Is told how many are done, and of how many."""


def untold(_done: int, _of: int) -> None:
    """Where nobody wants to know."""


def mails_of_versions(hub: Hub, known: set[str]) -> dict[str, dict[str, str]]:
    """Dataset version → sample → digest, of mails; of versions whose file is here.

    Args:
        known: versions that were looked at; those that are looked at now are added.
    """
    with hub.database.session() as session:
        there = session.scalars(select(DatasetRow.id).where(DatasetRow.successor == "")).all()
    fresh = [version for version in there if version not in known]
    known |= set(fresh)
    found: dict[str, dict[str, str]] = {}
    for version in fresh:
        try:
            lines = read_lines(hub.storage, version)
        except NotFoundError:
            continue  # the file is gone, and nothing can be in it
        named = lines.naming([MEDIA_TYPE])
        mails = {one.id: one.digest for _, one in named if one.media_type == MEDIA_TYPE}
        found |= {version: mails} if mails else {}
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
    told: Told = untold,
) -> list[str]:
    """Each of these versions gets a successor without some samples, and its own file goes; the successors.

    Args:
        samples, digests: a sample goes by its id or by its bytes.
        told: how many of them are done, and of how many.

    Raises:
        UnreachableError: the storage cannot be used; those replaced so far stay so.
    """
    made = []
    for number, version in enumerate(sorted(versions), 1):
        made += _replace(hub, version, samples, digests, by)
        told(number, len(versions))
    return made


def _replace(
    hub: Hub, version: str, samples: Collection[str], digests: Collection[str], by: str
) -> list[str]:
    """Of a version that somebody else replaced meanwhile, what took its place is replaced: it has these samples still."""
    words, taken = {*samples, *digests}, version
    while taken:
        version = taken
        try:
            old = read_lines(hub.storage, version)
        except NotFoundError:
            if not (taken := _standing(hub, version).successor):
                raise
            continue
        gone = {
            place: one
            for place, one in old.naming(words)
            if one.id in samples or one.digest in digests
        }
        if not gone:
            return []
        counts = _standing(hub, version).counts
        content, new = old.without(gone, NOTE, counts, hub.storage)
        hub.storage.put(content)
        taken = _take_over(hub, version, new, len(gone), by)
    return [new.id]


def _standing(hub: Hub, version: str) -> DatasetRow:
    with hub.database.session() as session:
        return session.get_one(DatasetRow, version)


def _take_over(hub: Hub, version: str, new: datasets.Version, gone: int, by: str) -> str:
    """The successor that somebody else was faster with; empty: there was none."""
    with hub.database.transaction() as session:
        old = session.get_one(DatasetRow, version, with_for_update=True)
        if old.successor:
            datasets.discard(session, new.id, new.size)
            return old.successor
        row = datasets.register(session, new, old.project, by=by)
        # the newest stays the newest
        row.created_at = old.created_at + _MOMENT
        row.pinned = old.pinned
        old.erased, old.successor, old.pinned = gone, new.id, True
        audit(session, by, "dataset.erase", version, samples=gone, successor=new.id)
        let_go(session, {version})
    return ""
