"""Devices, alerts and declared losses over HTTP, for people."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, JsonValue
from sqlalchemy import select

from cloud_sync.fleet import devices
from cloud_sync.hub import ReadDep, SessionDep
from cloud_sync.intake.losses import losses
from cloud_sync.store.models import Alert, Device, Gap
from cloud_sync.web.auth import Engineer, Viewer

router = APIRouter(prefix="/v1", tags=["fleet"])

Json = dict[str, JsonValue]
Limit = Annotated[int, Query(ge=1, le=500)]


class NewDevice(BaseModel):
    """A device to prepare."""

    model_config = ConfigDict(extra="forbid")

    name: str
    site: str
    group: str = ""


@router.get("/devices")
def list_devices(_person: Viewer, session: ReadDep) -> dict[str, list[Json]]:
    """All devices by name."""
    return {"devices": [device_json(device) for device in devices.all_devices(session)]}


@router.post("/devices", status_code=201)
def add_device(body: NewDevice, person: Engineer, session: SessionDep) -> Json:
    """Prepares an enrolment; the token is shown this once."""
    token = devices.add_device(
        session, body.name, site=body.site, group=body.group, who=person.login
    )
    return {"device": body.name, "token": token, "valid_h": 24}


@router.post("/devices/{name}/revoke")
def revoke_device(name: str, person: Engineer, session: SessionDep) -> Json:
    """Ends a device's access."""
    devices.revoke(session, name, who=person.login)
    return device_json(devices.find(session, name))


@router.get("/alerts")
def list_alerts(_person: Viewer, session: ReadDep, limit: Limit = 100) -> dict[str, list[Json]]:
    """Alerts, newest first."""
    rows = session.scalars(select(Alert).order_by(Alert.id.desc()).limit(limit))
    return {
        "alerts": [
            {
                "id": row.id, "device": row.device, "name": row.name, "severity": row.severity,
                "text": row.text, "where": row.where, "at": row.at.isoformat(),
            }
            for row in rows
        ]
    }  # fmt: skip


@router.get("/gaps")
def list_gaps(_person: Viewer, session: ReadDep, limit: Limit = 100) -> dict[str, list[Json]]:
    """Declared losses, newest first; `missing` of the declared `rows` are not here."""
    rows = session.scalars(select(Gap).order_by(Gap.id.desc()).limit(limit)).all()
    return {
        "gaps": [
            {
                "device": row.device, "class": row.klass, "first_seq": row.first_seq,
                "last_seq": row.last_seq, "rows": row.rows, "missing": loss.rows,
                "blobs": row.blobs, "bytes": row.bytes, "reason": row.reason,
                "at": row.at.isoformat(),
            }
            for loss in losses(session, rows)
            for row in (loss.gap,)
        ]
    }  # fmt: skip


def device_json(device: Device) -> Json:
    """A device for API and `--json`."""
    return {
        "name": device.name,
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
