"""Bytes by digest: put, head, get."""

from __future__ import annotations

import secrets
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Request, Response
from fastapi.concurrency import run_in_threadpool

from cloud_sync.api.ranges import ranged
from cloud_sync.errors import NotFoundError, TooLargeError
from cloud_sync.hub import Hub, HubDep, ReadDep
from cloud_sync.store.db import insert_once
from cloud_sync.store.models import Blob
from cloud_sync.store.storage import check_digest
from cloud_sync.web.auth import require
from cloud_sync.web.security import UNTRUSTED_CONTENT_HEADERS

router = APIRouter(prefix="/v1/blobs", tags=["blobs"])

_DEFAULT_TYPE = "application/octet-stream"


@router.put("/{digest}", status_code=201, dependencies=[Depends(require("engineer"))])
async def put_blob(digest: str, request: Request, hub: HubDep) -> dict[str, str | int]:
    """Takes the body as the blob `digest`; the bytes must have that digest."""
    check_digest(digest)
    limit = max(hub.config.limits.bundle_bytes, hub.config.limits.blob_bytes)
    folder = hub.config.parts_dir
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"put-{secrets.token_hex(8)}"
    size = 0
    try:
        with open(path, "wb") as file:
            async for piece in request.stream():
                size += len(piece)
                if size > limit:
                    raise TooLargeError(f"more than {limit} bytes", where=digest)
                await run_in_threadpool(file.write, piece)
        await run_in_threadpool(hub.storage.put_file, path, digest)
    finally:
        path.unlink(missing_ok=True)
    media_type = request.headers.get("content-type", _DEFAULT_TYPE)[:100]
    await run_in_threadpool(_note, hub, digest, size, media_type)
    return {"digest": digest, "size": size}


def _note(hub: Hub, digest: str, size: int, media_type: str) -> None:
    row = {"digest": digest, "size": size, "media_type": media_type}
    with hub.database.transaction() as session:
        insert_once(session, Blob, [row])


@router.head("/{digest}", dependencies=[Depends(require("viewer"))])
def head_blob(digest: str, session: ReadDep) -> Response:
    """Whether the bytes are here, and how many."""
    row = session.get(Blob, check_digest(digest))
    if row is None:
        return Response(status_code=404)
    return Response(headers={"Content-Length": str(row.size), "Accept-Ranges": "bytes"})


@router.get("/{digest}", dependencies=[Depends(require("viewer"))])
def get_blob(
    digest: str,
    hub: HubDep,
    session: ReadDep,
    range: Annotated[str, Header()] = "",
) -> Response:
    """The bytes; takes Range. Never rendered by a browser as a page of the hub."""
    row = session.get(Blob, check_digest(digest))
    if row is None:
        raise NotFoundError("these bytes are not in the hub's store", where=digest)
    return ranged(
        hub.storage, digest, row.size, row.media_type, range, headers=UNTRUSTED_CONTENT_HEADERS
    )
