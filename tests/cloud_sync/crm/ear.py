"""A hub's ear for tests of the pretended CRM: takes messages over HTTP, answers as told, remembers each."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Reply = tuple[int, dict[str, str], bytes]
OVER_A_DAY = 10_000_000.0
"""A time scale at which the last attempt of a vendor that tries for a day is soon over."""
MINUTES_IN_MS = 10_000.0
"""The same for Pipedrive, which tries for minutes: its three days without success must not be over before the first."""


@dataclass(frozen=True)
class Taken:
    """One message."""

    path: str
    headers: dict[str, str]
    body: bytes
    status: int


@dataclass
class Ear:
    """What came, and what is answered: `answers` first, one each, then `then`."""

    answers: list[Reply] = field(default_factory=list)
    then: Reply = (200, {}, b"{}")
    taken: list[Taken] = field(default_factory=list)
    url: str = ""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def bodies(self, status: int = 200) -> list[bytes]:
        return [one.body for one in self.taken if one.status == status]


@contextmanager
def ear(answer: Callable[[Taken], Reply] | None = None) -> Iterator[Ear]:
    """One on a free port of loopback."""
    state = Ear()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            with state.lock:
                reply = state.answers.pop(0) if state.answers else state.then
                if answer is not None:
                    reply = answer(Taken(self.path, headers, body, 0))
                state.taken.append(Taken(self.path, headers, body, reply[0]))
            self.send_response(reply[0])
            for name, value in reply[1].items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(reply[2])))
            self.end_headers()
            self.wfile.write(reply[2])

        def log_message(self, *_args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    state.url = f"http://127.0.0.1:{server.server_address[1]}/v1/crm/sales"
    try:
        yield state
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
