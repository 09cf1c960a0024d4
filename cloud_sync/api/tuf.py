"""TUF metadata over HTTP: served to devices and engineers, taken from engineers; and the time."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, BackgroundTasks, Depends, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import RequestValidationError
from pydantic import ConfigDict, ValidationError

from cloud_sync.api.access import device_or_person
from cloud_sync.api.device import DeviceDep
from cloud_sync.fleet import clock, tuf
from cloud_sync.hub import HubDep, ReadDep, SessionDep
from cloud_sync.web.auth import Engineer
from kits.core.hub_api import (
    MetadataVersions,
    NewMetadata,
    OnlineKey,
    SignedTime,
    TimeRequest,
)

router = APIRouter(prefix="/v1", tags=["tuf"])


class TimeRequestIn(TimeRequest):
    """Built at once: FastAPI cannot take a model whose building was put off without a warning."""

    model_config = ConfigDict(defer_build=False)


async def _signed(request: Request, _person: Engineer) -> NewMetadata:
    """The body, read only now that an engineer is known to send it: metadata may be long."""
    body = await request.body()
    try:
        return await run_in_threadpool(NewMetadata.model_validate_json, body)
    except ValidationError as error:
        raise RequestValidationError(
            error.errors(include_url=False, include_context=False, include_input=False)
        ) from error


Signed = Annotated[NewMetadata, Depends(_signed)]
_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": NewMetadata.model_json_schema()}},
    }
}
"""What FastAPI would say of the body, had it read it."""


@router.get("/tuf/online-key")
def online_key(_person: Engineer, hub: HubDep) -> OnlineKey:
    """The public key a root should name for snapshot and timestamp: the newest one."""
    key = hub.keys.public_keys()[-1]
    return OnlineKey(key_id=key.keyid, key=key.to_dict())


@router.post("/tuf/online-key")
def prepare_online_key(_person: Engineer, hub: HubDep) -> OnlineKey:
    """Makes the key that follows; it signs once a root names it."""
    key = hub.keys.prepare()
    return OnlineKey(key_id=key.keyid, key=key.to_dict())


@router.post("/tuf/root", openapi_extra=_BODY)
def post_root(
    person: Engineer, body: Signed, hub: HubDep, session: SessionDep, after: BackgroundTasks
) -> MetadataVersions:
    """Takes the next root, with targets when their keys change."""
    done = tuf.accept(hub, session, root=body.root, targets=body.targets, who=person.login)
    after.add_task(tuf.settle, hub)  # runs when the transaction is committed
    return MetadataVersions(**asdict(done))


@router.post("/tuf/targets", openapi_extra=_BODY)
def post_targets(
    person: Engineer, body: Signed, hub: HubDep, session: SessionDep
) -> MetadataVersions:
    """Takes the next targets: releases."""
    done = tuf.accept(hub, session, targets=body.targets, who=person.login)
    return MetadataVersions(**asdict(done))


@router.get("/tuf/{name}")
def metadata(name: str, request: Request, hub: HubDep, session: ReadDep) -> Response:
    """A metadata file, byte by byte as it was signed."""
    device_or_person(request, hub)
    return Response(tuf.read(session, name), media_type="application/json")


@router.post("/device/time")
def time(body: TimeRequestIn, _device: DeviceDep, hub: HubDep) -> SignedTime:
    """The time, signed; for a device whose clock cannot be trusted."""
    return clock.signed_time(hub, body.nonce)
