"""Answers of the hub, read within bounds of bytes and seconds: whatever it says may be a lie.

What an answer means is its readers' business. Downloads of bundles, which may take hours, have their
own way (`download.py`).
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Protocol

import urllib3

from edge_agent.errors import HubUnreachableError, LongAnswerError

ANSWER_BYTES = 64 << 10
"""Longest answer to a plain question."""
_LONGEST_S = 60.0
_PIECE = 1 << 14


class Requests(Protocol):
    """The hub as its HTTP API answers."""

    def request(
        self,
        method: str,
        path: str,
        *,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> urllib3.BaseHTTPResponse:
        """One request; the answer's body is still to be read. Raises HubUnreachableError."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the hub said."""

    status: int
    body: bytes


def ask(
    hub: Requests,
    method: str,
    path: str,
    *,
    body: bytes | None = None,
    limit: int = ANSWER_BYTES,
) -> Answer:
    """One question and its whole answer.

    Args:
        limit: longest body that is read, bytes.

    Raises:
        HubUnreachableError: no answer, or it broke off, or takes longer than a minute.
        LongAnswerError: longer than `limit`.
    """
    response = hub.request(method, path, body=body)
    try:
        return Answer(response.status, _read(response, limit, path))
    finally:
        # what is left unread must not be taken for the answer to the next request
        response.close()
        response.release_conn()


def _read(response: urllib3.BaseHTTPResponse, limit: int, path: str) -> bytes:
    end = time.monotonic() + _LONGEST_S
    content = bytearray()
    try:
        while piece := response.read1(_PIECE, decode_content=False):
            content += piece
            if len(content) > limit:
                raise LongAnswerError(f"the hub answers with more than {limit} bytes", where=path)
            if time.monotonic() > end:
                raise HubUnreachableError("the hub answers too slowly", where=path)
    except (urllib3.exceptions.HTTPError, OSError) as error:
        raise HubUnreachableError(f"the answer was cut off: {error}", where=path) from error
    return bytes(content)
