"""What agents ask over HTTP: enrolment, certificate renewal, desired state, reporting."""

from __future__ import annotations

import base64
import binascii
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from pydantic import ConfigDict

from cloud_sync.errors import UnauthenticatedError
from cloud_sync.fleet import deployments, device_certificates, devices, tuf
from cloud_sync.fleet.broker import Broker
from cloud_sync.fleet.devices import require_device
from cloud_sync.hub import HubDep, ReadDep, SessionDep
from cloud_sync.store.models import Device
from kits.core.errors import DataError
from kits.core.hub_api import (
    CertificateRequest,
    CertificateResponse,
    Desired,
    EnrollRequest,
    EnrollResponse,
    MqttAccess,
    Reported,
)

router = APIRouter(prefix="/v1", tags=["device"])


class EnrollIn(EnrollRequest):
    """Built at once: FastAPI cannot take a model whose building was put off without a warning."""

    model_config = ConfigDict(defer_build=False)


class CertificateIn(CertificateRequest):
    """As above."""

    model_config = ConfigDict(defer_build=False)


class ReportedIn(Reported):
    """As above."""

    model_config = ConfigDict(defer_build=False)


DeviceDep = Annotated[Device, Depends(require_device)]


@router.post("/enroll")
def enroll(body: EnrollIn, request: Request, hub: HubDep) -> EnrollResponse:
    """Trades a one-time token for an identity."""
    address = _address(request)
    with hub.database.transaction() as session:
        # all or nothing: a damaged certificate request leaves the token unused
        device, secret = devices.enroll(session, body.token, body.hardware, address=address)
        issued = device_certificates.certify(
            session, hub.authority, device.name, body.csr.encode(), address=address
        )
    broker: Broker = request.app.state.broker
    with hub.database.session() as session:
        # the device connects at once, so the broker must know it before the answer goes out
        broker.set_logins(devices.logins(session))
        root = tuf.trusted_root(session)
    return EnrollResponse(
        device=device.name,
        site=device.site,
        group=device.group,
        token=secret,
        certificate=issued.pem.decode(),
        ca=hub.authority.ca_pem.decode(),
        mqtt=_mqtt(broker, device.name, secret, request),
        root=root,
    )


def _mqtt(broker: Broker, name: str, secret: str, request: Request) -> MqttAccess:
    place = broker.device_address
    return MqttAccess(
        host=place.host or request.url.hostname or "127.0.0.1",
        port=place.port,
        username=name,
        password="" if place.tls else secret,
        tls=place.tls,
    )


def _address(request: Request) -> str:
    return request.client.host if request.client else ""


@router.post("/device/certificate")
def renew_certificate(
    body: CertificateIn, request: Request, device: DeviceDep, hub: HubDep, session: SessionDep
) -> CertificateResponse:
    """A certificate for the device's new key, against the old key's signature."""
    try:
        proof = base64.b64decode(body.proof, validate=True)
    except binascii.Error as error:
        raise DataError("the proof is not base64") from error
    devices.held(session, device.name)
    if devices.device_by_token(session, devices.bearer(request)) is None:
        raise UnauthenticatedError("this token was revoked meanwhile", fix="edge-agent enroll")
    issued = device_certificates.renew(
        session, hub.authority, device.name, body.csr.encode(), proof,
        present=body.certificate.encode(), address=_address(request),
    )  # fmt: skip
    return CertificateResponse(certificate=issued.pem.decode(), ca=hub.authority.ca_pem.decode())


@router.get("/device/desired")
def desired(device: DeviceDep, session: ReadDep) -> Desired:
    """What the device should run."""
    return deployments.desired_for(session, device.name)


@router.post("/device/reported", status_code=204)
def report(body: ReportedIn, device: DeviceDep, session: SessionDep) -> None:
    """What the device runs."""
    deployments.apply_report(session, device.name, body)
