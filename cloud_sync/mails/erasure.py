"""Erasing a correspondent: every mail of one address, here and on the devices, and in dataset versions.

What is meant is found by `finding.py`. What comes later of before is erased when it comes (`keeper.py`). Bundles are
signed and stay as they are; backups are the firm's.
"""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from pydantic import JsonValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from cloud_sync.hub import Hub, audit
from cloud_sync.mails import chain
from cloud_sync.mails.answers import STANDS
from cloud_sync.mails.correspondents import Correspondents, normal, read_stored
from cloud_sync.mails.finding import Found, find, found_json, found_of
from cloud_sync.mails.forgetting import forget, let_go
from cloud_sync.mails.traces import clear_jobs, overwriting
from cloud_sync.mails.versions import mails_of_versions, projects_of, replace_versions
from cloud_sync.retention.pictures import prune_pictures
from cloud_sync.store.holding import may_remove_bytes
from cloud_sync.store.models import Blob, MailErasure, Sample
from cloud_sync.store.models.mails import ERASED, ERASED_DIGEST, MAILS
from kits.core.errors import KitwrightError
from kits.core.sample import utc_now

log = logging.getLogger(__name__)

_ASKS = "mails.erase"
_TRY_S = 5.0


@dataclass(frozen=True)
class Erased:
    """What was done; `bytes_gone`: whether their removal could be finished at once."""

    id: str
    found: Found
    samples: int
    bytes_gone: bool


def erase(hub: Hub, address: str, *, by: str) -> Erased:
    """Erases a correspondent for ever. Again: what came since is erased, and devices are told again.

    Raises:
        DataError: no address.
        UnreachableError: the storage cannot be used; nothing was erased.
    """
    found = find(hub, address)
    plain, now = normal(address), utc_now()
    who = Correspondents(hub.config.keys_dir).who(plain)
    made = replace_versions(hub, found.versions, found.samples, found.digests, by=by)
    clear_jobs(hub, projects_of(hub, found.versions))
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
    # those that were made while the mails were still there; what is made from now on has none of them
    _leave_versions(hub, found, {*found.looked_at, *made}, by)
    return Erased(row.id, found, count, remove_bytes(hub))


def _leave_versions(hub: Hub, found: Found, known: set[str], by: str) -> None:
    """Dataset versions that name one of the mails get successors. `known`: those that were looked at."""
    versions = [
        version
        for version, mails in mails_of_versions(hub, known).items()
        if any(name in found.samples or digest in found.digests for name, digest in mails.items())
    ]
    if versions:
        known |= set(replace_versions(hub, versions, found.samples, found.digests, by=by))
        clear_jobs(hub, projects_of(hub, versions))


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
        found = found_of(hub, row.who, {}, until=row.at)
        if found.samples:
            known: set[str] = set()
            _leave_versions(hub, found, known, "hub")
            with overwriting(hub) as session:
                done = forget(session, found.samples, now)
                session.get_one(MailErasure, row.id).samples += done
                chain.record(session, "hub", "erase-late", row.id, {"samples": done})
            _leave_versions(hub, found, known, "hub")
            count += done
    _let_go_of_late_bytes(hub)
    remove_bytes(hub)
    clear_jobs(hub, projects_of(hub))  # of jobs that ran when somebody was erased
    return count


def _let_go_of_late_bytes(hub: Hub) -> None:
    """Bytes of erased mails whose storing had begun before."""
    with hub.database.transaction() as session:
        query = select(Blob.digest).join(Sample, Blob.digest == ERASED_DIGEST)
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
