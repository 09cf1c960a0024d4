"""Requests to a CRM: guarded, budgeted, bounded, signed in anew once when a token has ended.

What is asked, and what an answer means, is for each CRM's own file.
"""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime

from pydantic import JsonValue

from cloud_sync.crm.client.budget import Budget
from cloud_sync.crm.kinds.base import Access
from cloud_sync.effects.addresses import Guard, parse_networks
from cloud_sync.effects.json_http import HttpAnswer, JsonHttp, RefusedError, printable
from cloud_sync.effects.targets import DeliveryError

MAX_ANSWER = 8 << 20
"""Bytes: 200 records with all their columns."""
UNSAID_PAUSE_S = 10.0
"""After a 429 that does not say for how long."""
TOO_MANY = 429
NO_TOKEN = 401
FORBIDDEN = 403
GONE = frozenset({404, 410})
OK = 200
_WORDS = ("message", "error_description", "error", "error_info", "detail", "title", "name")
_DEPTH = 3


class CrmRefusedError(RefusedError):
    """The CRM said no. `value` is what it said, parsed; None: no JSON."""

    def __init__(
        self,
        what: str,
        *,
        status: int,
        where: str,
        retry: bool,
        after_s: float = 0,
        value: JsonValue = None,
    ) -> None:
        super().__init__(what, status=status, where=where, retry=retry, after_s=after_s)
        self.value = value


def is_closed(error: RefusedError) -> bool:
    """Whether a list will be refused tomorrow, too: the user may not see it, or the CRM has none."""
    return not error.retry or error.status in (FORBIDDEN, *GONE)


@dataclass(frozen=True, slots=True)
class Told:
    """A yes. `value` is None where it has no content."""

    status: int
    value: JsonValue
    headers: Mapping[str, str] = field(default_factory=dict)
    cookies: tuple[str, ...] = ()


class Wire:
    """What all requests of one connection share: whom it may call, how often, and how long it waits.

    Args:
        access: of the connection.
        clock: seconds since 1970.
        monotonic: seconds that only rise: a clock that is set meanwhile does not move the CRM's.
        context: whom to trust; None: the system's CAs.
        budget: None: as the settings say.
    """

    def __init__(
        self,
        access: Access,
        *,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
        context: ssl.SSLContext | None = None,
        budget: Budget | None = None,
    ) -> None:
        settings = access.settings
        self.name = access.name
        self.clock = clock
        self._monotonic = monotonic
        self.budget = budget or Budget(
            settings.rate_per_10s or 50.0, where=access.name, share=access.share,
            leave=settings.leave_of_day,
        )  # fmt: skip
        self._timeout_s = settings.timeout_s
        self._context = context
        self._guard = Guard(parse_networks(settings.allow))
        self._server_began: float | None = None  # its time when ours began to count

    def to(self, url: str, headers: Mapping[str, str] | None = None) -> JsonHttp:
        """Requests to one server."""
        return JsonHttp(
            url, headers or {}, self._timeout_s, name=self.name, context=self._context,
            clock=self.clock, guard=self._guard, max_answer=MAX_ANSWER,
        )  # fmt: skip

    def send(
        self,
        http: JsonHttp,
        method: str,
        path: str,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
    ) -> HttpAnswer:
        """One request within the budget; the answer of any status but 429.

        Raises:
            ThrottledError: too much was asked already.
            DeliveryError: no answer, or 429.
        """
        self.budget.take()
        answer = http.send(method, path, content, headers, query)
        self.budget.heed(answer.headers)
        self._learn_clock(answer.headers)
        if answer.status == TOO_MANY:
            refusal = http.refusal(answer, "too many requests")
            refusal.after_s = refusal.after_s or UNSAID_PAUSE_S
            self.budget.close(refusal.after_s, "the CRM asks to be left alone for a while")
            raise refusal
        return answer

    def _learn_clock(self, headers: Mapping[str, str]) -> None:
        try:
            said = parsedate_to_datetime(headers.get("date", ""))
        except (ValueError, TypeError):
            return
        self._server_began = said.timestamp() - self._monotonic()

    def server_time(self) -> float | None:
        """Seconds since 1970 by the CRM's clock; None: it has not said yet."""
        return None if self._server_began is None else self._server_began + self._monotonic()


class CrmHttp:
    """JSON to one server of a CRM.

    Args:
        wire: of the connection.
        url: of the server.
        headers: makes those of each request, with the credentials.
        renew: gets a new token after a 401; whether that is worth another try. None: there is none to get.
        explain: says better than the CRM what a refusal means: status and its JSON; empty: not better.
    """

    def __init__(
        self,
        wire: Wire,
        url: str,
        headers: Callable[[], Mapping[str, str]],
        *,
        renew: Callable[[], bool] | None = None,
        explain: Callable[[int, JsonValue], str] | None = None,
    ) -> None:
        self._wire = wire
        self._http = wire.to(url)
        self._headers = headers
        self._renew = renew
        self._explain = explain

    @property
    def name(self) -> str:
        """Of the connection, for errors."""
        return self._wire.name

    def call(
        self,
        method: str,
        path: str,
        body: JsonValue = None,
        query: Mapping[str, str] | None = None,
    ) -> JsonValue:
        """The JSON of a yes; raises as `tell` does."""
        return self.tell(method, path, body, query).value

    def tell(
        self,
        method: str,
        path: str,
        body: JsonValue = None,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Told:
        """A yes with its status.

        Raises:
            CrmRefusedError: it says no.
            ThrottledError: too much was asked already.
            DeliveryError: no answer, or one that cannot be read.
        """
        content = None if body is None else json.dumps(body).encode()
        kind = {} if body is None else {"content-type": "application/json"}

        def once() -> HttpAnswer:
            own = {**self._headers(), **kind, **(headers or {})}
            return self._wire.send(self._http, method, path, content, own, query)

        answer = once()
        if answer.status == NO_TOKEN and self._renew is not None and self._renew():
            answer = once()
        if answer.status == OK and not answer.raw:
            # CRMs have a status of its own for that (204): something between has answered
            raise DeliveryError("answered without a word", where=self._wire.name)
        if answer.ok:
            value = self._http.parsed(answer) if answer.raw else None
            return Told(answer.status, value, answer.headers, answer.cookies)
        raise self.refusal(answer)

    def refusal(self, answer: HttpAnswer) -> CrmRefusedError:
        """What an answer that is no yes says."""
        value = value_of(answer.raw)
        words = (self._explain(answer.status, value) if self._explain else "") or words_in(value)
        plain = self._http.refusal(answer, words)
        return CrmRefusedError(
            plain.what, status=answer.status, where=self._wire.name, retry=plain.retry,
            after_s=plain.after_s, value=value,
        )  # fmt: skip


def value_of(raw: bytes) -> JsonValue:
    """JSON, or None."""
    try:
        found: JsonValue = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    return found


def words_in(value: JsonValue, depth: int = _DEPTH) -> str:
    """The sentence in an error, as the CRMs write it: in a list, in an object, in an object within it."""
    if isinstance(value, str):
        return printable(value)
    if depth and isinstance(value, list) and value:
        return words_in(value[0], depth - 1)
    if depth and isinstance(value, Mapping):
        found = (words_in(value.get(key), depth - 1) for key in _WORDS)
        return next((words for words in found if words), "")
    return ""


def one(value: JsonValue) -> Mapping[str, JsonValue]:
    """An object; whatever else came is an empty one."""
    return value if isinstance(value, Mapping) else {}


def many(value: JsonValue) -> list[Mapping[str, JsonValue]]:
    """The objects of a list; whatever else came is left out."""
    found = value if isinstance(value, list) else []
    return [item for item in found if isinstance(item, Mapping)]


def rows_in(value: JsonValue, key: str, where: str) -> list[Mapping[str, JsonValue]]:
    """The objects of a list that an answer must have.

    Raises:
        DeliveryError: it has none: what answered was not the CRM, or not as it should.
    """
    found = one(value).get(key)
    if not isinstance(found, list):
        raise DeliveryError(f"answered without its list {key!r}", where=where)
    return many(found)


def text(value: JsonValue) -> str:
    """A string or number as text; nothing is empty."""
    return str(value) if isinstance(value, (str, int, float)) and value is not False else ""
