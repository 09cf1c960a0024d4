"""`/v1/mails`: what deciding mails is worth, the gates of bundles, erasing a correspondent, the record of it all."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field, JsonValue

from cloud_sync.api._asked import ONLY_KNOWN
from cloud_sync.hub import HubDep, ReadDep, SessionDep
from cloud_sync.mails import chain, erasure, figures, finding, gates
from cloud_sync.mails.correspondents import MAX_ADDRESS
from cloud_sync.web.auth import Admin, Engineer, Viewer
from kits.core.sample import utc_now
from kits.core.section import Section

router = APIRouter(prefix="/v1/mails", tags=["mails"], dependencies=ONLY_KNOWN)

Json = dict[str, JsonValue]


class Reason(Section):
    """Why a gate is closed or opened."""

    why: str = Field(min_length=1, max_length=1000, description="told to the devices, and recorded")


class Erase(Section):
    """Whom to erase."""

    address: str = Field(max_length=MAX_ADDRESS + 20, repr=False, description="one mail address")
    dry_run: bool = Field(False, description="only say what would be erased")


@router.get("/figures")
def mail_figures(
    _who: Viewer,
    hub: HubDep,
    session: ReadDep,
    project: str = "",
    weeks: Annotated[int, Query(ge=1, le=figures.MAX_WEEKS)] = figures.WEEKS,
) -> Json:
    """What was decided without a person, how often wrongly, and what became of drafts."""
    report = figures.mail_report(
        session, hub.config.prices, now=utc_now(), weeks=weeks, project=project
    )
    return figures.as_json(report)


@router.get("/gates")
def list_gates(_who: Viewer, session: ReadDep) -> dict[str, list[Json]]:
    """The gates of bundles that promise an error rate, closed ones first."""
    return {"gates": [gates.as_json(gate) for gate in gates.listed(session)]}


@router.post("/gates/{bundle_id}/close")
def close_gate(bundle_id: str, body: Reason, who: Engineer, session: SessionDep) -> Json:
    """Closes a gate: every mail this bundle decides goes to a person."""
    return gates.as_json(gates.close_gate(session, bundle_id, who=who.login, why=body.why))


@router.post("/gates/{bundle_id}/open")
def open_gate(bundle_id: str, body: Reason, who: Engineer, session: SessionDep) -> Json:
    """Opens a gate; audits that were judged before count no more."""
    return gates.as_json(gates.open_gate(session, bundle_id, who=who.login, why=body.why))


@router.post("/erase")
def erase(body: Erase, who: Admin, hub: HubDep) -> Json:
    """Erases a correspondent for ever, here and on the devices; or says what would be erased."""
    if body.dry_run:
        return finding.found_json(finding.find(hub, body.address))
    return erasure.as_json(erasure.erase(hub, body.address, by=who.login))


@router.get("/erasures")
def list_erasures(
    _who: Admin, session: ReadDep, limit: Annotated[int, Query(ge=1, le=500)] = 50
) -> dict[str, list[Json]]:
    """Correspondents that were erased, newest first, without their addresses."""
    return {"erasures": [erasure.row_json(row) for row in erasure.newest(session, limit)]}


@router.get("/log")
def show_log(
    _who: Admin, session: ReadDep, limit: Annotated[int, Query(ge=1, le=500)] = 50
) -> Json:
    """The newest entries of the record of what was done with mails, and whether all of it holds."""
    newest: list[JsonValue] = [chain.as_json(row) for row in chain.newest(session, limit)]
    checked = chain.verify(session)
    return {"entries": newest, "good": checked.good, "fault": checked.fault}
