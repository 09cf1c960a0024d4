"""Talks to the hub over HTTP: what is desired, what is reported, and any other single request."""

from __future__ import annotations

from pathlib import Path

import urllib3
from pydantic import ValidationError

from edge_agent.errors import HubUnreachableError, ReportRefusedError
from edge_agent.update.answers import ANSWER_BYTES, Answer, ask
from edge_agent.update.slow_peer import POOLS
from kits.core.errors import plain_reason
from kits.core.hub_api import Desired, Reported
from kits.core.sample import utc_now
from kits.core.tls import Clock, pinned_context

_NOT_UNDERSTOOD = (400, 413, 422)


class HubClient:
    """The hub's HTTP API as a device sees it.

    Args:
        token: the device token from enrolment; empty before it.
        ca: the authority (PEM, or a file of it) that the hub's certificate must come from; None:
            the system's, for a hub behind a proxy.
        clock: now in UTC, or the latest moment known to have passed.
    """

    def __init__(
        self,
        url: str,
        token: str,
        *,
        ca: bytes | Path | None = None,
        timeout_s: float = 10.0,
        clock: Clock = utc_now,
    ) -> None:
        self._url = url.rstrip("/")
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._timeout = urllib3.Timeout(connect=min(timeout_s, 5.0), read=timeout_s)
        context = pinned_context(ca, clock=clock) if ca is not None else None
        self._pool = urllib3.PoolManager(retries=False, ssl_context=context, maxsize=2)
        self._pool.pool_classes_by_scheme = POOLS

    def close(self) -> None:
        """Closes idle connections; the client may still be used."""
        self._pool.clear()

    def request(
        self,
        method: str,
        path: str,
        *,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> urllib3.BaseHTTPResponse:
        """One request; the answer's body is still to be read. Follows no redirect.

        Raises:
            HubUnreachableError: no answer.
        """
        every = {**self._headers, **(headers or {})}
        if body is not None:
            every["Content-Type"] = "application/json"
        try:
            return self._pool.request(
                method,
                self._url + path,
                body=body,
                headers=every,
                timeout=self._timeout,
                preload_content=False,
                redirect=False,
            )
        except urllib3.exceptions.SSLError as error:
            raise HubUnreachableError(
                f"the hub could not prove who it is: {error}",
                where=self._url,
                fix="check the address and this device's clock; after a new hub: edge-agent enroll",
            ) from error
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise HubUnreachableError(
                f"the hub does not answer: {plain_reason(error)}",
                where=self._url,
                fix="check the address and that cloud-sync serve is running",
            ) from error

    def ask(
        self, method: str, path: str, body: bytes | None = None, *, limit: int = ANSWER_BYTES
    ) -> Answer:
        """One question and its whole answer, of at most `limit` bytes.

        Raises:
            HubUnreachableError: no answer, or one that is too long or too slow.
        """
        return ask(self, method, path, body=body, limit=limit)

    def desired(self) -> Desired:
        """What this device should run. Raises HubUnreachableError."""
        answer = self.ask("GET", "/v1/device/desired")
        if answer.status != 200:
            raise _refused(answer, self._url)
        try:
            return Desired.model_validate_json(answer.body)
        except ValidationError as error:
            raise HubUnreachableError(
                "the hub's answer is not understood", where=self._url
            ) from error

    def report(self, reported: Reported) -> None:
        """Tells what runs.

        Raises:
            ReportRefusedError: this one will never be taken.
            HubUnreachableError: another time perhaps.
        """
        answer = self.ask("POST", "/v1/device/reported", reported.model_dump_json().encode())
        if answer.status in _NOT_UNDERSTOOD:
            raise ReportRefusedError(f"the hub refuses a report: {answer.status}", where=self._url)
        if answer.status >= 300:
            raise _refused(answer, self._url)


def _refused(answer: Answer, url: str) -> HubUnreachableError:
    fix = "edge-agent enroll: this device's token is not valid" if answer.status == 401 else ""
    return HubUnreachableError(f"the hub answered {answer.status}", where=url, fix=fix)
