"""Leads: the hot list in the team's order with the health of the connections, and one lead with its course."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.responses import Response

from cloud_sync.crm import health, hotlist, leads
from cloud_sync.crm.forgetting import erase_command
from cloud_sync.crm.lots import lots
from cloud_sync.crm.models import in_force
from cloud_sync.crm.projects import projects
from cloud_sync.crm.scored import BANDS, reasons_in
from cloud_sync.crm.settings import CrmSettings
from cloud_sync.crm.storing import OPEN, shown_band
from cloud_sync.hub import HubDep, ReadDep
from cloud_sync.store.models import CrmConnection, CrmLead
from cloud_sync.web import lead_views
from cloud_sync.web import view_models as views
from cloud_sync.web.pages._render import PageRoute, ViewerPage, fragment, render
from kits.core.sample import utc_now

router = APIRouter(route_class=PageRoute)
SHOWN = 50


class Asked(BaseModel):
    """What the address asks for."""

    connection: str = ""
    band: str = ""
    state: str = OPEN
    search: str = ""
    cursor: str = ""


@router.get("/leads")
def lead_list(
    request: Request,
    hub: HubDep,
    session: ReadDep,
    who: ViewerPage,
    asked: Annotated[Asked, Query()],
) -> Response:
    """The hot list."""
    wanted = hotlist.LeadFilter(
        asked.connection, asked.band, asked.search.strip(), asked.state or OPEN
    )
    by_lot = lots(session, hub.config.leads.exploration)
    found = hotlist.page(session, wanted, by_lot, limit=SHOWN, cursor=asked.cursor)
    settings = _settings(session)
    given = asked.model_dump(exclude={"cursor"}, exclude_defaults=True)
    more = urlencode({**given, "cursor": found.next})
    models = [row for row in (in_force(session, name) for name in projects(session)) if row]
    filters = [
        {"name": name, "title": title, "blank": blank, "choices": choices, "value": getattr(asked, name)}
        for name, title, blank, choices in (
            ("connection", "CRM", "all CRMs", sorted(settings)),
            ("band", "Band", "all bands", list(BANDS)),
            ("state", "State", "", list(hotlist.STATES)),
        )
    ]  # fmt: skip
    return render(
        request, session, who, "leads.html",
        cards=[lead_views.card(one, settings) for one in found.leads], wanted=wanted,
        filters=filters, filtered=asked != Asked(), more=more if found.next else "",
        first=not asked.cursor,
        connections=health.connections(session, utc_now()), models=models,
        exploration=by_lot.largest(wanted.connection), bundle_names=views.bundle_names(session),
    )  # fmt: skip


@router.get("/leads/{connection}/{object_id:path}")
def lead_page(
    request: Request, session: ReadDep, who: ViewerPage, connection: str, object_id: str
) -> Response:
    """One lead; for htmx the line alone that follows its turn."""
    lead = leads.find(session, connection, object_id)
    turn = _turn(session, lead)
    if request.headers.get("hx-request"):
        return fragment("lead_turn.html", lead=lead, turn=turn, followed=True)
    course = leads.course(session, lead)
    settings = _settings(session)[lead.connection]
    return render(
        request, session, who, "lead.html",
        lead=lead, title=leads.title_of(lead), band=shown_band(lead), bands=BANDS,
        delivery=leads.delivery(lead, settings), reasons=reasons_in(lead.reasons), course=course,
        curve=lead_views.curve_of(course), width=lead_views.WIDTH, height=lead_views.HEIGHT,
        fields=lead_views.fields_of(lead), bundle_names=views.bundle_names(session),
        erase_command=erase_command(settings, object_id), turn=turn, followed=False,
    )  # fmt: skip


def _turn(session: Session, lead: CrmLead) -> lead_views.Turn:
    row = session.get_one(CrmConnection, lead.connection)
    ready = bool(row.project) and in_force(session, row.project) is not None
    return lead_views.turn_of(lead, health.state_of(row, utc_now()), row.error, bundle=ready)


def _settings(session: Session) -> dict[str, CrmSettings]:
    rows = session.execute(select(CrmConnection.name, CrmConnection.settings))
    return {name: CrmSettings.model_validate(settings) for name, settings in rows}
