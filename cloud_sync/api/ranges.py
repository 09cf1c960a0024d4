"""Stored bytes as answers: a whole blob, or by range requests (RFC 9110 §14) one range, else the whole."""

from __future__ import annotations

import re
from collections.abc import Mapping

from fastapi.responses import Response, StreamingResponse

from cloud_sync.store.storage import READ_BYTES, Storage

_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII)


class _UnsatisfiableError(ValueError):
    """The range lies outside the bytes."""


def ranged(
    storage: Storage,
    digest: str,
    size: int,
    media_type: str,
    wanted: str,
    *,
    if_range: str = "",
    headers: Mapping[str, str] | None = None,
) -> Response:
    """The response to a GET with header `Range: wanted`: 200, 206 or 416.

    Args:
        if_range: the entity tag the client has; another one than ours gives the whole.
    """
    tag = f'"{digest}"'
    common = {**(headers or {}), "Accept-Ranges": "bytes", "ETag": tag}
    if if_range and if_range != tag:
        wanted = ""
    try:
        span = parse_range(wanted, size)
    except _UnsatisfiableError:
        return Response(status_code=416, headers={**common, "Content-Range": f"bytes */{size}"})
    first, last = span or (0, size - 1)
    common["Content-Length"] = str(last - first + 1)
    if span is not None:
        common["Content-Range"] = f"bytes {first}-{last}/{size}"
    return StreamingResponse(
        storage.stream(digest, first, last),
        status_code=200 if span is None else 206,
        media_type=media_type,
        headers=common,
    )


def whole(
    storage: Storage, digest: str, media_type: str, headers: Mapping[str, str] | None = None
) -> Response:
    """The response with all of a blob. A large one goes out in pieces: who reads slowly keeps none of it in memory.

    It is read twice then, so that a damaged one is told as such.

    Raises:
        NotFoundError: it is not in the store.
        DataError: it is damaged.
    """
    size = storage.size(digest)
    if size <= READ_BYTES:
        return Response(storage.get(digest), media_type=media_type, headers=dict(headers or {}))
    storage.check(digest)
    return StreamingResponse(
        storage.stream(digest, 0, size - 1),
        media_type=media_type,
        headers={**(headers or {}), "Content-Length": str(size)},
    )


def parse_range(header: str, size: int) -> tuple[int, int] | None:
    """First and last byte asked for; None: the whole (no header, or one we need not obey)."""
    match = _RANGE.fullmatch(header.strip())
    if match is None or match.groups() == ("", ""):
        return None
    start, end = match.groups()
    if not start:
        first, last = max(0, size - int(end)), size - 1
    else:
        first, last = int(start), min(int(end) if end else size - 1, size - 1)
    if first > last or (not start and int(end) == 0):
        raise _UnsatisfiableError(header)
    return first, last
