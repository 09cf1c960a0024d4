"""Talks to the hub over HTTP: what is desired, the bundle's bytes, what is reported.

A download that was cut resumes by range: the file so far is kept and only the rest is asked for.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO

import urllib3
from pydantic import ValidationError

from edge_agent.errors import HubUnreachableError
from kits.core.hub_api import Desired, DesiredBundle, Reported

_PIECE = 1 << 16


class HubClient:
    """The hub's HTTP API as a device sees it.

    Args:
        token: the device token from enrolment; empty before it.
    """

    def __init__(
        self, url: str, token: str, *, ca_file: Path | None = None, timeout_s: float = 10.0
    ) -> None:
        self._url = url.rstrip("/")
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._timeout = urllib3.Timeout(connect=min(timeout_s, 5.0), read=timeout_s)
        ca_certs = str(ca_file) if ca_file else None
        self._pool = urllib3.PoolManager(retries=False, ca_certs=ca_certs, maxsize=2)

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
                # a cut download keeps what arrived; `download` checks the size itself
                enforce_content_length=not stream,
            )
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

    def download(self, desired: DesiredBundle, target: Path) -> None:
        """Fetches the rest of a bundle into `target`, durably; call again to go on.

        Raises:
            HubUnreachableError: the connection broke; what arrived is kept.
        """
        have = target.stat().st_size if target.exists() else 0
        if have > desired.size:
            target.unlink()
            have = 0
        if have == desired.size:
            return
        headers = {"Range": f"bytes={have}-"} if have else {}
        response = self.request("GET", desired.path, headers=headers, stream=True)
        try:
            if response.status not in (200, 206):
                raise _refused(response, self._url)
            with open(target, "ab" if response.status == 206 and have else "wb") as file:
                _copy(response, file, desired.size)
        finally:
            response.release_conn()
        if target.stat().st_size < desired.size:
            raise HubUnreachableError("the download was cut off", where=self._url)


def _copy(response: urllib3.BaseHTTPResponse, file: BinaryIO, limit: int) -> None:
    """Writes pieces to disk as they come; what has arrived is kept when the connection breaks."""
    written = os.fstat(file.fileno()).st_size
    try:
        for piece in response.stream(_PIECE):
            written += len(piece)
            if written > limit:
                raise HubUnreachableError("the hub sends more than it announced")
            file.write(piece)
    except (urllib3.exceptions.HTTPError, OSError) as error:
        raise HubUnreachableError(f"the download was cut off: {error}") from error
    finally:
        file.flush()
        os.fsync(file.fileno())


def _refused(response: urllib3.BaseHTTPResponse, url: str) -> HubUnreachableError:
    fix = "edge-agent enroll: this device's token is not valid" if response.status == 401 else ""
    return HubUnreachableError(f"the hub answered {response.status}", where=url, fix=fix)
