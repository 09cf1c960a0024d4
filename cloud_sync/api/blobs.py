"""Bytes by digest: put, head, get."""

from __future__ import annotations

import re
import secrets
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import Field
from sqlalchemy import update

from cloud_sync.api.ranges import ranged
from cloud_sync.errors import NotFoundError
from cloud_sync.hub import Hub, HubDep, ReadDep
from cloud_sync.store.bulk import found_among, in_portions
from cloud_sync.store.db import insert_new, insert_once
from cloud_sync.store.models import Blob
from cloud_sync.store.storage import check_digest
from cloud_sync.web.auth import require
from cloud_sync.web.security import UNTRUSTED_CONTENT_HEADERS
from kits.core.packed import MAX_BLOBS, unpack
from kits.core.section import Section

router = APIRouter(prefix="/v1/blobs", tags=["blobs"])

_DEFAULT_TYPE = "application/octet-stream"
_MEDIA_TYPE = re.compile(r"[\w!#$&^.+-]+/[\w!#$&^.+-]+(?:;[ -~]*)?", re.ASCII)
"""What may stand in a header: a device says of its bytes what it likes, line breaks and all."""


class Asked(Section):
    """Digests somebody would like to send."""

    digests: list[Annotated[str, Field(pattern="^[0-9a-f]{64}$")]] = Field(max_length=MAX_BLOBS)


@router.post("/missing", dependencies=[Depends(require("engineer"))])
def missing_blobs(body: Asked, session: ReadDep) -> dict[str, list[str]]:
    """Which of these blobs are not here."""
    known = found_among(session, Blob.digest, body.digests)
    return {"missing": [digest for digest in body.digests if digest not in known]}


@router.put("/pack", status_code=201, dependencies=[Depends(require("engineer"))])
async def put_pack(
    request: Request,
    hub: HubDep,
    type: Annotated[str, Query(max_length=100)] = _DEFAULT_TYPE,
) -> dict[str, list[str]]:
    """Takes many small blobs of one media type in one body (`kits.core.packed`); their digests, in order."""
    body = await request.body()  # not more than `BodyLimit` lets through
    return {"digests": await run_in_threadpool(_store_pack, hub, list(unpack(body)), type)}


def _store_pack(hub: Hub, contents: list[bytes], media_type: str) -> list[str]:
    digests = hub.storage.put_many(contents)
    sizes = {digest: len(content) for digest, content in zip(digests, contents)}
    rows = [
        {"digest": digest, "size": size, "media_type": media_type} for digest, size in sizes.items()
    ]
    with hub.database.transaction() as session:
        new = {digest for (digest,) in insert_new(session, Blob, rows, [Blob.digest])}
        there = [digest for digest in sizes if digest not in new]
        for some in in_portions(there):
            session.execute(update(Blob).where(Blob.digest.in_(some)).values(kept=True))
    gone = [digest for digest in there if not hub.storage.has(digest)]
    if gone:  # the last samples that named them were pruned at this moment
        hub.storage.put_many([content for d, content in zip(digests, contents) if d in set(gone)])
    return digests


@router.put("/{digest}", status_code=201, dependencies=[Depends(require("engineer"))])
async def put_blob(digest: str, request: Request, hub: HubDep) -> dict[str, str | int]:
    """Takes the body as the blob `digest`; the bytes must have that digest."""
    check_digest(digest)
    folder = hub.config.parts_dir
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"put-{secrets.token_hex(8)}"
    size = 0
    try:
        with open(path, "wb") as file:
            async for piece in request.stream():  # not more than `BodyLimit` lets through
                size += len(piece)
                await run_in_threadpool(file.write, piece)
        media_type = request.headers.get("content-type", _DEFAULT_TYPE)[:100]
        await run_in_threadpool(_store, hub, path, digest, size, media_type)
    finally:
        path.unlink(missing_ok=True)
    return {"digest": digest, "size": size}


def _store(hub: Hub, path: Path, digest: str, size: int, media_type: str) -> None:
    hub.storage.put_file(path, digest)
    row = {"digest": digest, "size": size, "media_type": media_type}
    with hub.database.transaction() as session:
        if not insert_once(session, Blob, [row]):
            # a device had sent it before: from now on it stays, whatever becomes of the sample
            session.execute(update(Blob).where(Blob.digest == digest).values(kept=True))
    if not hub.storage.has(digest):
        # the last sample that named it was pruned at this moment
        hub.storage.put_file(path, digest)


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
    kind = row.media_type if _MEDIA_TYPE.fullmatch(row.media_type) else _DEFAULT_TYPE
    return ranged(hub.storage, digest, row.size, kind, range, headers=UNTRUSTED_CONTENT_HEADERS)
