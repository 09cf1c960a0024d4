"""Erasing a correspondent: every mail of one address, here and on the devices, and in dataset versions.

Found by the digest of the address (`correspondents.py`), by the name that a device has for the same person, and by
the threads of what was found. What comes later of before is erased when it comes (`keeper.py`). Bundles are signed
and stay as they are; backups are the firm's.
"""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from pydantic import JsonValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from cloud_sync.errors import NotFoundError
from cloud_sync.hub import Hub, audit
from cloud_sync.learning import datasets
from cloud_sync.mails import chain
from cloud_sync.mails.answers import STANDS
from cloud_sync.mails.correspondents import Correspondents, normal, read_stored
from cloud_sync.mails.forgetting import forget, let_go
from cloud_sync.mails.goldens import carried_by
from cloud_sync.mails.traces import clear_jobs, overwriting
from cloud_sync.retention.pictures import prune_pictures
from cloud_sync.store.bulk import in_portions
from cloud_sync.store.holding import may_remove_bytes
from cloud_sync.store.models import Blob, Device, MailErasure, MailWho, Sample
from cloud_sync.store.models import Dataset as DatasetRow
from cloud_sync.store.models.mails import ERASED, MAILS, MEDIA_TYPE
from kits.core.dataset import Dataset, build, to_bytes
from kits.core.errors import KitwrightError
from kits.core.sample import utc_now

log = logging.getLogger(__name__)

NOTE = "without samples that were erased"
_ASKS = "mails.erase"
_MOMENT = timedelta(microseconds=1)
_TRY_S = 5.0


@dataclass(frozen=True)
class Found:
    """What there is of a correspondent.

    Attributes:
        samples: ids of mails.
        digests: bytes of mails, of samples and of dataset versions.
        versions: dataset version → how many of its samples are meant.
        devices: devices that have sent mails, and are told.
        bundles: bundles that carry a mail of this correspondent as a golden sample. They are signed, so they
            stay as they are: a new one has to take their place.
    """

    samples: frozenset[str] = frozenset()
    digests: frozenset[str] = frozenset()
    versions: Mapping[str, int] = field(default_factory=dict)
    devices: tuple[str, ...] = ()
    bundles: tuple[str, ...] = ()


@dataclass(frozen=True)
class Erased:
    """What was done; `bytes_gone`: whether their removal could be finished at once."""

    id: str
    found: Found
    samples: int
    bytes_gone: bool


def find(hub: Hub, address: str) -> Found:
    """What would be erased; changes nothing but what is known of whose the stored mails are.

    Raises:
        DataError: no address.
        UnreachableError: the storage cannot be used.
    """
    people = Correspondents(hub.config.keys_dir)
    who = people.who(normal(address))
    items = _mails_of_versions(hub)
    read_stored(hub, people, {digest for mails in items.values() for digest in mails.values()})
    found = _found(hub, who, items)
    return replace(found, bundles=carried_by(hub, people, who, _projects(hub, items)))


def erase(hub: Hub, address: str, *, by: str) -> Erased:
    """Erases a correspondent for ever. Again: what came since is erased, and devices are told again.

    Raises:
        DataError: no address.
        UnreachableError: the storage cannot be used; nothing was erased.
    """
    found = find(hub, address)
    plain, now = normal(address), utc_now()
    who = Correspondents(hub.config.keys_dir).who(plain)
    replace_versions(hub, found, by=by)
    clear_jobs(hub, _projects(hub, found.versions))
    with overwriting(hub) as session:
        count = forget(session, found.samples, now)
        let_go(session, found.digests)
        row = MailErasure(
            id=uuid.uuid4().hex, who=who, address=plain if found.devices else "", by=by, at=now,
            samples=count, devices=dict.fromkeys(found.devices),
        )  # fmt: skip
        session.add(row)
        details: dict[str, JsonValue] = {
            "who": who, "samples": count, "versions": len(found.versions),
            "devices": len(found.devices), "bundles": [name[:12] for name in found.bundles[:20]],
        }  # fmt: skip
        chain.record(session, by, "erase", row.id, details)
        audit(session, by, _ASKS, row.id, samples=count, versions=len(found.versions))
    return Erased(row.id, found, count, remove_bytes(hub))


def again(hub: Hub, now: datetime) -> int:
    """Erases what came since of correspondents who were erased lately; how many mails."""
    with hub.database.session() as session:
        lately = select(MailErasure).where(MailErasure.at >= now - STANDS)
        rows = session.scalars(lately.order_by(MailErasure.at)).all()
    if not rows:
        return 0
    read_stored(hub, Correspondents(hub.config.keys_dir))
    count = 0
    for row in rows:
        found = _found(hub, row.who, {}, until=row.at)
        if found.samples:
            with overwriting(hub) as session:
                done = forget(session, found.samples, now)
                session.get_one(MailErasure, row.id).samples += done
                chain.record(session, "hub", "erase-late", row.id, {"samples": done})
            count += done
    _let_go_of_late_bytes(hub)
    remove_bytes(hub)
    return count


def _let_go_of_late_bytes(hub: Hub) -> None:
    """Bytes of erased mails whose storing had begun before."""
    digest = Sample.meta["erased"]["digest"].as_string()
    with hub.database.transaction() as session:
        query = select(Blob.digest).join(Sample, Blob.digest == digest)
        let_go(session, set(session.scalars(query.where(MAILS, Sample.blob_state == ERASED))))


def remove_bytes(hub: Hub) -> bool:
    """Removes what is loose now; False: a backup reads it, and the retention loop goes on with it."""
    until = time.monotonic() + _TRY_S
    while time.monotonic() < until:
        with may_remove_bytes(hub.config.data_dir) as free:
            if not free:
                return False
            try:
                if not prune_pictures(hub).more:
                    return True
            except KitwrightError as error:
                log.warning("event=erased_bytes_wait error=%r", error.what)
                return False
    return False


def newest(session: Session, limit: int = 50) -> Sequence[MailErasure]:
    """Correspondents that were erased, newest first."""
    return session.scalars(select(MailErasure).order_by(MailErasure.at.desc()).limit(limit)).all()


def found_json(found: Found) -> dict[str, JsonValue]:
    """What would be erased, for API and `--json`."""
    return {
        "samples": len(found.samples), "versions": dict(found.versions),
        "version_count": len(found.versions), "devices": list(found.devices),
        "device_count": len(found.devices), "bundles": list(found.bundles),
        "bundle_count": len(found.bundles),
    }  # fmt: skip


def as_json(erased: Erased) -> dict[str, JsonValue]:
    """What was erased, for the same."""
    done: dict[str, JsonValue] = {"id": erased.id, "bytes_gone": erased.bytes_gone}
    return {**found_json(erased.found), **done, "samples": erased.samples}


def row_json(row: MailErasure) -> dict[str, JsonValue]:
    """An erasure of before, for the same."""
    return {
        "id": row.id, "by": row.by, "at": row.at.isoformat(), "samples": row.samples,
        "devices": {name: answer is not None for name, answer in row.devices.items()},
        "waiting": bool(row.address),
    }  # fmt: skip


# -- finding ---------------------------------------------------------------------------------------


def _found(
    hub: Hub, who: str, items: Mapping[str, Mapping[str, str]], until: datetime | None = None
) -> Found:
    with hub.database.session() as session:
        digests = set(session.scalars(select(MailWho.digest).where(MailWho.who == who)))
        samples = _samples(session, who, digests, until)
        digests |= {row.blob for row in samples} - {""}
        devices = session.scalars(select(Sample.device).where(MAILS).distinct()).all()
        active = set(session.scalars(select(Device.name).where(Device.revoked_at.is_(None))))
    ids = frozenset(row.id for row in samples)
    versions = {
        version: count
        for version, mails in items.items()
        if (count := sum(name in ids or digest in digests for name, digest in mails.items()))
    }
    return Found(ids, frozenset(digests), versions, tuple(sorted(active & set(devices))))


def _samples(
    session: Session, who: str, digests: Collection[str], until: datetime | None
) -> list[Sample]:
    """By their bytes, by the device's own name of the person, by thread; erased ones are not among them."""
    there = select(Sample).where(MAILS, Sample.blob_state != ERASED)
    if until is not None:
        there = there.where(Sample.captured_at <= until)
    found: dict[str, Sample] = {}

    def take(rows: Collection[Sample]) -> None:
        found.update({row.id: row for row in rows})

    for some in in_portions(digests):
        take(session.scalars(there.where(Sample.blob.in_(some))).all())
    for device, name in sorted(_names(session, who, found.values())):
        mine = there.where(Sample.device == device, Sample.meta["who"].as_string() == name)
        take(session.scalars(mine).all())
    for device, group in sorted({(row.device, row.group) for row in found.values() if row.group}):
        take(session.scalars(there.where(Sample.device == device, Sample.group == group)).all())
    return list(found.values())


def _names(session: Session, who: str, samples: Collection[Sample]) -> set[tuple[str, str]]:
    """(device, its own digest of this person): from mails that were found, and from devices' answers."""
    names = {(row.device, str(row.meta["who"])) for row in samples if row.meta.get("who")}
    for answers in session.scalars(select(MailErasure.devices).where(MailErasure.who == who)):
        names |= {
            (device, name) for device, name in answers.items() if isinstance(name, str) and name
        }
    return names


def _mails_of_versions(hub: Hub) -> dict[str, dict[str, str]]:
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


def _projects(hub: Hub, versions: Collection[str]) -> set[str]:
    with hub.database.session() as session:
        query = select(DatasetRow.project).where(DatasetRow.id.in_(sorted(versions)))
        return set(session.scalars(query))


# -- dataset versions ------------------------------------------------------------------------------


def replace_versions(hub: Hub, found: Found, *, by: str) -> None:
    """Each version with samples that are meant gets a successor without them, and its own file goes.

    What was marked in the text of a mail stands in the file, so the file cannot stay. The row does: it says
    how many are gone, and which version goes on.
    """
    for version in sorted(found.versions):
        old = datasets.read(hub.storage, version)
        gone = {
            item.sample.id
            for item in old.items
            if item.sample.id in found.samples or item.sample.digest in found.digests
        }
        kept = [item for item in old.items if item.sample.id not in gone]
        header = old.header.model_copy(update={"note": NOTE})
        new = build(header, kept, hub.storage)
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
