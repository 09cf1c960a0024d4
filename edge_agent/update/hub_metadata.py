"""Asks the hub for TUF metadata and for the time. Everything read is bounded, nothing is believed."""

from __future__ import annotations

from pydantic import ValidationError

from edge_agent.errors import HubUnreachableError, LongAnswerError, MetadataError
from edge_agent.update.answers import Answer, Requests, ask
from kits.core.hub_api import SignedTime, TimeRequest

_TIME_BYTES = 8 << 10


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
        answer = self._ask("GET", f"/v1/tuf/{name}", limit=limit)
        return None if answer.status == 404 else _content(answer, name)

    def ask_time(self, nonce: str) -> SignedTime:
        """The hub's signed word on what time it is, unchecked.

        Raises:
            HubUnreachableError: no answer, or a refusal.
            MetadataError: the answer is not understood.
        """
        question = TimeRequest(nonce=nonce).model_dump_json().encode()
        answer = self._ask("POST", "/v1/device/time", body=question, limit=_TIME_BYTES)
        try:
            return SignedTime.model_validate_json(_content(answer, "the time"))
        except ValidationError as error:
            raise MetadataError("the hub's word on the time is not understood") from error

    def _ask(self, method: str, path: str, *, limit: int, body: bytes | None = None) -> Answer:
        try:
            return ask(self._hub, method, path, body=body, limit=limit)
        except LongAnswerError as error:
            raise MetadataError(error.what, where=path) from error


def _content(answer: Answer, name: str) -> bytes:
    if answer.status != 200:
        raise HubUnreachableError(f"the hub answered {answer.status}", where=name)
    return answer.body
