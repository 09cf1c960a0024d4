"""What agents ask over HTTP: enrolment, desired state, reporting."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Depends, Request
from pydantic import ConfigDict

from cloud_sync.fleet import deployments, devices, tuf
from cloud_sync.fleet.broker import Broker
from cloud_sync.fleet.devices import require_device
from cloud_sync.hub import HubDep, ReadDep, SessionDep
from cloud_sync.store.models import Device
from kits.core.hub_api import Desired, EnrollRequest, EnrollResponse, MqttAccess, Reported

router = APIRouter(prefix="/v1", tags=["device"])


class EnrollIn(EnrollRequest):
    """Built at once: FastAPI cannot take a model whose building was put off without a warning."""

    model_config = ConfigDict(defer_build=False)


class ReportedIn(Reported):
    """As above."""

    model_config = ConfigDict(defer_build=False)


DeviceDep = Annotated[Device, Depends(require_device)]


@router.post("/enroll")
def enroll(body: EnrollIn, request: Request, hub: HubDep) -> EnrollResponse:
    """Trades a one-time token for an identity."""
    with hub.database.transaction() as session:
        device, secret = devices.enroll(session, body.token, body.hardware)
    broker: Broker = request.app.state.broker
    with hub.database.session() as session:
        # the device connects at once, so the broker must know it before the answer goes out
        broker.set_logins(devices.logins(session))
        root = tuf.trusted_root(session)
    asked = request.url.hostname or "127.0.0.1"
    public = urlsplit(hub.config.public_url).hostname
    return EnrollResponse(
        device=device.name,
        site=device.site,
        group=device.group,
        token=secret,
        mqtt=MqttAccess(
            host=hub.config.broker.public_host or public or asked,
            port=broker.address.port,
            username=device.name,
            password=secret,
            tls=broker.address.tls,
        ),
        root=root,
    )


@router.get("/device/desired")
def desired(device: DeviceDep, session: ReadDep) -> Desired:
    """What the device should run."""
    return deployments.desired_for(session, device.name)


@router.post("/device/reported", status_code=204)
def report(body: ReportedIn, device: DeviceDep, session: SessionDep) -> None:
    """What the device runs."""
    deployments.apply_report(session, device.name, body)
