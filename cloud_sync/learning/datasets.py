"""Dataset versions in the hub: the newest of a project, its file, taking one from a publisher.

How the next one is made of reviews is `extending.py`; the file format is `kits.core.dataset`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from cloud_sync.hub import Hub, audit
from cloud_sync.intake import provenance
from cloud_sync.store.bulk import found_among, in_portions
from cloud_sync.store.db import insert_once
from cloud_sync.store.models import Blob, LooseBlob, Project
from cloud_sync.store.models import Dataset as DatasetRow
from cloud_sync.store.storage import Storage
from cloud_sync.store.types import JsonObject
from kits.core.dataset import Dataset, from_bytes
from kits.core.errors import DataError
from kits.core.sample import digest_of

MEDIA_TYPE = "application/vnd.kitwright.dataset+jsonl"
_ARTICLES = {provenance.UNKNOWN: "an", provenance.WITHDRAWN: "a", provenance.ERASED: "an"}


@dataclass(frozen=True)
class Version:
    """What the hub's tables say of a version."""

    id: str
    parent: str
    note: str
    n: int
    counts: JsonObject
    size: int


def newest(session: Session, project: str) -> DatasetRow | None:
    """The project's newest version."""
    return session.scalar(
        select(DatasetRow)
        .where(DatasetRow.project == project)
        .order_by(DatasetRow.created_at.desc(), DatasetRow.id)
        .limit(1)
    )


def read(storage: Storage, dataset_id: str) -> Dataset:
    """A version from the hub's storage. Raises NotFoundError or DataError."""
    return from_bytes(storage.get(dataset_id), storage, where=dataset_id)


def in_its_place(session: Session, dataset_id: str) -> str:
    """The version that goes on where some of this one was erased; itself where nothing was; empty: none is here."""
    row = session.get(DatasetRow, dataset_id)
    while row is not None and row.successor:
        row = session.get(DatasetRow, row.successor)
    return row.id if row is not None else ""


def receive(hub: Hub, dataset_id: str, content: bytes, *, by: str) -> int:
    """Stores a version that a project uploads; number of samples. Twice equals once.

    The row of the version is made by the bundle that names it (its project is known then), so
    until then the version is only a blob.

    Raises:
        DataError: the digest does not fit, it is malformed, blobs are missing, or this hub knows
            that some of it may not be learned from.
    """
    if digest_of(content) != dataset_id:
        raise DataError("the body's digest is not the id of this version", where=dataset_id[:12])
    dataset = from_bytes(content, hub.storage, where=dataset_id[:12])
    wanted = {item.sample.digest for item in dataset.items if item.sample.digest}
    missing = sorted(wanted - _stored(hub, wanted))
    if missing:
        raise DataError(
            f"{len(missing)} blobs of this version are not in the hub",
            where=missing[0],
            fix="PUT /v1/blobs/{digest} first",
        )
    _check_provenance(hub, dataset)
    hub.storage.put(content)
    with hub.database.transaction() as session:
        blob = {"digest": dataset_id, "size": len(content), "media_type": MEDIA_TYPE}
        insert_once(session, Blob, [blob])
        keep_blobs(session, wanted)
        audit(session, by, "dataset.put", dataset_id, n=len(dataset.items))
    return len(dataset.items)


def _check_provenance(hub: Hub, dataset: Dataset) -> None:
    """A version that is one of this hub's stays what it is, whatever was withdrawn since."""
    with hub.database.session() as session:
        if session.get(DatasetRow, dataset.id) is not None:
            return
        refuse_unlearnable(session, [item.sample.id for item in dataset.items])


def refuse_unlearnable(session: Session, ids: Collection[str]) -> None:
    """That all samples of a version may be learned from. Raises DataError."""
    found = provenance.refused_among(session, ids)
    if found:
        raise DataError(
            f"samples of this version may not be learned from: {in_words(Counter(found.values()))}",
            where=min(found),
            fix="publish the bundle that decided them first, or leave them out",
        )


def describe(dataset: Dataset, storage: Storage) -> Version:
    """What `register` notes of a version. Reads and computes: not for within a transaction."""
    counts: JsonObject = {split: dict(row) for split, row in dataset.counts().items()}
    header, size = dataset.header, storage.size(dataset.id)
    return Version(dataset.id, header.parent, header.note, len(dataset.items), counts, size)


def _stored(hub: Hub, digests: Collection[str]) -> set[str]:
    """Those whose row says that they are whole; bytes alone may be torn by a power cut."""
    with hub.database.session() as session:
        return found_among(session, Blob.digest, digests)


def hold(session: Session, project: str) -> None:
    """Until the transaction ends nobody else makes a version of a project, and nobody erases samples.

    Made slowly and stored at once: whoever stores one looks here whether what it was made of still holds.
    """
    session.get(Project, project, with_for_update={"key_share": True}, populate_existing=True)


def hold_all(session: Session) -> None:
    """The same of all projects, for whoever erases; before anything else is locked."""
    names = select(Project.name).order_by(Project.name)
    session.execute(names.with_for_update(key_share=True)).all()


def discard(session: Session, digest: str, size: int) -> None:
    """A file that was stored for a row that is not made after all goes again, unless it is something else's too."""
    insert_once(session, Blob, [{"digest": digest, "size": size, "kept": False}])
    session.add(LooseBlob(digest=digest))


def keep_blobs(session: Session, digests: Collection[str]) -> None:
    """These blobs outlive the samples they came with."""
    for some in in_portions(digests):
        session.execute(update(Blob).where(Blob.digest.in_(some), ~Blob.kept).values(kept=True))


def register(session: Session, version: Version, project: str, *, by: str) -> DatasetRow:
    """Makes a version that is in the storage one of a project's. Twice equals once.

    Raises:
        DataError: it belongs to another project.
    """
    there = session.get(DatasetRow, version.id)
    if there is not None:
        if there.project != project:
            raise DataError(f"this version belongs to {there.project!r}", where=version.id[:12])
        return there
    blob = {"digest": version.id, "size": version.size, "media_type": MEDIA_TYPE}
    insert_once(session, Blob, [blob])
    keep_blobs(session, {version.id})
    row = DatasetRow(
        id=version.id, project=project, parent=version.parent, n=version.n,
        counts=version.counts, note=version.note, created_by=by,
    )  # fmt: skip
    session.add(row)
    session.flush()
    return row


def in_words(reasons: Mapping[str, int]) -> str:
    """`3 of an unknown bundle, 1 of a withdrawn bundle, 2 with a test address`."""
    return ", ".join(
        f"{count} of {_ARTICLES[reason]} {reason}"
        if reason in _ARTICLES
        else f"{count} with {reason}"
        for reason, count in reasons.items()
    )
