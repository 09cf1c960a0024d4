"""One question to a JSON API over HTTP, with bounds on time and size; redirects are not followed, nothing is kept open.

Responsible for the call and for what is wrong with its answer. Whom to ask, how often, and what the answer means is the
business of `lookups/` and `writers/`.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import ssl
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from pydantic import JsonValue, TypeAdapter, ValidationError

from kits.core.client_credentials import FORM
from kits.core.errors import UnreachableError, plain_reason

_PIECE = 16_384
_JSON: TypeAdapter[JsonValue] = TypeAdapter(JsonValue)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; `value` is None unless the status is 2xx.

    Attributes:
        said: JSON that came with another status, if it was asked for.
        retry_after_s: what the server asks for with 429 or 503; 0: nothing.
    """

    status: int
    value: JsonValue = None
    said: JsonValue = None
    retry_after_s: float = 0.0


@dataclass(frozen=True)
class JsonApi:
    """How an API is called.

    Attributes:
        timeout_s: for the whole call, however slowly bytes come.
        max_bytes: of an answer; a longer one is a failure.
        refusals: the words of a refusal are read.
        ca_file: PEM file of an authority of the firm's own.
    """

    timeout_s: float
    max_bytes: int
    ca_file: Path | None = None
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    refusals: bool = False

    def call(
        self,
        method: str,
        url: str,
        body: JsonValue = None,
        *,
        form: Mapping[str, str] | None = None,
    ) -> Answer:
        """Asks once.

        Args:
            form: sent in place of `body`, as a browser sends a form.

        Raises:
            UnreachableError: no answer in time, too long a one, or one that is no JSON. Addresses and headers are
                not in its text beyond the host.
        """
        until = time.monotonic() + self.timeout_s
        parts = urlsplit(url)
        where = f"{parts.scheme}://{parts.hostname}"
        target = parts.path or "/"
        if parts.query:
            target += f"?{parts.query}"
        content, kind = _content(body, form)
        connection = self._connection(parts.scheme, parts.hostname or "", parts.port)
        watch = threading.Timer(self.timeout_s, _end, (connection,))
        watch.daemon = True
        try:
            watch.start()
            connection.connect()
            connection.sock.settimeout(_left(until))
            connection.request(method, target, content, self._headers(kind))
            with connection.getresponse() as response:
                return self._read(response, connection, until)
        except TimeoutError as error:
            raise UnreachableError("no answer in time", where=where) from error
        except (OSError, http.client.HTTPException, ValueError) as error:
            reason = plain_reason(error) if isinstance(error, OSError) else type(error).__name__
            raise UnreachableError(f"no usable answer: {reason}", where=where) from error
        finally:
            watch.cancel()
            connection.close()

    def _connection(self, scheme: str, host: str, port: int | None) -> http.client.HTTPConnection:
        if scheme == "https":
            context = ssl.create_default_context(cafile=self.ca_file)
            return http.client.HTTPSConnection(host, port, timeout=self.timeout_s, context=context)
        return http.client.HTTPConnection(host, port, timeout=self.timeout_s)

    def _headers(self, kind: str) -> dict[str, str]:
        typed = {"Content-Type": kind} if kind else {}
        return {"Accept": "application/json", **typed, **self.headers}

    def _read(
        self,
        response: http.client.HTTPResponse,
        connection: http.client.HTTPConnection,
        until: float,
    ) -> Answer:
        asked = response.headers.get("Retry-After", "")
        retry_after_s = float(asked) if asked.isascii() and asked.isdigit() else 0.0
        good = 200 <= response.status < 300
        if not (good or self.refusals):
            return Answer(response.status, retry_after_s=retry_after_s)
        content = b""
        while piece := response.read1(_PIECE):
            content += piece
            if len(content) > self.max_bytes:
                raise ValueError("too long")
            if connection.sock is not None:
                connection.sock.settimeout(_left(until))
        try:
            found = _JSON.validate_json(content)
        except ValidationError as error:
            if not good:
                return Answer(response.status, retry_after_s=retry_after_s)
            raise ValueError("no JSON") from error
        if not good:
            return Answer(response.status, said=found, retry_after_s=retry_after_s)
        return Answer(response.status, found)


def _content(body: JsonValue, form: Mapping[str, str] | None) -> tuple[bytes | None, str]:
    """What is sent, and its media type."""
    if form is not None:
        return urlencode(form).encode(), FORM
    return (None, "") if body is None else (json.dumps(body).encode(), "application/json")


def _end(connection: http.client.HTTPConnection) -> None:
    """Wakes whoever still waits: a peer that sends a byte now and then never runs into the socket's own time-out."""
    channel = connection.sock
    if channel is not None:
        with contextlib.suppress(OSError):
            channel.shutdown(socket.SHUT_RDWR)


def _left(until: float) -> float:
    left_s = until - time.monotonic()
    if left_s <= 0:
        raise TimeoutError
    return left_s
