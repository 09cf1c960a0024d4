"""Devices, alerts and people."""

from __future__ import annotations

from datetime import timedelta

from fastapi import APIRouter, Request
from sqlalchemy import select
from starlette.responses import Response

from cloud_sync.errors import NotFoundError
from cloud_sync.fleet import device_certificates, devices
from cloud_sync.hub import ReadDep, SessionDep, audit, get_hub
from cloud_sync.store.models import Alert, Device
from cloud_sync.web import auth
from cloud_sync.web import view_models as views
from cloud_sync.web.made_tokens import offspring
from cloud_sync.web.pages._paging import PageNumber, page_of
from cloud_sync.web.pages._render import AdminPage, PageRoute, ViewerPage, render
from kits.core.sample import utc_now

router = APIRouter(route_class=PageRoute)
SHOWN = 200
EXPIRES_SOON = timedelta(days=60)
"""A device renews long before; one with less left has not reached this hub for months."""


@router.get("/devices")
def device_list(request: Request, session: ReadDep, who: ViewerPage) -> Response:
    """All devices, those in use first; their certificates, and who has not enrolled yet."""
    order = (Device.revoked_at.is_not(None), Device.name)
    hub = get_hub(request)
    return render(
        request, session, who, "devices.html",
        devices=session.scalars(select(Device).order_by(*order)).all(),
        names=views.bundle_names(session), ends=device_certificates.expiries(session),
        awaited=devices.awaited(session), now=utc_now(), soon=utc_now() + EXPIRES_SOON,
        command=devices.enroll_command(hub.config, hub.authority, "{token}"),
        crm_site=devices.CRM_SITE,
    )  # fmt: skip


@router.get("/alerts")
def alert_list(
    request: Request, session: ReadDep, who: ViewerPage, page: PageNumber = 1
) -> Response:
    """Alerts; those nobody has seen first."""
    order = (Alert.seen_at.is_not(None), Alert.at.desc(), Alert.id.desc())
    alerts, place = page_of(request, session, select(Alert).order_by(*order), page, SHOWN)
    return render(request, session, who, "alerts.html", alerts=alerts, place=place)


@router.get("/people")
def people(request: Request, session: ReadDep, who: AdminPage) -> Response:
    """People and their API tokens."""
    return render(
        request, session, who, "people.html",
        people=auth.list_people(session), tokens=auth.list_tokens(session), roles=auth.ROLES,
        made=offspring(session), awaited=devices.awaited(session),
    )  # fmt: skip


@router.post("/v1/alerts/{alert_id}/seen")
def acknowledge(alert_id: int, session: SessionDep, who: auth.Reviewer) -> dict[str, object]:
    """Notes who has seen an alert; the first one counts."""
    alert = session.get(Alert, alert_id)
    if alert is None:
        raise NotFoundError("There is no such alert in this hub.")
    if alert.seen_at is None:
        alert.seen_by, alert.seen_at = who.login, utc_now()
        audit(session, who.login, "alert.seen", str(alert_id))
    return {"id": alert_id, "seen_by": alert.seen_by}
