"""Devices and alerts over HTTP, for people."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import JsonValue
from sqlalchemy import select

from cloud_sync.api._paging import Before, newest_page
from cloud_sync.fleet import device_certificates, devices, windows
from cloud_sync.hub import HubDep, ReadDep, SessionDep
from cloud_sync.store.models import Alert, Device, EnrollToken
from cloud_sync.web.auth import Engineer, Viewer
from kits.core.section import Section

router = APIRouter(prefix="/v1", tags=["fleet"])

Json = dict[str, JsonValue]
Limit = Annotated[int, Query(ge=1, le=500)]


class NewDevice(Section):
    """A device to prepare."""

    name: str
    site: str
    group: str = ""


@router.get("/devices")
def list_devices(_person: Viewer, session: ReadDep) -> dict[str, list[Json]]:
    """All devices by name, and those whose one-time token is not used yet."""
    ends = device_certificates.expiries(session)
    return {
        "devices": [device_json(d, ends.get(d.name)) for d in devices.all_devices(session)],
        "awaited": [awaited_json(token) for token in devices.awaited(session)],
    }


@router.post("/devices", status_code=201)
def add_device(body: NewDevice, person: Engineer, hub: HubDep, session: SessionDep) -> Json:
    """Prepares an enrolment; the token is shown this once."""
    token = devices.add_device(
        session, body.name, site=body.site, group=body.group, who=person.login
    )
    command = devices.enroll_command(hub.config, hub.authority, token)
    return {
        "device": body.name, "token": token, "valid_h": 24,
        "ca_fingerprint": hub.authority.fingerprint, "command": command,
    }  # fmt: skip


@router.post("/devices/{name}/revoke")
def revoke_device(name: str, person: Engineer, session: SessionDep) -> Json:
    """Ends a device's access, or an enrolment that was prepared."""
    devices.revoke(session, name, who=person.login)
    return {"name": name, "revoked": True}


class NewWindow(Section):
    """Raw signals that a person wants."""

    asset: str
    minutes: float


@router.post("/devices/{name}/windows", status_code=201)
def request_window(name: str, body: NewWindow, person: Engineer, session: SessionDep) -> Json:
    """Asks a device for the raw signals of the last minutes of an asset."""
    wish = windows.ask(session, name, body.asset, body.minutes, who=person.login)
    return {"device": name, **wish.model_dump(mode="json")}


@router.get("/alerts")
def list_alerts(
    _person: Viewer, session: ReadDep, limit: Limit = 100, before: Before = None
) -> Json:
    """Alerts, newest first; ask for the next page with `before=next`."""
    rows, following = newest_page(session, select(Alert), Alert.id, limit, before)
    return {
        "alerts": [
            {
                "id": row.id, "device": row.device, "name": row.name, "severity": row.severity,
                "text": row.text, "where": row.where, "at": row.at.isoformat(),
            }
            for row in rows
        ],
        "next": following,
    }  # fmt: skip


def device_json(device: Device, certificate_ends: datetime | None = None) -> Json:
    """A device for API and `--json`."""
    return {
        "name": device.name,
        "enrolled": True,
        "certificate_ends": certificate_ends.isoformat() if certificate_ends else None,
        "site": device.site,
        "group": device.group,
        "hardware": device.hardware,
        "online": device.online,
        "revoked": device.revoked_at is not None,
        "last_seen_at": device.last_seen_at.isoformat() if device.last_seen_at else None,
        "bundle": device.running_bundle,
        "reported": device.reported,
        "figures": device.figures,
    }


def awaited_json(token: EnrollToken) -> Json:
    """A device that has not enrolled yet."""
    return {
        "name": token.device,
        "enrolled": False,
        "site": token.site,
        "group": token.group,
        "token_ends": token.expires_at.isoformat(),
    }
