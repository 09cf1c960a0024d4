"""Forgetting a lead: its fields, scores and events, its samples and the bytes of them, here and in dataset versions.

Its samples are the one its outcome made and those that were imported into a project and came here with it, which have
the same key. A row stays with no more than the CRM's own number and `opted_out`, so that an event of tomorrow does not
bring the lead back; the score is taken away in the CRM too. Bundles are signed and stay as they are; projects on other
machines and backups are the firm's, and are named.
"""

from __future__ import annotations

import contextlib
import shlex
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from pydantic import JsonValue
from sqlalchemy import and_, delete, or_, select
from sqlalchemy.orm import Session

from cloud_sync.crm import leads, storing
from cloud_sync.crm.leads import ERASED_WORDS
from cloud_sync.crm.outcomes import key_of_lead
from cloud_sync.crm.projects import projects
from cloud_sync.crm.scored import MEDIA_TYPE
from cloud_sync.crm.settings import CrmSettings
from cloud_sync.errors import NotFoundError
from cloud_sync.hub import Hub, audit
from cloud_sync.learning import datasets
from cloud_sync.mails.erasure import remove_bytes
from cloud_sync.mails.forgetting import let_go
from cloud_sync.mails.traces import clear_jobs, overwriting
from cloud_sync.mails.versions import projects_of, replace_versions
from cloud_sync.store.db import changed_by
from cloud_sync.store.models import (
    Annotation,
    AuditLog,
    CrmConnection,
    CrmEvent,
    CrmLead,
    CrmScore,
    Sample,
)
from cloud_sync.store.models import Dataset as DatasetRow
from cloud_sync.store.models.mails import ERASED
from kits.core.sample import KEY, key_of, utc_now


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What was removed.

    Attributes:
        samples: of leads, here and in dataset versions, each once.
        bytes_gone: whether the removal of bytes could be finished at once.
        projects: of leads: who imported their data may have this person too.
        command: what removes it there.
    """

    events: int
    scores: int
    samples: int
    versions: int
    bytes_gone: bool
    projects: tuple[str, ...]
    command: str


def forget(hub: Hub, connection: str, object_id: str, *, by: str) -> Forgotten:
    """Erases a lead for ever; again: what came since is erased.

    Raises:
        NotFoundError: no such lead.
        UnreachableError: the storage cannot be used; nothing was erased.
    """
    with hub.database.session() as session:
        lead = leads.find(session, connection, object_id)
        row = session.get_one(CrmConnection, connection)
        settings = CrmSettings.model_validate(row.settings)
        key = key_of_lead(settings, object_id)
        own = _own_samples(session, lead.sample_id, key)
        there = projects(session)
    found = _in_versions(hub, own, key)
    names = {*own, *found.samples}
    digests = {*own.values(), *found.samples.values()} - {""}
    if found.versions:
        replace_versions(hub, found.versions, names, digests, by=by)
        clear_jobs(hub, projects_of(hub, found.versions))
    now = utc_now()
    with overwriting(hub) as session:
        # the connection first, as whoever reads and writes its leads takes them: else both wait for each other
        session.get_one(CrmConnection, connection, with_for_update=True)
        held = leads.find(session, connection, object_id, hold=True)
        events, scores = _remove_course(session, held)
        names |= {held.sample_id} - {""}
        for name in sorted(names):
            digests |= {_empty_sample(session, name, now)} - {""}
        let_go(session, digests)
        _empty_lead(session, held, now)
        _empty_reasons(session, held)
        _empty_words(session, connection)
        audit(session, by, "leads.erase", connection, samples=len(names), events=events)
    return Forgotten(
        events, scores, len(names), len(found.versions), remove_bytes(hub), tuple(there),
        erase_command(settings, object_id),
    )  # fmt: skip


def erase_command(settings: CrmSettings, object_id: str) -> str:
    """What erases a lead in a project that imported it; safe to be copied into a shell, whatever the id is."""
    return f"kit data erase {shlex.quote(key_of_lead(settings, object_id) or object_id)}"


def as_json(done: Forgotten) -> dict[str, JsonValue]:
    """For API and `--json`."""
    return {
        "events": done.events, "scores": done.scores, "samples": done.samples,
        "versions": done.versions, "bytes_gone": done.bytes_gone,
        "projects": list(done.projects), "command": done.command,
    }  # fmt: skip


@dataclass(frozen=True, slots=True)
class _There:
    """Dataset versions that name somebody, and the samples they do it by: id → digest."""

    versions: tuple[str, ...]
    samples: Mapping[str, str]


def _own_samples(session: Session, sample_id: str, key: str) -> dict[str, str]:
    """Samples that outcomes made of a lead, another connection's to the same CRM too: id → digest."""
    mine = Sample.id == sample_id
    if key:
        same = Sample.media_type == MEDIA_TYPE, Sample.meta[KEY].as_string() == key
        mine = or_(mine, and_(*same))
    rows = session.execute(select(Sample.id, Sample.blob).where(mine))
    return {row.id: row.blob for row in rows}


def _in_versions(hub: Hub, own: Collection[str], key: str) -> _There:
    """Where a lead is, of versions whose file is here.

    Args:
        own: ids of its samples.
        key: empty: it has none.
    """
    with hub.database.session() as session:
        there = session.scalars(select(DatasetRow.id).where(DatasetRow.successor == "")).all()
    versions, samples = [], dict[str, str]()
    for version in there:
        with contextlib.suppress(NotFoundError):  # the file is gone, and nothing can be in it
            items = datasets.read(hub.storage, version).items
            mine = {
                i.sample.id: i.sample.digest
                for i in items
                if i.sample.id in own or (key and key_of(i.sample) == key)
            }
            if mine:
                versions.append(version)
                samples.update(mine)
    return _There(tuple(versions), samples)


def _remove_course(session: Session, lead: CrmLead) -> tuple[int, int]:
    mine = {"connection": lead.connection, "object_id": lead.object_id}
    counts = []
    for table in (CrmEvent, CrmScore):
        keys = [getattr(table, column) == value for column, value in mine.items()]
        done = session.execute(delete(table).where(*keys))
        counts.append(changed_by(done))
    return counts[0], counts[1]


def _empty_sample(session: Session, name: str, now: datetime) -> str:
    """The digest of its bytes: one that was made a moment ago is not among those that were found before."""
    sample = session.get(Sample, name)
    if sample is None or sample.blob_state == ERASED:
        return ""
    digest = sample.blob
    sample.meta = {"erased": now.isoformat()}
    sample.prediction, sample.reason, sample.group, sample.source = {}, "", "", ""
    sample.blob, sample.blob_size, sample.blob_state = "", 0, ERASED
    for row in session.scalars(select(Annotation).where(Annotation.sample_id == name)):
        row.body = {key: row.body[key] for key in ("label", "source", "at") if key in row.body}
    return digest


def _empty_reasons(session: Session, lead: CrmLead) -> None:
    """Who did what stays in the audit log; what a person wrote of this one does not."""
    mine = AuditLog.target == f"{lead.connection}/{lead.object_id}"
    for row in session.scalars(select(AuditLog).where(mine)):
        if "why" in row.details:
            row.details = {**row.details, "why": ERASED_WORDS}


def _empty_words(session: Session, connection: str) -> None:
    """What the CRM said last may quote anybody; that it refused something stays."""
    row = session.get_one(CrmConnection, connection, with_for_update=True)
    row.error = row.error.partition(":")[0]


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
