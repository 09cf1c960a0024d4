"""Leads whose outcome is known become samples to learn from, with the fields they had when a score was asked for.

What the CRM says of a lead after it was won or lost never gets in: most of it was written because of the outcome. A
lead that nobody scored while it was open is no sample. Freezing versions of samples is `learning/freezing.py`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from pydantic import JsonValue
from sqlalchemy.orm import Session

from cloud_sync.cases.labels import OUTCOME
from cloud_sync.crm.connection.settings import CrmSettings
from cloud_sync.crm.kinds.incoming import thing_of
from cloud_sync.crm.scoring.scored import MEDIA_TYPE
from cloud_sync.crm.scoring.storing import CAME
from cloud_sync.fleet.devices import CRM_PREFIX, CRM_SITE
from cloud_sync.hub import Hub
from cloud_sync.store.db import insert_once
from cloud_sync.store.models import Annotation as AnnotationRow
from cloud_sync.store.models import Blob, CrmConnection, CrmLead, Device, LooseBlob, Sample
from kits.core.annotation import Annotation, annotation_to_json
from kits.core.record_keys import column_key, record_key
from kits.core.sample import KEY, ORDER, sample_id_of

LOT = "lot"
"""In a sample's `meta`: its place in the random order, where it was shown by lot as long as it was open: what is unbiased."""
DRAWN = "drawn"
"""In what is kept of a lead's first score: which share of the leads was drawn by lot then."""
OUTCOME_AT = "outcome_at"
"""In a sample's `meta`: when its outcome was known, seconds since 1970; an import of an export calls it the same."""
TRIAL = "trial"
"""In a sample's `meta`: what its lead was taken for that is hardly one; an import of an export calls it the same."""
EPOCH = "crm"


@dataclass(frozen=True, slots=True)
class Kept:
    """A lead's bytes, stored before the transaction, so that nobody waits for the storage."""

    object_id: str
    digest: str
    size: int


def sample_of(lead: CrmLead) -> str:
    """What its sample is called: versions of data may have it before it is decided (`undecided.py`)."""
    return lead.sample_id or sample_id_of(lead.created_at, f"{lead.connection}#{lead.object_id}")


def device_of(connection: str) -> str:
    """What a connection is called where samples name the device they came from."""
    return CRM_PREFIX + connection


def ensure_device(session: Session, connection: str, kind: str, now: datetime) -> None:
    """A row that samples of a connection refer to: it has no token and is revoked, so nothing can sign in as it."""
    row = {
        "name": device_of(connection), "site": CRM_SITE, "hardware": f"CRM: {kind}",
        "created_at": now, "revoked_at": now,
    }  # fmt: skip
    insert_once(session, Device, [row])


def content_of(lead: CrmLead) -> bytes:
    """The lead as it was when its score was asked for, as of when it came, as the kit reads it."""
    came = lead.asked.get(CAME) or lead.asked["at"]
    told = {"id": lead.object_id, "fields": lead.asked["fields"], "at": came}
    return json.dumps(told, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()


def keep_bytes(hub: Hub, leads: Sequence[CrmLead]) -> dict[str, Kept]:
    """Stores the bytes of leads that were scored while they were open; by object id.

    Raises:
        UnreachableError: the storage cannot be used.
    """
    contents = {
        lead.object_id: content_of(lead) for lead in leads if lead.asked and not lead.sample_id
    }
    digests = hub.storage.put_many(list(contents.values()))
    return {
        object_id: Kept(object_id, digest, len(content))
        for (object_id, content), digest in zip(contents.items(), digests)
    }


def key_of_lead(settings: CrmSettings, object_id: str) -> str:
    """Whom a lead's samples are states of, spelled as an import of the same CRM's export does; empty: nobody knows."""
    if column := settings.options.get("id_column", ""):
        return column_key(column, object_id)
    if (
        settings.kind == "webhook"
    ):  # a program of the firm's own: what it calls a lead, no export says
        return ""
    return record_key(settings.kind, thing_of(settings), object_id)


def note_outcome(
    session: Session,
    lead: CrmLead,
    outcome: str,
    connection: CrmConnection,
    *,
    kept: Kept | None,
    drawn: float,
    now: datetime,
    since: datetime | None = None,
) -> bool:
    """Makes a decided lead a sample, or says its new outcome of the one it is; whether anything was said.

    Args:
        outcome: won, lost, or empty: it is open again.
        since: it counts as decided from then on because of its age; None: the CRM says so.
    """
    if not lead.sample_id:
        if kept is None or not outcome:
            return False
        if not lead.asked:  # it was forgotten while its bytes were stored: they go again
            know_bytes(session, [kept])
            session.add(LooseBlob(digest=kept.digest))
            return False
        _add_sample(session, lead, kept, connection, drawn)
    _note_when(session, lead, outcome, now, since)
    _state(session, lead.sample_id, outcome, device_of(lead.connection), now)
    return True


def _add_sample(
    session: Session, lead: CrmLead, kept: Kept, connection: CrmConnection, drawn: float
) -> None:
    know_bytes(session, [kept])
    asked_at = datetime.fromisoformat(str(lead.asked["at"]))
    probability = _number(lead.asked.get("probability"))
    meta = meta_of(lead, CrmSettings.model_validate(connection.settings))
    # of a share that was raised since, or lowered, some stood by lot for a part of their time: nobody knows why those were called
    if lead.lot < min(drawn, _drawn_then(lead, drawn)):
        meta[LOT] = lead.lot
    lead.sample_id = sample_of(lead)
    session.add(
        Sample(
            id=lead.sample_id, device=device_of(lead.connection), epoch=EPOCH, seq=0,
            captured_at=asked_at, project=connection.project, bundle=str(lead.asked["bundle"]),
            verdict=str(lead.asked["verdict"]), score=probability,
            label="won" if (probability or 0.0) >= 0.5 else "lost",
            prediction=_prediction(lead, probability), media_type=MEDIA_TYPE,
            blob=kept.digest, blob_size=kept.size, blob_state="stored", decided=True,
            source=f"{lead.connection}#{lead.object_id}", meta=meta,
        )
    )  # fmt: skip
    session.flush()


def meta_of(lead: CrmLead, settings: CrmSettings) -> dict[str, JsonValue]:
    """Its place in time, whose state it is, and what it is taken for, as a sample keeps them."""
    meta: dict[str, JsonValue] = {ORDER: came_of(lead).timestamp()}
    if key := key_of_lead(settings, lead.object_id):
        meta[KEY] = key
    if lead.trial:
        meta[TRIAL] = lead.trial
    return meta


def came_of(lead: CrmLead) -> datetime:
    """When the lead came: its place in time, as an import of the same CRM has it.

    Leads that were open when the CRM was connected came before, and those that came with them and were decided sooner are in the
    import: at the time of asking they would be a crowd of slow ones.
    """
    asked_at = datetime.fromisoformat(str(lead.asked["at"]))
    told = lead.asked.get(CAME)
    return min(datetime.fromisoformat(str(told)), asked_at) if told else asked_at


def _drawn_then(lead: CrmLead, now: float) -> float:
    """The share when its score was first asked for; that of now where it was not kept yet."""
    then = _number(lead.asked.get(DRAWN))
    return now if then is None else then


def _note_when(
    session: Session, lead: CrmLead, outcome: str, now: datetime, since: datetime | None
) -> None:
    """Without it nobody can tell leads whose outcome came early from those that had their time in full."""
    sample = session.get(Sample, lead.sample_id)
    if sample is None:
        return
    meta = {key: value for key, value in sample.meta.items() if key != OUTCOME_AT}
    if outcome:
        # CRMs have days without an hour, and days that are to come: it was open when its score was asked for
        at = max(min(lead.outcome_at or now, now), sample.captured_at)
        meta[OUTCOME_AT] = (since or at).timestamp()
    sample.meta = meta


def know_bytes(session: Session, kept: Sequence[Kept]) -> None:
    """Rows for bytes that are stored."""
    blobs: list[dict[str, object]] = [
        {"digest": one.digest, "size": one.size, "media_type": MEDIA_TYPE, "kept": False}
        for one in kept
    ]
    insert_once(session, Blob, blobs)


def _prediction(lead: CrmLead, probability: float | None) -> dict[str, JsonValue]:
    asked = {name: lead.asked.get(name) for name in ("band", "points", "base_rate")}
    return {"score": probability, "reasons": lead.asked.get("reasons", []), "details": asked}


def _state(session: Session, sample_id: str, outcome: str, author: str, now: datetime) -> None:
    stated = Annotation(outcome, author=author, source=OUTCOME, at=now)
    session.add(
        AnnotationRow(
            sample_id=sample_id, label=outcome, body=annotation_to_json(stated), author=author,
            source=OUTCOME, at=now,
        )
    )  # fmt: skip


def _number(value: JsonValue) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
