"""The made-up shop's order API: a real HTTP server on this machine, with the faults of real ones.

Responsible for `GET /orders/NUMBER` behind a bearer secret, for what clients must survive (delays, errors, bans,
redirects, endless and wrong answers), and for a count of what was asked. It serves made-up orders only and listens on
loopback unless told otherwise; integrators run it with `python -m kits.support_triage._simulated.order_api`.
"""

from __future__ import annotations

import argparse
import hmac
import json
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Literal
from urllib.parse import unquote

import numpy as np
from pydantic import JsonValue

from kits.support_triage._simulated.shop import Order, make_shop
from kits.support_triage._simulated.small_server import Served, SmallServer

Fault = Literal["", "error", "slow", "redirect", "endless", "garbage", "wrong-order", "drop"]

SECRET = "made-up-secret"  # noqa: S105 - of a made-up shop
_ENDLESS_PIECE = b" " * 65_536
_NUMBER = re.compile(r"(?:LL-)?(\d{1,12})\Z")


@dataclass
class Behaviour:
    """How the server answers from now on; tests change it while it runs.

    Attributes:
        fault: what goes wrong with each answer; empty: nothing.
        delay_s: before each answer.
        allowed: requests answered until all further ones get 429; None: no limit.
        retry_after_s: told with 429.
    """

    fault: Fault = ""
    delay_s: float = 0.0
    allowed: int | None = None
    retry_after_s: int = 60
    asked: list[str] = field(default_factory=list)
    headers: list[Mapping[str, str]] = field(default_factory=list)


class OrderApi(Served):
    """The server, in a thread, until `close`.

    Args:
        orders: what it knows.
        secret: wanted as `Authorization: Bearer …`; empty: anybody may ask.
    """

    def __init__(
        self, orders: Sequence[Order], secret: str = SECRET, host: str = "127.0.0.1", port: int = 0
    ) -> None:
        self.behaviour = Behaviour()
        super().__init__(_Server((host, port), orders, secret, self.behaviour))


class _Server(SmallServer):
    def __init__(
        self, address: tuple[str, int], orders: Sequence[Order], secret: str, behaviour: Behaviour
    ) -> None:
        super().__init__(address, _Handler)
        self.orders = {order.number: order.as_json() for order in orders}
        self.secret = secret
        self.behaviour = behaviour


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    timeout = 10

    def do_GET(self) -> None:
        behaviour = self.server.behaviour
        behaviour.asked.append(self.path)
        behaviour.headers.append(dict(self.headers.items()))
        if behaviour.delay_s:
            self.server.ended.wait(behaviour.delay_s)
        if behaviour.allowed is not None and len(behaviour.asked) > behaviour.allowed:
            more = {"Retry-After": str(behaviour.retry_after_s)}
            self._say(429, {"error": "too many requests"}, more)
        elif not self._may_ask():
            self._say(401, {"error": "no or a wrong secret"})
        elif behaviour.fault:
            self._go_wrong(behaviour.fault)
        else:
            self._answer()

    def _answer(self, other: bool = False) -> None:
        asked = unquote(self.path.partition("?")[0].removeprefix("/orders/"))
        found = _NUMBER.match(asked)
        order = self.server.orders.get(found[1]) if found else None
        if other:
            order = next(o for number, o in self.server.orders.items() if number != asked)
        if order is None or not self.path.startswith("/orders/"):
            self._say(404, {"error": "no such order"})
        else:
            self._say(200, order)

    def _may_ask(self) -> bool:
        if not self.server.secret:
            return True
        wanted = f"Bearer {self.server.secret}".encode()
        return hmac.compare_digest(self.headers.get("Authorization", "").encode(), wanted)

    def _go_wrong(self, fault: Fault) -> None:
        if fault == "error":
            self._say(500, {"error": "the database is away"})
        elif fault == "slow":
            self._drip()
        elif fault == "redirect":
            self._say(302, {}, {"Location": f"http://{self.headers['Host']}/elsewhere"})
        elif fault == "endless":
            self._pour()
        elif fault == "wrong-order":
            self._answer(other=True)
        elif fault == "garbage":
            self._send(200, b"<html>Wartung</html>", "text/html", {})
        else:
            self.close_connection = True

    def _drip(self) -> None:
        """A byte now and then: each read succeeds, and the answer never ends."""
        self._begin(1_000_000)
        try:
            while not self.server.ended.wait(0.05):
                self.wfile.write(b" ")
        except OSError:
            self.close_connection = True

    def _pour(self) -> None:
        """More bytes than anybody wants, as fast as they are taken."""
        self._begin(1 << 40)
        try:
            while not self.server.ended.is_set():
                self.wfile.write(_ENDLESS_PIECE)
        except OSError:
            self.close_connection = True

    def _begin(self, length: int) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(length))
        self.end_headers()

    def _say(
        self, status: int, value: Mapping[str, JsonValue], more: Mapping[str, str] | None = None
    ) -> None:
        self._send(status, json.dumps(value).encode(), "application/json", more or {})

    def _send(self, status: int, body: bytes, kind: str, more: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **more}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Keeps quiet: `Behaviour.asked` holds what was asked."""


def main() -> None:
    """Serves the orders of a seed until it is stopped."""
    parser = argparse.ArgumentParser(description="The made-up shop's order API")
    parser.add_argument("--port", type=int, default=8765)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--secret", default=SECRET)
    chosen = parser.parse_args()
    shop = make_shop(np.random.default_rng(chosen.seed))
    with OrderApi(shop.orders, chosen.secret, port=chosen.port) as api:
        first = shop.orders[0].number
        print(f"{api.url}/orders/{first}   Authorization: Bearer {chosen.secret}")  # noqa: T201 - a command
        while True:
            time.sleep(3600)


if __name__ == "__main__":
    main()
