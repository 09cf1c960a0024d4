"""The hub's HTTP API as the release engineer uses it: blobs, dataset versions, bundles, metadata.

GET, HEAD and PUT are repeated when the network fails, because repeating them changes nothing;
POST is sent once. Certificates are always checked. What to send is `publish.py`'s business.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

import urllib3
from pydantic import BaseModel, JsonValue, ValidationError

from kits import __version__
from kits.core import packed
from kits.core.bundle import MAX_BUNDLE_BYTES
from kits.core.errors import (
    DataError,
    KitwrightError,
    UnreachableError,
    UsageError,
    plain_reason,
)
from kits.core.hub_api import (
    MetadataVersions,
    NewMetadata,
    OnlineKey,
    PublishRequest,
    PublishResponse,
)
from kits.core.sample import digest_of
from kits.core.tls import pinned_context, refuse_plain
from kits.toolchain.releasing.tokens import NEW_TOKEN

INSECURE_HTTP = "KITWRIGHT_INSECURE_HTTP"
_MAX_ANSWER_BYTES = 16 << 20
_Answer = TypeVar("_Answer", bound=BaseModel)
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
        address: `https://hub.example`; http only for this machine, or where KITWRIGHT_INSECURE_HTTP
            says that the network may be trusted.
        token: a person's API token.
        ca: file with the hub's own certificate authority; None: the system's are asked.
        connect_s, read_s: time-outs in seconds.

    Raises:
        UsageError: no address, or plain HTTP to another machine.
        ConfigError: the authority's file is damaged.
    """

    def __init__(
        self,
        address: str,
        token: str,
        *,
        ca: Path | None = None,
        connect_s: float = 5.0,
        read_s: float = 60.0,
    ) -> None:
        refuse_plain(
            address,
            allowed=os.environ.get(INSECURE_HTTP) == "1",
            fix=f"use https://, or set {INSECURE_HTTP}=1 on a network you trust",
        )
        self.address = address.rstrip("/")
        self._headers = {
            "Authorization": f"Bearer {token}",
            "User-Agent": f"kitwright/{__version__}",
        }
        self._pool = urllib3.PoolManager(
            timeout=urllib3.Timeout(connect=connect_s, read=read_s),
            retries=_RETRIES,
            ssl_context=pinned_context(ca) if ca is not None else None,
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

    def missing(self, digests: Sequence[str]) -> list[str]:
        """Which of these the hub does not have, in the same order."""
        lacking: set[str] = set()
        for first in range(0, len(digests), packed.MAX_BLOBS):
            asked = {"digests": [*digests[first : first + packed.MAX_BLOBS]]}
            body = json.dumps(asked).encode()
            answer = self._send("POST", "/v1/blobs/missing", body, "application/json")
            lacking.update(self._texts(answer, "missing"))
        return [digest for digest in digests if digest in lacking]

    def put_pack(self, contents: Sequence[bytes], media_type: str) -> None:
        """Stores many small blobs of one media type.

        Raises:
            DataError: the hub read something else than what was sent.
        """
        path = f"/v1/blobs/pack?type={quote(media_type, safe='')}"
        answer = self._send("PUT", path, packed.pack(contents), packed.MEDIA_TYPE)
        if self._texts(answer, "digests") != [digest_of(content) for content in contents]:
            raise self._strange()

    def _texts(self, answer: bytes | None, key: str) -> list[str]:
        """A list of texts in the hub's answer."""
        try:
            found = json.loads(answer or b"")[key]
        except (ValueError, KeyError, TypeError):
            raise self._strange() from None
        if not isinstance(found, list):
            raise self._strange()
        return [str(one) for one in found]

    def put_dataset(self, identity: str, content: bytes) -> None:
        """Stores a dataset version whose blobs are all there."""
        self._send("PUT", f"/v1/datasets/{identity}", content, "application/jsonl")

    def publish(self, request: PublishRequest) -> PublishResponse:
        """Announces a bundle whose blob was put before."""
        return self._ask(PublishResponse, "POST", "/v1/bundles", request)

    def bundle(self, prefix: str) -> dict[str, JsonValue]:
        """What the hub says of the bundle whose id begins with `prefix`. Not to be trusted."""
        answer = self._send("GET", f"/v1/bundles/{quote(prefix, safe='')}") or b""
        try:
            value = json.loads(answer)
        except ValueError:
            value = None
        if not isinstance(value, dict) or not isinstance(value.get("id"), str):
            raise self._strange()
        return value

    def bundle_content(self, identity: str) -> bytes:
        """A bundle's file. Raises DataError when it is larger than any bundle."""
        path = f"/v1/bundles/{quote(identity, safe='')}/content"
        return self._send("GET", path, limit=MAX_BUNDLE_BYTES) or b""

    def metadata(self, name: str, limit: int) -> bytes | None:
        """A TUF metadata file; None when the hub has none of this name."""
        return self._send("GET", f"/v1/tuf/{name}", absent_is_fine=True, limit=limit)

    def send_metadata(self, *, root: str = "", targets: str = "") -> MetadataVersions:
        """Gives the hub signed metadata."""
        place = "/v1/tuf/root" if root else "/v1/tuf/targets"
        return self._ask(MetadataVersions, "POST", place, NewMetadata(root=root, targets=targets))

    def online_key(self, *, new: bool = False) -> OnlineKey:
        """The hub's key for snapshot and timestamp; `new` has it made one that follows."""
        return self._ask(OnlineKey, "POST" if new else "GET", "/v1/tuf/online-key")

    def _ask(
        self, kind: type[_Answer], method: str, path: str, body: BaseModel | None = None
    ) -> _Answer:
        content = body.model_dump_json().encode() if body is not None else None
        answer = self._send(method, path, content, "application/json") or b""
        try:
            return kind.model_validate_json(answer)
        except ValidationError as error:
            raise self._strange() from error

    def _strange(self) -> UnreachableError:
        return UnreachableError("the answer is not that of a Kitwright hub", where=self.address)

    def _send(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        kind: str = "",
        *,
        absent_is_fine: bool = False,
        limit: int = _MAX_ANSWER_BYTES,
    ) -> bytes | None:
        """The answer's body; None for a 404 that is fine.

        Args:
            limit: longest body that is read, bytes.

        Raises:
            UnreachableError: no connection, or the hub answers with a server error.
            UsageError: the token is not accepted or may not do this.
            DataError: the hub refuses what was sent, with its own words.
        """
        headers: Mapping[str, str] = self._headers | ({"Content-Type": kind} if kind else {})
        try:
            answer = self._pool.request(
                method, self.address + path, body=body, headers=headers, preload_content=False
            )
            content = answer.read(limit + 1, decode_content=False)
            if len(content) > limit:
                answer.close()
            answer.release_conn()
        except urllib3.exceptions.HTTPError as error:
            raise self._no_answer(error) from error
        if answer.status == 404 and absent_is_fine:
            return None
        if answer.status >= 300:
            raise _refusal(answer.status, content, f"{self.address}{path}")
        if len(content) > limit:
            raise DataError(f"the hub sends more than {limit} bytes", where=self.address + path)
        return content

    def _no_answer(self, error: urllib3.exceptions.HTTPError) -> UnreachableError:
        reason = getattr(error, "reason", None) or error
        if isinstance(reason, urllib3.exceptions.SSLError):
            return UnreachableError(
                f"the hub could not prove who it is: {plain_reason(reason)}",
                where=self.address,
                fix="--ca-fingerprint SHA256, as `cloud-sync device list` prints it on the hub",
            )
        return UnreachableError(
            f"the hub does not answer: {plain_reason(reason)}",
            where=self.address,
            fix="check the address and that cloud-sync serve is running",
        )


def _refusal(status: int, body: bytes, where: str) -> KitwrightError:
    """The error that an HTTP status means to the person at the keyboard."""
    detail, fix = _detail(body)
    if status == 401:
        return UsageError(
            "the hub does not accept this token",
            where=where,
            fix=f"on the hub: {NEW_TOKEN} prints a new one",
        )
    if status == 403:
        return UsageError(
            f"this token may not do that: {detail or 'forbidden'}",
            where=where,
            fix="use a token with the role engineer",
        )
    if status >= 500 or status < 400:
        return UnreachableError(f"the hub answered {status} {detail}".rstrip(), where=where)
    return DataError(f"the hub refuses: {detail or status}", where=where, fix=fix)


def _detail(body: bytes) -> tuple[str, str]:
    """What an error answer says, and what it says to do; else its first characters."""
    try:
        value = json.loads(body)
    except ValueError:
        return body[:200].decode("utf-8", errors="replace").strip(), ""
    if isinstance(value, dict):
        for key in ("detail", "what", "error"):
            if value.get(key):
                found = value[key]
                text = found if isinstance(found, str) else json.dumps(found)
                return text[:1000], str(value.get("fix") or "")[:1000]
    return "", ""
