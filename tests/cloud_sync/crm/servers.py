"""A small real server in place of a CRM: answers that a test gives it, and troubles that real servers make."""

from __future__ import annotations

import json
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from cloud_sync.crm.connection.settings import CrmSettings
from cloud_sync.crm.kinds.base import Access, Crm, ScoreWrite
from cloud_sync.crm.kinds.table import open_crm, with_defaults
from tests.cloud_sync.fleet_builders import AT

LOOPBACK = ("127.0.0.0/8",)


@dataclass
class Asked:
    """One request, as it came."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    raw: bytes

    @property
    def body(self) -> Any:
        return json.loads(self.raw) if self.raw else None


@dataclass
class Reply:
    """What is answered; `wait_s` before it, `size` bytes instead of it."""

    value: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    wait_s: float = 0.0
    size: int = 0


class Server:
    """A pretended CRM.

    Attributes:
        asked: all requests, in order.
        troubles: replies to the next requests in place of the real ones; None lets one through. A trouble with
            `lost` does the work before it answers otherwise.
        act: the CRM itself.
    """

    def __init__(self, act: Callable[[Asked], Reply]) -> None:
        self.act = act
        self.asked: list[Asked] = []
        self.troubles: deque[Reply | None] = deque()
        self.lost: deque[bool] = deque()
        self.url = ""
        self.lock = threading.Lock()

    def answer(self, asked: Asked) -> Reply:
        with self.lock:
            self.asked.append(asked)
            trouble = self.troubles.popleft() if self.troubles else None
            lost = self.lost.popleft() if self.lost else False
            if trouble is not None and not lost:
                return trouble
            done = self.act(asked)
            return trouble or done

    def lose_answer(self) -> None:
        """The next request is done, and its answer is an error."""
        self.troubles.append(Reply({"message": "gateway time-out"}, 504))
        self.lost.append(True)

    def paths(self) -> list[str]:
        return [f"{asked.method} {asked.path}" for asked in self.asked]


@contextmanager
def crm_server(act: Callable[[Asked], Reply]) -> Iterator[Server]:
    """The server on a free port of loopback."""
    state = Server(act)

    class Handler(BaseHTTPRequestHandler):
        def _take(self) -> None:
            parts = urlsplit(self.path)
            raw = self.rfile.read(int(self.headers.get("content-length") or 0))
            query = {name: values[0] for name, values in parse_qs(parts.query).items()}
            headers = {name.lower(): value for name, value in self.headers.items()}
            reply = state.answer(Asked(self.command, parts.path, query, headers, raw))
            time.sleep(reply.wait_s)
            content = b"x" * reply.size or b""
            if not reply.size and reply.status != 204:
                content = json.dumps(reply.value).encode()
            with suppress(OSError):  # the other side has gone
                self.send_response(reply.status)
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

        def log_message(self, *_args: object) -> None:
            pass

    for method in ("GET", "POST", "PATCH", "PUT", "DELETE"):
        setattr(Handler, f"do_{method}", Handler._take)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    state.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def crm_for(
    kind: str, server: Server, secrets: dict[str, str], *, keep: dict[str, str] | None = None,
    **settings: Any,
) -> Crm:  # fmt: skip
    """The hub's side, opened as the hub opens it."""
    return open_crm(access_for(kind, server, secrets, keep=keep, **settings))


def access_for(
    kind: str, server: Server, secrets: dict[str, str], *, keep: dict[str, str] | None = None,
    **settings: Any,
) -> Access:  # fmt: skip
    """What a CRM's class is made from."""
    made = CrmSettings.model_validate(
        {"kind": kind, "url": server.url, "allow": LOOPBACK, "rate_per_10s": 1000, **settings}
    )  # fmt: skip
    kept = {} if keep is None else keep
    return Access("sales", with_defaults(made), secrets, kept.__setitem__)


def score(object_id: str, points: int | None = 87, version: int = 1, **changes: Any) -> ScoreWrite:
    """A score, or one that is to be taken away."""
    if points is None:
        return ScoreWrite(object_id, version, None, None, None, "", ())
    values: dict[str, Any] = {
        "probability": points / 100, "percentile": 0.95, "band": "hot", "trend": "improving",
        "reasons": ("asked for a demo: 31 % buy", "came by a friend"), "scored_at": AT, **changes,
    }  # fmt: skip
    return ScoreWrite(object_id, version, points, **values)
