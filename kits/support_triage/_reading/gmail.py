"""A message of Gmail's API → its headers and text as columns: as it came (`raw`), or in parts whose texts are in base64."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator

from pydantic import JsonValue

from kits.core.errors import DataError
from kits.core.mail.folders import is_system, own_kind
from kits.core.mail.message import read_message
from kits.core.tables import Row

_MAX_DEPTH = 6
_KINDS = ("text/plain", "text/html")
"""Of what is read of a message, the first that is there."""


def as_message(row: Row) -> Row | None:
    """Its columns; None where the row is no message of Gmail's. What was sent, thrown away or unwanted counts as the firm's."""
    if "labelIds" not in row or not ("raw" in row or "payload" in row):
        return None
    known: Row = {name: row[name] for name in ("id", "threadId") if name in row}
    labels = row["labelIds"].split("|")
    named = (name for name in labels if not is_system(name) and not _is_shown(name))
    found = _raw(row["raw"]) if row.get("raw") else _parts(row.get("payload", ""))
    sent = any(own_kind(name) for name in labels)
    told = {"direction": "outgoing" if sent else "incoming", "labels": "|".join(named)}
    return {**known, **found, **told}


def _is_shown(name: str) -> bool:
    return name.upper().startswith("CATEGORY_")


def _raw(cell: str) -> Row:
    try:
        message = read_message(_decoded(cell))
    except DataError:
        return {}
    date = next(iter(message.headers.get("date", ())), "")
    return {"from": message.sender, "subject": message.subject, "date": date, "body": message.plain or message.html}  # fmt: skip


def _parts(cell: str) -> Row:
    try:
        payload: JsonValue = json.loads(cell)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(payload, dict):
        return {}
    listed = payload.get("headers")
    headers = {
        str(one.get("name", "")).lower(): str(one.get("value", ""))
        for one in (listed if isinstance(listed, list) else [])
        if isinstance(one, dict)
    }
    texts = dict(reversed(list(_texts(payload, 0))))
    body = next((texts[kind] for kind in _KINDS if kind in texts), "")
    return {**{name: headers.get(name, "") for name in ("from", "subject", "date")}, "body": body}


def _texts(part: dict[str, JsonValue], depth: int) -> Iterator[tuple[str, str]]:
    """Kind and text of all parts, in their order."""
    body, parts = part.get("body"), part.get("parts")
    data = body.get("data") if isinstance(body, dict) else None
    if isinstance(data, str):
        yield str(part.get("mimeType", "")).lower(), _decoded(data).decode("utf-8", errors="replace")  # fmt: skip
    for one in parts if isinstance(parts, list) and depth < _MAX_DEPTH else ():
        if isinstance(one, dict):
            yield from _texts(one, depth + 1)


def _decoded(cell: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(cell + "=" * (-len(cell) % 4))
    except (ValueError, binascii.Error):
        return b""
