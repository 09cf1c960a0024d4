"""Leads: the hot list in the team's order with the health of the connections, and one lead with its course."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.responses import Response

from cloud_sync.crm.connection import health
from cloud_sync.crm.connection.condition import Turn, conditions, turn_of
from cloud_sync.crm.connection.settings import CrmSettings
from cloud_sync.crm.erasure.forgetting import erase_command
from cloud_sync.crm.kinds.record_pages import page_of
from cloud_sync.crm.leads import hotlist, leads
from cloud_sync.crm.leads.lots import lots
from cloud_sync.crm.scoring.cutting import cut_of_model, cuts, place_of
from cloud_sync.crm.scoring.models import in_force
from cloud_sync.crm.scoring.projects import projects
from cloud_sync.crm.scoring.scored import BANDS, reasons_in
from cloud_sync.crm.scoring.storing import OPEN, shown_band
from cloud_sync.hub import HubDep, ReadDep
from cloud_sync.store.models import CrmConnection, CrmLead
from cloud_sync.web import lead_views
from cloud_sync.web import view_models as views
from cloud_sync.web.pages._render import PageRoute, ViewerPage, fragment, render
from kits.core.sample import utc_now

router = APIRouter(route_class=PageRoute)
SHOWN = 50
_STATES = {"dead": "for a person", "opted-out": "opted out", hotlist.ALL: "all states"}
"""What people call those states that the API calls otherwise."""


class Asked(BaseModel):
    """What the address asks for."""

    connection: str = ""
    band: str = ""
    state: str = ""
    search: str = ""
    cursor: str = ""

    @property
    def usual(self) -> str:
        """The state that is meant where none is named: who looks for somebody does not know how it went on."""
        return hotlist.ALL if self.search.strip() else OPEN

    @property
    def filtered(self) -> bool:
        """Whether less than the hot list is asked for; the pages after the first are no filter."""
        return bool(self.connection or self.band or self.search or self.state not in ("", OPEN))


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
        asked.connection, asked.band, asked.search.strip(), asked.state or asked.usual
    )
    by_lot = lots(session, hub.config.leads.exploration)
    found = hotlist.page(session, wanted, by_lot, limit=SHOWN, cursor=asked.cursor)
    settings = _settings(session)
    given = asked.model_dump(exclude={"cursor"}, exclude_defaults=True)
    more = urlencode({**given, "cursor": found.next})
    models = [row for row in (in_force(session, name) for name in projects(session)) if row]
    return render(
        request, session, who, "leads.html",
        cards=[lead_views.card(one, settings) for one in found.leads], wanted=wanted,
        filters=_filters(asked, sorted(settings)), filtered=asked.filtered, first=urlencode(given),
        more=more if found.next else "", before=found.before, count=hotlist.count(session, wanted),
        connections=health.connections(session, utc_now()), models=models, cuts={row.project: cut_of_model(row) for row in models},
        exploration=by_lot.largest(wanted.connection), bundle_names=views.bundle_names(session),
    )  # fmt: skip


def _filters(asked: Asked, connections: Sequence[str]) -> list[dict[str, object]]:
    usual = asked.usual
    states = [state for state in hotlist.STATES if state != usual]
    return [
        {"name": "connection", "title": "CRM", "blank": "all CRMs", "choices": connections, "value": asked.connection},
        {"name": "band", "title": "Band", "blank": "all bands", "choices": BANDS, "value": asked.band},
        {"name": "state", "title": "State", "blank": _STATES.get(usual, usual), "choices": states, "value": asked.state,
         "names": _STATES},
    ]  # fmt: skip


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
    delivery, refusal = lead_views.delivery_of(lead, settings)
    return render(
        request, session, who, "lead.html",
        lead=lead, percentile=place_of(lead, cuts(session).get(connection)), title=leads.title_of(lead), firm=leads.firm_of(lead), band=shown_band(lead), bands=BANDS,
        delivery=delivery, refusal=refusal, reasons=reasons_in(lead.reasons), course=course,
        curve=lead_views.curve_of(course), width=lead_views.WIDTH, height=lead_views.HEIGHT,
        fields=lead_views.fields_of(lead), bundle_names=views.bundle_names(session),
        erase_command=erase_command(settings, object_id), at_crm=page_of(settings, object_id), turn=turn, followed=False, min_change=settings.min_change,
    )  # fmt: skip


def _turn(session: Session, lead: CrmLead) -> Turn:
    row = session.get_one(CrmConnection, lead.connection)
    return turn_of(lead, conditions(session, [row], utc_now())[row.name])


def _settings(session: Session) -> dict[str, CrmSettings]:
    rows = session.execute(select(CrmConnection.name, CrmConnection.settings))
    return {name: CrmSettings.model_validate(settings) for name, settings in rows}
