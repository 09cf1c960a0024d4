"""Forgetting a lead: its fields, scores and events, its sample and the bytes of it, here and in dataset versions.

A row stays with no more than the CRM's own number and `opted_out`, so that an event of tomorrow does not bring the lead
back; the score is taken away in the CRM too. Bundles are signed and stay as they are; backups are the firm's.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from datetime import datetime

from pydantic import JsonValue
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from cloud_sync.crm import leads, storing
from cloud_sync.crm.settings import CrmSettings
from cloud_sync.errors import NotFoundError
from cloud_sync.hub import Hub, audit
from cloud_sync.learning import datasets
from cloud_sync.mails.erasure import remove_bytes
from cloud_sync.mails.traces import clear_jobs, overwriting
from cloud_sync.mails.versions import projects_of, replace_versions
from cloud_sync.store.models import (
    Annotation,
    AuditLog,
    Blob,
    CrmConnection,
    CrmEvent,
    CrmLead,
    CrmScore,
    LooseBlob,
    Sample,
)
from cloud_sync.store.models import Dataset as DatasetRow
from cloud_sync.store.models.mails import ERASED
from kits.core.sample import utc_now

ERASED_WORDS = "erased"


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What was removed; `bytes_gone`: whether the removal of bytes could be finished at once."""

    events: int
    scores: int
    samples: int
    versions: int
    bytes_gone: bool


def forget(hub: Hub, connection: str, object_id: str, *, by: str) -> Forgotten:
    """Erases a lead for ever; again: what came since is erased.

    Raises:
        NotFoundError: no such lead.
        UnreachableError: the storage cannot be used; nothing was erased.
    """
    with hub.database.session() as session:
        lead = leads.find(session, connection, object_id)
        name = lead.sample_id
        sample = session.get(Sample, name) if name else None
        digests = {sample.blob} - {""} if sample is not None else set()
    versions = _versions_with(hub, name) if name else []
    if versions:
        replace_versions(hub, versions, {name}, digests, by=by)
        clear_jobs(hub, projects_of(hub, versions))
    now = utc_now()
    with overwriting(hub) as session:
        row = leads.find(session, connection, object_id, hold=True)
        events, scores = _remove_course(session, row)
        samples = _empty_sample(session, row.sample_id, now) if row.sample_id else 0
        for digest in sorted(digests):
            session.execute(update(Blob).where(Blob.digest == digest).values(kept=False))
            session.add(LooseBlob(digest=digest))
        _empty_lead(session, row, now)
        _empty_reasons(session, row)
        audit(session, by, "leads.erase", connection, samples=samples, events=events)
    return Forgotten(events, scores, samples, len(versions), remove_bytes(hub))


def as_json(done: Forgotten) -> dict[str, JsonValue]:
    """For API and `--json`."""
    return {
        "events": done.events, "scores": done.scores, "samples": done.samples,
        "versions": done.versions, "bytes_gone": done.bytes_gone,
    }  # fmt: skip


def _versions_with(hub: Hub, sample_id: str) -> list[str]:
    """Dataset versions that name a sample, of those whose file is here."""
    with hub.database.session() as session:
        there = session.scalars(select(DatasetRow.id).where(DatasetRow.successor == "")).all()
    found = []
    for version in there:
        with contextlib.suppress(NotFoundError):  # the file is gone, and nothing can be in it
            if any(
                item.sample.id == sample_id for item in datasets.read(hub.storage, version).items
            ):
                found.append(version)
    return found


def _remove_course(session: Session, lead: CrmLead) -> tuple[int, int]:
    mine = {"connection": lead.connection, "object_id": lead.object_id}
    counts = []
    for table in (CrmEvent, CrmScore):
        keys = [getattr(table, column) == value for column, value in mine.items()]
        done = session.execute(delete(table).where(*keys))
        counts.append(int(done.rowcount))  # type: ignore[attr-defined]  # a DELETE's result counts
    return counts[0], counts[1]


def _empty_sample(session: Session, name: str, now: datetime) -> int:
    sample = session.get(Sample, name)
    if sample is None or sample.blob_state == ERASED:
        return 0
    sample.meta = {"erased": now.isoformat()}
    sample.prediction, sample.reason, sample.group, sample.source = {}, "", "", ""
    sample.blob, sample.blob_size, sample.blob_state = "", 0, ERASED
    for row in session.scalars(select(Annotation).where(Annotation.sample_id == name)):
        row.body = {key: row.body[key] for key in ("label", "source", "at") if key in row.body}
    return 1


def _empty_reasons(session: Session, lead: CrmLead) -> None:
    """Who did what stays in the audit log; what a person wrote of this one does not."""
    mine = AuditLog.target == f"{lead.connection}/{lead.object_id}"
    for row in session.scalars(select(AuditLog).where(mine)):
        if "why" in row.details:
            row.details = {**row.details, "why": ERASED_WORDS}


def _empty_lead(session: Session, lead: CrmLead, now: datetime) -> None:
    settings = session.get_one(CrmConnection, lead.connection).settings
    rules = storing.Rules.of(CrmSettings.model_validate(settings))
    lead.fields, lead.asked = {}, {}
    lead.opted_out = True
    lead.override = {
        "opted_out": True,
        "who": ERASED_WORDS,
        "at": now.isoformat(),
        "why": ERASED_WORDS,
    }
    entry = storing.take_away(lead, rules, now)
    if entry is not None:
        entry.override = {"opted_out": True}
        session.add(entry)
    lead.error = lead.dead = lead.write_error = ""
    lead.sample_id = ""
