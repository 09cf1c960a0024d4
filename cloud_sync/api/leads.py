"""`/v1/leads`: the hot list, one lead with its course, and what people say of it. Live scores are `lead_scores.py`."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import Field, JsonValue

from cloud_sync.api._asked import ONLY_KNOWN
from cloud_sync.api.lead_scores import get_models
from cloud_sync.crm.connection import health
from cloud_sync.crm.erasure import forgetting
from cloud_sync.crm.leads import hotlist, leads
from cloud_sync.crm.leads.lots import lots
from cloud_sync.crm.scoring.cutting import cuts
from cloud_sync.crm.scoring.models import LeadModels, in_force, model_json
from cloud_sync.crm.scoring.projects import projects
from cloud_sync.crm.scoring.storing import OPEN
from cloud_sync.hub import HubDep, ReadDep, SessionDep
from cloud_sync.web.auth import Admin, Engineer, Reviewer, Viewer
from kits.core.sample import utc_now
from kits.core.section import Section

router = APIRouter(prefix="/v1/leads", tags=["leads"], dependencies=ONLY_KNOWN)
Models = Annotated[LeadModels, Depends(get_models)]

Json = dict[str, JsonValue]
Why = Annotated[str, Field(min_length=1, max_length=leads.MAX_WHY, description="kept with it")]


class Override(Section):
    """A person's band in place of the score's."""

    band: str = Field("", description="hot, warm or cold; empty: the score's counts again")
    why: Why


class OptOut(Section):
    """Whether a person wants to be scored."""

    out: bool = Field(True, description="false: wants to be scored again")
    why: Why


class Retry(Section):
    """Which leads to try again."""

    connection: str = Field(
        max_length=64, description="all of this connection that wait for a person"
    )


class Turn(Section):
    """Which project's bundle."""

    project: str = Field(max_length=64)


@router.get("")
def hot_list(
    _who: Viewer,
    hub: HubDep,
    session: ReadDep,
    connection: str = "",
    band: str = "",
    search: Annotated[str, Query(max_length=hotlist.MAX_SEARCH)] = "",
    state: str = OPEN,
    limit: Annotated[int, Query(ge=1, le=hotlist.MAX_PAGE)] = 50,
    cursor: str = "",
) -> Json:
    """Leads in the team's order, with those that stand there by lot; `next` is the `cursor` of the next page.

    `low` and `high` are the interval of `probability`, at `confidence` (0.9: 90 %; null: scored before it was kept).
    """
    wanted = hotlist.LeadFilter(connection, band, search, state)
    page = hotlist.page(
        session, wanted, lots(session, hub.config.leads.exploration), limit=limit, cursor=cursor
    )
    known = cuts(session)
    found: list[JsonValue] = [
        {**leads.as_json(one.lead, known.get(one.lead.connection)), "by_lot": one.lot}
        for one in page.leads
    ]
    return {"leads": found, "next": page.next}


@router.get("/connections")
def list_connections(_who: Viewer, session: ReadDep) -> dict[str, list[Json]]:
    """How the connections to CRMs are doing: what waits, and what went last."""
    return {"connections": [one.as_json() for one in health.connections(session, utc_now())]}


@router.get("/models")
def list_models(_who: Viewer, hub: HubDep, session: ReadDep) -> dict[str, list[Json]]:
    """Which bundle scores each project's leads, and the one before."""
    rows = [in_force(session, project) for project in projects(session)]
    most = hub.config.leads.exploration
    return {"models": [model_json(row, most) for row in rows if row is not None]}


@router.post("/models/back")
def go_back(body: Turn, who: Engineer, models: Models) -> Json:
    """Goes back to the bundle before; all open leads are scored anew."""
    return {"bundle": models.back(body.project, by=who.login)}


@router.post("/models/forward")
def go_forward(body: Turn, who: Engineer, models: Models) -> Json:
    """Takes the newest release again."""
    changed = models.forward(body.project, by=who.login)
    return {"bundle": models.current(body.project).id, "changed": changed}


@router.post("/retry")
def retry(body: Retry, who: Reviewer, session: SessionDep) -> Json:
    """Tries all leads of a connection again that wait for a person."""
    return {"leads": leads.retry_dead(session, body.connection, who=who.login)}


@router.get("/{connection}/{object_id:path}")
def one_lead(connection: str, object_id: str, _who: Viewer, session: ReadDep) -> Json:
    """A lead with its fields and its course; `low` and `high` are the interval of `probability`, at `confidence`."""
    lead = leads.find(session, connection, object_id)
    course: list[JsonValue] = [leads.entry_json(entry) for entry in leads.course(session, lead)]
    told = leads.as_json(lead, cuts(session).get(connection), fields=True)
    return {**told, "course": course}


@router.post("/{connection}/{object_id:path}/override")
def override(
    connection: str, object_id: str, body: Override, who: Reviewer, session: SessionDep
) -> Json:
    """Says another band than the score does, with a reason; it is shown and written in its place."""
    lead = leads.override(session, connection, object_id, body.band, why=body.why, who=who.login)
    return leads.as_json(lead, cuts(session).get(connection))


@router.post("/{connection}/{object_id:path}/opt-out")
def opt_out(
    connection: str, object_id: str, body: OptOut, who: Reviewer, session: SessionDep
) -> Json:
    """Takes the score away, here and in the CRM, for good; or has the lead scored again."""
    lead = leads.opt_out(session, connection, object_id, body.out, why=body.why, who=who.login)
    return leads.as_json(lead, cuts(session).get(connection))


@router.post("/{connection}/{object_id:path}/rescore")
def rescore(connection: str, object_id: str, who: Reviewer, session: SessionDep) -> Json:
    """Has the lead read and scored anew soon, also one that could not be scored before."""
    lead = leads.rescore(session, connection, object_id, who=who.login)
    return leads.as_json(lead, cuts(session).get(connection))


@router.post("/{connection}/{object_id:path}/erase")
def erase(connection: str, object_id: str, who: Admin, hub: HubDep) -> Json:
    """Erases the lead for ever: fields, scores, events, its sample; and has the CRM's score taken away."""
    return forgetting.as_json(forgetting.forget(hub, connection, object_id, by=who.login))
