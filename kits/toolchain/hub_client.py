"""The hub's HTTP API as `kit publish` uses it: blobs, dataset versions, bundles.

GET, HEAD and PUT are repeated when the network fails, because repeating them changes nothing;
POST is sent once. Certificates are always checked. What to send is `publish.py`'s business.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

import urllib3
from pydantic import ValidationError

from kits import __version__
from kits.core.errors import DataError, KitwrightError, UnreachableError, UsageError
from kits.core.hub_api import PublishRequest, PublishResponse

_RETRIES = urllib3.Retry(
    total=4,
    connect=3,
    backoff_factor=0.3,
    status_forcelist=(502, 503, 504),
    allowed_methods=("GET", "HEAD", "PUT"),
    raise_on_status=False,
    redirect=False,
)


class HubClient:
    """One hub, one token.

    Args:
        address: `https://hub.example` (http only for this machine or a trusted network).
        token: a person's API token.
        connect_s, read_s: time-outs in seconds.
    """

    def __init__(
        self, address: str, token: str, *, connect_s: float = 5.0, read_s: float = 60.0
    ) -> None:
        if not address.startswith(("http://", "https://")):
            raise UsageError(
                f"{address!r} is no address of a hub", fix="--hub https://hub.example:8443"
            )
        self.address = address.rstrip("/")
        self._headers = {
            "Authorization": f"Bearer {token}",
            "User-Agent": f"kitwright/{__version__}",
        }
        self._pool = urllib3.PoolManager(
            timeout=urllib3.Timeout(connect=connect_s, read=read_s), retries=_RETRIES
        )

    def __enter__(self) -> HubClient:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.clear()

    def has_blob(self, digest: str) -> bool:
        """Whether the hub has these bytes."""
        return self._send("HEAD", f"/v1/blobs/{digest}", absent_is_fine=True) is not None

    def put_blob(
        self, digest: str, content: bytes, media_type: str = "application/octet-stream"
    ) -> None:
        """Stores bytes; the hub checks the digest and keeps the media type for its pages."""
        self._send("PUT", f"/v1/blobs/{digest}", content, media_type)

    def put_dataset(self, identity: str, content: bytes) -> None:
        """Stores a dataset version whose blobs are all there."""
        self._send("PUT", f"/v1/datasets/{identity}", content, "application/jsonl")

    def publish(self, request: PublishRequest) -> PublishResponse:
        """Announces a bundle whose blob was put before."""
        body = request.model_dump_json().encode()
        answer = self._send("POST", "/v1/bundles", body, "application/json") or b""
        try:
            return PublishResponse.model_validate_json(answer)
        except ValidationError as error:
            raise UnreachableError(
                "the answer is not that of a Kitwright hub", where=self.address
            ) from error

    def _send(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        kind: str = "",
        *,
        absent_is_fine: bool = False,
    ) -> bytes | None:
        """The answer's body; None for a 404 that is fine.

        Raises:
            UnreachableError: no connection, or the hub answers with a server error.
            UsageError: the token is not accepted or may not do this.
            DataError: the hub refuses what was sent, with its own words.
        """
        headers: Mapping[str, str] = self._headers | ({"Content-Type": kind} if kind else {})
        try:
            answer = self._pool.request(method, self.address + path, body=body, headers=headers)
        except urllib3.exceptions.HTTPError as error:
            reason = getattr(error, "reason", None) or error
            raise UnreachableError(
                f"the hub does not answer: {_plain(reason)}",
                where=self.address,
                fix="check the address and that cloud-sync serve is running",
            ) from error
        if answer.status == 404 and absent_is_fine:
            return None
        if answer.status >= 300:
            raise _refusal(answer.status, answer.data, f"{self.address}{path}")
        return answer.data


def _refusal(status: int, body: bytes, where: str) -> KitwrightError:
    """The error that an HTTP status means to the person at the keyboard."""
    detail = _detail(body)
    if status == 401:
        return UsageError(
            "the hub does not accept this token",
            where=where,
            fix="get a new one with: cloud-sync user add NAME --role engineer",
        )
    if status == 403:
        return UsageError(
            f"this token may not do that: {detail or 'forbidden'}",
            where=where,
            fix="use a token with the role engineer",
        )
    if status >= 500 or status < 400:
        return UnreachableError(f"the hub answered {status} {detail}".rstrip(), where=where)
    return DataError(f"the hub refuses: {detail or status}", where=where)


def _detail(body: bytes) -> str:
    """The `detail` of an error answer, else its first characters."""
    try:
        value = json.loads(body)
    except ValueError:
        return body[:200].decode("utf-8", errors="replace").strip()
    if isinstance(value, dict):
        for key in ("detail", "what", "error"):
            if value.get(key):
                found = value[key]
                return found if isinstance(found, str) else json.dumps(found)
    return ""


def _plain(reason: object) -> str:
    """A network error without the object addresses that urllib3 prints."""
    return str(reason).rsplit(": ", maxsplit=1)[-1]
