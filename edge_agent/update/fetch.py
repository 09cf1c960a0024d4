"""Talks to the hub over HTTP: what is desired, what is reported, and any other single request."""

from __future__ import annotations

from pathlib import Path

import urllib3
from pydantic import ValidationError

from edge_agent.errors import HubUnreachableError
from kits.core.hub_api import Desired, Reported
from kits.core.sample import utc_now
from kits.core.tls import Clock, pinned_context


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
        stream: bool = False,
    ) -> urllib3.BaseHTTPResponse:
        """One request; never follows a redirect to another host.

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
                preload_content=not stream,
                redirect=False,
                # a cut download keeps what arrived; who reads a stream checks its size
                enforce_content_length=not stream,
            )
        except urllib3.exceptions.SSLError as error:
            raise HubUnreachableError(
                f"the hub could not prove who it is: {error}",
                where=self._url,
                fix="check the address and this device's clock; after a new hub: edge-agent enroll",
            ) from error
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise HubUnreachableError(
                "the hub does not answer", where=self._url, fix=f"is it running? ({error})"
            ) from error

    def desired(self) -> Desired:
        """What this device should run. Raises HubUnreachableError."""
        response = self.request("GET", "/v1/device/desired")
        if response.status != 200:
            raise _refused(response, self._url)
        try:
            return Desired.model_validate_json(response.data)
        except ValidationError as error:
            raise HubUnreachableError(
                "the hub's answer is not understood", where=self._url
            ) from error

    def report(self, reported: Reported) -> None:
        """Tells what runs. Raises HubUnreachableError."""
        response = self.request(
            "POST", "/v1/device/reported", body=reported.model_dump_json().encode()
        )
        if response.status >= 300:
            raise _refused(response, self._url)


def _refused(response: urllib3.BaseHTTPResponse, url: str) -> HubUnreachableError:
    fix = "edge-agent enroll: this device's token is not valid" if response.status == 401 else ""
    return HubUnreachableError(f"the hub answered {response.status}", where=url, fix=fix)
