"""JSON over HTTP to one address that a person wrote down: bounded in time and size, never redirected.

Answers are hostile: of a refusal a short, printable piece is kept for people, of a yes at most
`MAX_ANSWER` bytes are read. What an answer means is for the CMMS's own file.
"""

from __future__ import annotations

import http.client
import json
import ssl
import time
from collections.abc import Callable, Mapping
from urllib.parse import urlencode, urlsplit

from pydantic import JsonValue

from cloud_sync.effects.deadline import Deadline
from cloud_sync.effects.targets import DeliveryError
from cloud_sync.effects.webhook import Connection, retry_after

MAX_ANSWER = 2 << 20
MAX_SAID = 160
NEVER = frozenset({400, 405, 409, 410, 413, 415, 417, 422})
"""Statuses that say the request itself is wrong; the same again cannot succeed."""


class RefusedError(DeliveryError):
    """It answered, and not with 2xx.

    Args:
        status: of HTTP; 0: a refusal within a 200.
    """

    def __init__(
        self, what: str, *, status: int, where: str = "", retry: bool = True, after_s: float = 0
    ) -> None:
        super().__init__(what, where=where, retry=retry, after_s=after_s)
        self.status = status


class JsonHttp:
    """Requests to one server.

    Args:
        url: its address; paths are added to it.
        headers: of every request, with the credentials.
        name: for errors; never the address with what may be secret in it.
        context: whom to trust; None: the system's CAs.
    """

    def __init__(
        self,
        url: str,
        headers: Mapping[str, str],
        timeout_s: float,
        *,
        name: str,
        context: ssl.SSLContext | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._url = urlsplit(url)
        self._headers = {"accept": "application/json", "user-agent": "Kitwright", **headers}
        self._timeout_s = timeout_s
        self._name = name
        self._clock = clock
        self._context: ssl.SSLContext | None = None
        if self._url.scheme == "https":
            self._context = context or ssl.create_default_context()

    def __repr__(self) -> str:
        return f"JsonHttp({self._name!r})"

    def call(
        self,
        method: str,
        path: str,
        body: JsonValue = None,
        query: Mapping[str, str] | None = None,
    ) -> JsonValue:
        """The answer to one request.

        Args:
            path: below the server's address, quoted.

        Raises:
            RefusedError: it answered with something else than 2xx.
            DeliveryError: it did not answer in time, or with no JSON.
        """
        target = self._url.path + path + (f"?{urlencode(query)}" if query else "")
        content = None if body is None else json.dumps(body).encode()
        headers = {
            **self._headers,
            **({} if body is None else {"content-type": "application/json"}),
        }
        connection = Connection(
            self._url.hostname or "", self._url.port, Deadline(self._timeout_s), self._context
        )
        try:
            connection.request(method, target, body=content, headers=headers)
            answer = connection.getresponse()
            raw = answer.read(MAX_ANSWER + 1)
        except (http.client.HTTPException, OSError, UnicodeError) as error:
            raise DeliveryError(f"no answer: {type(error).__name__}", where=self._name) from error
        finally:
            connection.close()
        if not 200 <= answer.status < 300:
            raise self._refusal(answer, raw)
        return self._parsed(raw)

    def _refusal(self, answer: http.client.HTTPResponse, raw: bytes) -> RefusedError:
        said = words_of(raw)
        return RefusedError(
            f"answered with HTTP {answer.status}" + (f": {said}" if said else ""),
            status=answer.status,
            where=self._name,
            retry=answer.status not in NEVER,
            after_s=retry_after(answer.headers.get("retry-after", ""), self._clock()),
        )

    def _parsed(self, raw: bytes) -> JsonValue:
        if len(raw) > MAX_ANSWER:
            raise DeliveryError(f"an answer of more than {MAX_ANSWER} bytes", where=self._name)
        try:
            found: JsonValue = json.loads(raw)
        except (ValueError, RecursionError) as error:
            # a proxy's page, say: the server itself may answer later
            raise DeliveryError(
                "answered with something that is no JSON", where=self._name
            ) from error
        return found


def words_of(raw: bytes) -> str:
    """The message in an error's JSON, as Odoo and Frappe write it, cut to what people read."""
    try:
        found = json.loads(raw[:MAX_ANSWER])
    except (ValueError, RecursionError):
        return ""
    if not isinstance(found, dict):
        return ""
    keys = ("message", "exception", "exc_type", "name")
    said = next((found[key] for key in keys if isinstance(found.get(key), str)), "")
    return printable(said)


def printable(text: str) -> str:
    """One short line without control characters."""
    return "".join(c if c.isprintable() else " " for c in text)[:MAX_SAID].strip()


def rows_of(answer: JsonValue) -> list[Mapping[str, JsonValue]]:
    """The records of a list; whatever else came is none."""
    found = answer if isinstance(answer, list) else []
    return [row for row in found if isinstance(row, Mapping)]
