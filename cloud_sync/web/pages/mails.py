"""Mails: what deciding them without a person is worth, the gates of bundles, and who was erased."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from cloud_sync.hub import HubDep, ReadDep
from cloud_sync.mails import chain, erasure, figures, gates
from cloud_sync.web import view_models as views
from cloud_sync.web.pages._render import PageRoute, ViewerPage, render
from kits.core.sample import utc_now

router = APIRouter(route_class=PageRoute)
SHOWN = 20


@router.get("/mails")
def mails_page(request: Request, hub: HubDep, session: ReadDep, who: ViewerPage) -> Response:
    """Figures of the last weeks by project, week and bundle; gates; for an admin erasures and their record."""
    report = figures.mail_report(session, hub.config.prices, now=utc_now())
    admin = who.may("admin")
    return render(
        request, session, who, "mails.html",
        report=report, weeks=figures.WEEKS, gates=gates.listed(session),
        running=gates.running(session),
        bundle_names=views.bundle_names(session),
        erasures=erasure.newest(session, SHOWN) if admin else [],
        entries=[chain.as_json(row) for row in chain.newest(session, SHOWN)] if admin else [],
    )  # fmt: skip
