"""JSON over HTTP to one address that a person wrote down: bounded in time and size, never redirected.

Answers are hostile: of a refusal a short, printable piece is kept for people, of a yes at most
`MAX_ANSWER` bytes are read. What an answer means is for the file of the CMMS or CRM.
"""

from __future__ import annotations

import http.client
import json
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from pydantic import JsonValue

from cloud_sync.effects.addresses import AddressRefusedError, Guard
from cloud_sync.effects.connection import Connection, retry_after
from cloud_sync.effects.deadline import Deadline
from cloud_sync.effects.no_answer import no_answer
from cloud_sync.effects.targets import DeliveryError

MAX_ANSWER = 2 << 20
MAX_SAID = 160
NEVER = frozenset({400, 405, 409, 410, 413, 415, 417, 422})
"""Statuses that say the request itself is wrong; the same again cannot succeed."""


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """An answer of any status, cut where it was longer than allowed.

    Attributes:
        headers: names in lower case.
        whole: all of it is here.
        cookies: `name=value` of those that it sets.
    """

    status: int
    headers: Mapping[str, str]
    raw: bytes
    whole: bool = True
    cookies: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether it is a yes; a redirect is none."""
        return 200 <= self.status < 300


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


class AddressNotAllowedError(DeliveryError):
    """Nobody may be called there, as the settings are."""


class JsonHttp:
    """Requests to one server.

    Args:
        url: its address; paths are added to it.
        headers: of every request, with the credentials.
        name: for errors; never the address with what may be secret in it.
        context: whom to trust; None: the system's CAs.
        clock: seconds since 1970.
        guard: says which addresses may be called; None: all.
        max_answer: bytes of an answer that are read.
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
        guard: Guard | None = None,
        max_answer: int = MAX_ANSWER,
    ) -> None:
        self._url = urlsplit(url)
        self._headers = {"accept": "application/json", "user-agent": "Kitwright", **headers}
        self._timeout_s = timeout_s
        self._name = name
        self._clock = clock
        self._guard = guard
        self._max_answer = max_answer
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
        content = None if body is None else json.dumps(body).encode()
        headers = {} if body is None else {"content-type": "application/json"}
        answer = self.send(method, path, content, headers, query)
        if not answer.ok:
            raise self.refusal(answer)
        return self.parsed(answer)

    def send(
        self,
        method: str,
        path: str,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
    ) -> HttpAnswer:
        """The answer to one request, whatever its status.

        Raises:
            DeliveryError: it did not answer in time, or may not be called.
        """
        target = self._url.path + path + (f"?{urlencode(query)}" if query else "")
        connection = Connection(
            self._url.hostname or "", self._url.port, Deadline(self._timeout_s), self._context,
            self._guard,
        )  # fmt: skip
        try:
            connection.request(
                method, target or "/", body=content, headers={**self._headers, **(headers or {})}
            )
            answer = connection.getresponse()
            raw = answer.read(self._max_answer + 1)
        except AddressRefusedError as error:
            raise AddressNotAllowedError(str(error), where=self._name) from error
        except ssl.SSLCertVerificationError as error:
            said = printable(error.verify_message)
            raise DeliveryError(
                f"its certificate is not believed: {said}", where=self._name
            ) from error
        except (http.client.HTTPException, OSError, ValueError) as error:
            # UnicodeError is a ValueError, and so is a header that is none
            raise DeliveryError(no_answer(error), where=self._name) from error
        finally:
            connection.close()
        found = {name.lower(): value for name, value in answer.headers.items()}
        whole = len(raw) <= self._max_answer
        set_cookies = answer.headers.get_all("set-cookie") or []
        cookies = tuple(text.partition(";")[0].strip() for text in set_cookies)
        return HttpAnswer(answer.status, found, raw[: self._max_answer], whole, cookies)

    def refusal(self, answer: HttpAnswer, said: str | None = None) -> RefusedError:
        """The error for an answer that is no yes; `said`: its words, if the caller knows better."""
        words = words_of(answer.raw) if said is None else said
        return RefusedError(
            f"answered with HTTP {answer.status}" + (f": {words}" if words else ""),
            status=answer.status,
            where=self._name,
            retry=answer.status not in NEVER,
            after_s=retry_after(answer.headers.get("retry-after", ""), self._clock()),
        )

    def parsed(self, answer: HttpAnswer) -> JsonValue:
        """The JSON of an answer.

        Raises:
            DeliveryError: it is none, or too long.
        """
        if not answer.whole:
            raise DeliveryError(
                f"an answer of more than {self._max_answer} bytes", where=self._name
            )
        try:
            found: JsonValue = json.loads(answer.raw)
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
