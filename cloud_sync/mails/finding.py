"""What there is of a correspondent: mails here, items of dataset versions, devices, bundles. Nothing is changed.

Found by the digest of the address (`correspondents.py`), by the name that a device has for the same person, and by
the threads of what was found. What is done with it is `erasure.py`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from pydantic import JsonValue
from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from cloud_sync.errors import NotFoundError
from cloud_sync.hub import Hub
from cloud_sync.mails.correspondents import Correspondents, normal, read_stored
from cloud_sync.mails.goldens import carried_by
from cloud_sync.mails.versions import mails_of_versions, projects_of
from cloud_sync.store.bulk import in_portions
from cloud_sync.store.models import Device, MailErasure, MailWho, Sample
from cloud_sync.store.models.mails import ERASED, MAILS, WHO
from kits.core.errors import DataError
from kits.core.mail_remarks import read_remarks


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
        looked_at: dataset versions, whoever is in them.
    """

    samples: frozenset[str] = frozenset()
    digests: frozenset[str] = frozenset()
    versions: Mapping[str, int] = field(default_factory=dict)
    devices: tuple[str, ...] = ()
    bundles: tuple[str, ...] = ()
    looked_at: frozenset[str] = frozenset()


def find(hub: Hub, address: str) -> Found:
    """What would be erased; changes nothing but what is known of whose the stored mails are.

    Raises:
        DataError: no address.
        UnreachableError: the storage cannot be used.
    """
    people = Correspondents(hub.config.keys_dir)
    who = people.who(normal(address))
    looked_at: set[str] = set()
    items = mails_of_versions(hub, looked_at)
    read_stored(hub, people, {digest for mails in items.values() for digest in mails.values()})
    found = found_of(hub, who, items)
    carried = carried_by(hub, people, who, projects_of(hub, items))
    return replace(found, bundles=carried, looked_at=frozenset(looked_at))


def found_of(
    hub: Hub, who: str, items: Mapping[str, Mapping[str, str]], until: datetime | None = None
) -> Found:
    """What the tables say; bundles are not looked into.

    Args:
        who: digest of an address.
        items: as `versions.mails_of_versions`.
        until: only mails captured until then.
    """
    with hub.database.session() as session:
        digests = set(session.scalars(select(MailWho.digest).where(MailWho.who == who)))
        samples = _samples(hub, session, who, digests, until)
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


def found_json(found: Found) -> dict[str, JsonValue]:
    """What would be erased, for API and `--json`."""
    return {
        "samples": len(found.samples), "versions": dict(found.versions),
        "version_count": len(found.versions), "devices": list(found.devices),
        "device_count": len(found.devices), "bundles": list(found.bundles),
        "bundle_count": len(found.bundles),
    }  # fmt: skip


def _samples(
    hub: Hub, session: Session, who: str, digests: Collection[str], until: datetime | None
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
    for device, name in sorted(_names(hub, session, who, found.values())):
        mine = there.where(Sample.device == device, name == WHO)
        take(session.scalars(mine).all())
    for device, group in sorted({(row.device, row.group) for row in found.values() if row.group}):
        take(session.scalars(there.where(Sample.device == device, Sample.group == group)).all())
    return list(found.values())


def _names(
    hub: Hub, session: Session, who: str, samples: Collection[Sample]
) -> set[tuple[str, str]]:
    """(device, its own digest of this person): from mails that were found, and from devices' answers."""
    told: dict[tuple[str, str], list[Sample]] = {}
    for row in samples:
        if name := read_remarks(row.meta).who:
            told.setdefault((row.device, name), []).append(row)
    names = {
        key
        for key, rows in told.items()
        if not _has_others(session, who, *key) or _wrote_one(hub, who, rows)
    }
    for answers in session.scalars(select(MailErasure.devices).where(MailErasure.who == who)):
        names |= {
            (device, name) for device, name in answers.items() if isinstance(name, str) and name
        }
    return names


def _has_others(session: Session, who: str, device: str, name: str) -> bool:
    """Whether a mail of that name is somebody else's: a web form writes as one address for all who fill it in."""
    of_it = MailWho.digest == Sample.blob
    known = exists().where(of_it, MailWho.who != "")
    theirs = ~exists().where(of_it, MailWho.who == who)
    query = select(Sample.id).where(MAILS, Sample.device == device, name == WHO, known, theirs)
    return session.scalar(query.limit(1)) is not None


def _wrote_one(hub: Hub, who: str, rows: Collection[Sample]) -> bool:
    """Whether one of the mails has this person as its sender, and not only as who is to be answered."""
    people = Correspondents(hub.config.keys_dir)
    for row in rows:
        try:
            content = hub.storage.get(row.blob) if row.blob else b""
        except (NotFoundError, DataError):
            continue  # its bytes are gone
        if who in people.of_mail(content, sender_only=True):
            return True
    return False
