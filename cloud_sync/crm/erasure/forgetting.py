"""Forgetting a lead: its fields, scores and events, its samples and the bytes of them, here and in dataset versions.

Its samples are the one its outcome made and those that were imported into a project and came here with it, which have
the same key. A row stays with no more than the CRM's own number and `opted_out`, so that an event of tomorrow does not
bring the lead back; the score is taken away in the CRM too. Bundles are signed and stay as they are; projects on other
machines and backups are the firm's, and are named.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from pydantic import JsonValue
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from cloud_sync.crm.connection.settings import CrmSettings
from cloud_sync.crm.erasure.persons import Person, find_in_versions, find_own_samples
from cloud_sync.crm.leads import leads
from cloud_sync.crm.leads.leads import ERASED_WORDS
from cloud_sync.crm.outcomes.outcomes import Kept, content_of, key_of_lead, know_bytes, sample_of
from cloud_sync.crm.scoring import storing
from cloud_sync.crm.scoring.projects import projects
from cloud_sync.errors import NotFoundError
from cloud_sync.hub import Hub, audit
from cloud_sync.learning.datasets import hold_all
from cloud_sync.mails.erasure import remove_bytes
from cloud_sync.mails.forgetting import let_go
from cloud_sync.mails.traces import clear_jobs, overwriting
from cloud_sync.mails.versions import Told, projects_of, replace_versions, untold
from cloud_sync.store.db import changed_by
from cloud_sync.store.giving_way import GivingWay
from cloud_sync.store.models import (
    Annotation,
    AuditLog,
    CrmConnection,
    CrmEvent,
    CrmLead,
    CrmScore,
    Sample,
)
from cloud_sync.store.models.mails import ERASED
from kits.core.sample import digest_of, utc_now

AT_ONCE = 20
"""Leads whose rows are emptied in one transaction: meanwhile no message of a CRM is taken."""


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


@dataclass(frozen=True, slots=True)
class Erasure:
    """What was removed of several leads, by connection and id; `versions`: those that go on without them, in all."""

    leads: tuple[Forgotten, ...]
    versions: int


def forget(hub: Hub, connection: str, object_id: str, *, by: str) -> Forgotten:
    """Erases a lead for ever; again: what came since is erased. Raises as `forget_all`."""
    return forget_all(hub, [(connection, object_id)], by=by).leads[0]


def forget_all(
    hub: Hub, wanted: Sequence[tuple[str, str]], *, by: str, told: Told = untold
) -> Erasure:
    """Erases leads for ever, all of them by one pass through the dataset versions.

    Args:
        wanted: connection and id of each.
        told: how many dataset versions are done, and of how many: those that are looked through, then those replaced.

    Raises:
        NotFoundError: one of them is no lead here; nothing was erased.
        UnreachableError: the storage cannot be used; of leads nothing was erased, of versions some may be.
    """
    people, there = _people(hub, sorted(set(wanted)))
    known: set[str] = set()
    versions = _leave_versions(hub, people, known, by, told)
    counts: list[tuple[int, int]] = []
    giving_way = GivingWay()
    for first in range(0, len(people), AT_ONCE):
        counts += _remove(hub, people[first : first + AT_ONCE], by)
        giving_way.rest()
    # those that were made while the leads were still there; what is made from now on has none of them
    versions += _leave_versions(hub, people, known, by, untold)
    gone = remove_bytes(hub)
    leads_gone = (
        Forgotten(
            events, scores, len(one.samples), one.versions, gone, tuple(there),
            erase_command(one.settings, one.object_id),
        )
        for one, (events, scores) in zip(people, counts)
    )  # fmt: skip
    return Erasure(tuple(leads_gone), len(versions))


def _leave_versions(
    hub: Hub, people: Sequence[Person], known: set[str], by: str, told: Told
) -> list[str]:
    """Dataset versions that named one of them, and have successors now. `known`: those that were looked at."""
    versions = find_in_versions(hub, people, known, told)
    if versions:
        names = {name for one in people for name in one.samples}
        digests = {digest for one in people for digest in one.samples.values()} - {""}
        known |= set(replace_versions(hub, versions, names, digests, by=by, told=told))
        clear_jobs(hub, projects_of(hub, versions))
    return versions


def _people(hub: Hub, wanted: Sequence[tuple[str, str]]) -> tuple[list[Person], list[str]]:
    """Whom that is, with the samples that outcomes made of them; and projects of leads."""
    people, unknown = [], []
    with hub.database.session() as session:
        rows = {
            row.name: CrmSettings.model_validate(row.settings)
            for row in session.scalars(select(CrmConnection))
        }
        for connection, object_id in wanted:
            lead = session.get(CrmLead, (connection, object_id))
            if lead is None:
                unknown.append(f"{connection}/{object_id}"[:64])
                continue
            settings = rows[connection]
            key = key_of_lead(settings, object_id)
            people.append(Person(connection, object_id, settings, key, sample_of(lead)))
        if unknown:
            raise NotFoundError(
                f"{len(unknown)} of {len(wanted)} are no leads here: nothing was erased"
                if len(wanted) > 1 else "no such lead",
                where=", ".join(unknown[:5]), fix="cloud-sync leads list --search TEXT --state all shows their ids",
            )  # fmt: skip
        find_own_samples(session, people)
        return people, projects(session)


def _remove(hub: Hub, people: Sequence[Person], by: str) -> list[tuple[int, int]]:
    """All that tables have of them; how many events and scores that were of each."""
    now, counts = utc_now(), []
    with overwriting(hub) as session:
        hold_all(session)
        # connections first, as whoever reads and writes their leads takes them: else both wait for each other
        for connection in sorted({one.connection for one in people}):
            _empty_words(session, connection)
        for one in people:
            held = leads.find(session, one.connection, one.object_id, hold=True)
            events, scores = _remove_course(session, held)
            counts.append((events, scores))
            if (
                held.sample_id
            ):  # one that was made a moment ago is not among those that were found before
                one.samples.setdefault(held.sample_id, "")
            emptied = {_empty_sample(session, name, now) for name in sorted(one.samples)}
            stored = _stored_ahead(session, held)
            let_go(session, (emptied | stored | {*one.samples.values()}) - {""})
            _empty_lead(session, held, now)
            audit(
                session, by, "leads.erase", one.connection, samples=len(one.samples), events=events
            )
        _empty_reasons(session, people)
    return counts


def _stored_ahead(session: Session, lead: CrmLead) -> set[str]:
    """Bytes of an open lead that a version may have stored which was never registered: the hub was killed meanwhile."""
    if lead.sample_id or not lead.asked.keys() >= {"at", "fields"}:
        return set()
    content = content_of(lead)
    one = Kept(lead.object_id, digest_of(content), len(content))
    know_bytes(session, [one])
    return {one.digest}


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


def _remove_course(session: Session, lead: CrmLead) -> tuple[int, int]:
    mine = {"connection": lead.connection, "object_id": lead.object_id}
    counts = []
    for table in (CrmEvent, CrmScore):
        keys = [getattr(table, column) == value for column, value in mine.items()]
        done = session.execute(delete(table).where(*keys))
        counts.append(changed_by(done))
    return counts[0], counts[1]


def _empty_sample(session: Session, name: str, now: datetime) -> str:
    """Leaves its label; the digest of its bytes, empty where there were none."""
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


def _empty_reasons(session: Session, people: Sequence[Person]) -> None:
    """Who did what stays in the audit log; what a person wrote of these does not. Read once: it is long, and all wait."""
    mine = AuditLog.target.in_([f"{one.connection}/{one.object_id}" for one in people])
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
