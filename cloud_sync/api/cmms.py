"""`/v1/cmms/{name}`: a maintenance system says what became of a case."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request

from cloud_sync.cmms.inbound import take, verify
from cloud_sync.hub import HubDep
from cloud_sync.transit import discard

router = APIRouter(prefix="/v1/cmms", tags=["cmms"])


def _secrets(request: Request, name: str) -> tuple[bytes, ...]:
    """What messages to this name are signed with; none: none is taken."""
    known = name == request.app.state.hub.config.cmms.target
    return tuple(request.app.state.cmms_secrets) if known else ()


async def read_body(name: str, request: Request) -> bytes:
    """The bytes as they were signed; their number is bounded by `limits.py`. Those nobody can verify are not kept."""
    if _secrets(request, name):
        return await request.body()
    await discard(request)
    return b""


@router.post("/{name}")
def receive(
    name: str, request: Request, hub: HubDep, body: Annotated[bytes, Depends(read_body)]
) -> dict[str, bool]:
    """Takes a signed message (Standard Webhooks) that acknowledges or closes a case."""
    message_id = verify(request.headers, body, _secrets(request, name))
    with hub.database.transaction() as session:
        changed = take(session, hub, name, message_id, body)
    return {"changed": changed}
