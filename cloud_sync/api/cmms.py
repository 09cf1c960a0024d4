"""`/v1/cmms/{name}`: a maintenance system says what became of a case."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request

from cloud_sync.cmms.inbound import take, verify
from cloud_sync.hub import HubDep

router = APIRouter(prefix="/v1/cmms", tags=["cmms"])


async def read_body(request: Request) -> bytes:
    """The bytes as they were signed; their number is bounded by `limits.py`."""
    return await request.body()


@router.post("/{name}")
def receive(
    name: str, request: Request, hub: HubDep, body: Annotated[bytes, Depends(read_body)]
) -> dict[str, bool]:
    """Takes a signed message (Standard Webhooks) that acknowledges or closes a case."""
    known = name == hub.config.cmms.target
    secrets = request.app.state.cmms_secrets if known else ()
    message_id = verify(request.headers, body, secrets)
    with hub.database.transaction() as session:
        changed = take(session, hub, name, message_id, body)
    return {"changed": changed}
