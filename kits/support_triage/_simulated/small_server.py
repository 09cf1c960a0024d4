"""A small HTTP server in a thread of its own: what the simulated order API and writer have in common."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TypeVar

Me = TypeVar("Me", bound="Served")


class SmallServer(ThreadingHTTPServer):
    """Answers each request in a thread; `ended` lets go of those that hang on purpose."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        super().__init__(address, handler)
        self.ended = threading.Event()


class Served:
    """A server that runs until it is closed.

    Attributes:
        url: its address, without a slash at the end.
    """

    def __init__(self, server: SmallServer) -> None:
        self._running = server
        host, port = server.server_address[:2]
        self.url = f"http://{host!s}:{port}"
        self._thread = threading.Thread(
            target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        )
        self._thread.start()

    def __enter__(self: Me) -> Me:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends it; a request that hangs is let go."""
        self._running.ended.set()
        self._running.shutdown()
        self._running.server_close()
        self._thread.join(5)
