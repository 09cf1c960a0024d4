"""Calls an address for each order: a PLC gateway, a light, a message service.

A failed order must never be carried out later: a gate that opens late rejects the wrong part. So the time
is looked at again when the connection stands, whatever a name server took, and after a failure the
connection is dropped with all that the kernel still holds of the order.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import ssl
import time
from collections.abc import Mapping

from urllib3.util import Url, parse_url
from urllib3.util.wait import wait_for_read

from edge_agent.actions.base import Order, headers_for_json
from edge_agent.actions.config import HttpActionConfig
from edge_agent.actions.connection import abort
from kits.core.errors import UnreachableError

_ANSWER_BYTES = 1 << 16
"""Of an answer so much is read and thrown away; a longer one ends the connection."""


class HttpAction:
    """One request per order; any status but 2xx is a failure, also a redirect: it is not followed.

    Stays connected; after a failure the next order connects.
    """

    def __init__(self, config: HttpActionConfig) -> None:
        self.name = config.name
        self.verdicts = config.verdicts
        self._config = config
        self._where = _public(config.url)
        self._tls = ssl.create_default_context() if config.url.startswith("https") else None
        self._connection: http.client.HTTPConnection | None = None

    def do(self, order: Order, timeout_s: float) -> None:
        self.call(json.dumps(order.as_json()).encode(), {}, timeout_s)

    def call(self, body: bytes, headers: Mapping[str, str], timeout_s: float) -> None:
        """Sends a JSON body once, with further headers. Raises UnreachableError unless it is answered by 2xx."""
        until = time.monotonic() + timeout_s
        try:
            status = self._call(body, headers, until)
        except OSError as error:
            self._drop()
            raise UnreachableError(f"no answer: {error}", where=self._where) from error
        except (ValueError, http.client.HTTPException) as error:
            self._drop()  # the error's text may hold the address or a header
            raise UnreachableError(
                f"no answer: {type(error).__name__}", where=self._where
            ) from error
        except BaseException:
            self._drop()
            raise
        if not 200 <= status < 300:
            raise UnreachableError(f"answered {status}", where=self._where)

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()

    def _call(self, body: bytes, extra: Mapping[str, str], until: float) -> int:
        url = parse_url(self._config.url)
        connection = self._connected(url, until)
        connection.sock.settimeout(self._left_s(until))
        headers = headers_for_json({**self._config.headers, **extra})
        connection.request(self._config.method, url.request_uri, body, headers)
        with connection.getresponse() as response:
            response.read(_ANSWER_BYTES)
            if not response.isclosed():
                connection.close()
            return response.status

    def _connected(self, url: Url, until: float) -> http.client.HTTPConnection:
        if self._connection is not None and _lost(self._connection):
            self._drop()
        if self._connection is None:
            self._connection = self._new_connection(url, self._left_s(until))
            self._connection.connect()
        return self._connection

    def _new_connection(self, url: Url, timeout_s: float) -> http.client.HTTPConnection:
        host = (url.host or "").strip("[]")
        if self._tls is None:
            port = url.port or http.client.HTTP_PORT
            return http.client.HTTPConnection(host, port, timeout=timeout_s)
        port = url.port or http.client.HTTPS_PORT
        return http.client.HTTPSConnection(host, port, timeout=timeout_s, context=self._tls)

    def _left_s(self, until: float) -> float:
        left_s = until - time.monotonic()
        if left_s <= 0:
            raise UnreachableError("no connection in time: nothing was sent", where=self._where)
        return left_s

    def _drop(self) -> None:
        """Lets the connection go, and nothing that still waits in the kernel goes out any more."""
        connection, self._connection = self._connection, None
        if connection is not None and connection.sock is not None:
            abort(connection.sock)


def _lost(connection: http.client.HTTPConnection) -> bool:
    """Whether the other side ended it since the last order: nothing else can have come meanwhile."""
    return connection.sock is None or wait_for_read(connection.sock, 0.0)


def _public(address: str) -> str:
    """An address without what may be a secret: user, path (of many message services) and query."""
    with contextlib.suppress(ValueError):
        url = parse_url(address)
        return f"{url.scheme}://{url.netloc}"
    return "the action's url"
