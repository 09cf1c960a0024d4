"""Asks the hub for TUF metadata and for the time. Everything read is bounded, nothing is believed."""

from __future__ import annotations

import time

import urllib3
from pydantic import ValidationError

from edge_agent.errors import HubUnreachableError, MetadataError
from edge_agent.update.download import Requests
from kits.core.hub_api import SignedTime, TimeRequest

_TIME_BYTES = 8 << 10
_LONGEST_S = 60.0
_PIECE = 1 << 14


class HubMetadata:
    """The hub's `/v1/tuf/…` and `/v1/device/time`."""

    def __init__(self, hub: Requests) -> None:
        self._hub = hub

    def get(self, name: str, limit: int) -> bytes | None:
        """The file `name` of at most `limit` bytes, or None where the hub has none.

        Raises:
            HubUnreachableError: no answer, or another one than 200 and 404.
            MetadataError: longer than `limit`.
        """
        response = self._hub.request("GET", f"/v1/tuf/{name}", stream=True)
        try:
            if response.status == 404:
                return None
            return _read(response, limit, name)
        finally:
            response.close()
            response.release_conn()

    def ask_time(self, nonce: str) -> SignedTime:
        """The hub's signed word on what time it is, unchecked.

        Raises:
            HubUnreachableError: no answer, or a refusal.
            MetadataError: the answer is not understood.
        """
        question = TimeRequest(nonce=nonce).model_dump_json().encode()
        response = self._hub.request("POST", "/v1/device/time", body=question, stream=True)
        try:
            answer = _read(response, _TIME_BYTES, "the time")
        finally:
            response.close()
            response.release_conn()
        try:
            return SignedTime.model_validate_json(answer)
        except ValidationError as error:
            raise MetadataError("the hub's word on the time is not understood") from error


def _read(response: urllib3.BaseHTTPResponse, limit: int, name: str) -> bytes:
    """The body, within `limit` bytes and a minute: a trickle must not hold the updater."""
    if response.status != 200:
        raise HubUnreachableError(f"the hub answered {response.status}", where=name)
    end = time.monotonic() + _LONGEST_S
    content = bytearray()
    try:
        while piece := response.read1(_PIECE, decode_content=False):
            content += piece
            if len(content) > limit:
                raise MetadataError(f"longer than {limit} bytes", where=name)
            if time.monotonic() > end:
                raise HubUnreachableError("the hub answers too slowly", where=name)
    except (urllib3.exceptions.HTTPError, OSError) as error:
        raise HubUnreachableError(f"the answer was cut off: {error}", where=name) from error
    return bytes(content)
