"""The proxy itself: what it opens it closes, however it ends."""

from __future__ import annotations

import gc
import socket
import sys
import threading
from collections.abc import Iterator

import pytest

from tests.failure.proxy import Proxy
from tests.waiting import wait_for


@pytest.fixture
def target() -> Iterator[tuple[str, int]]:
    """Takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        held: list[socket.socket] = []

        def take() -> None:
            while True:
                try:
                    held.append(server.accept()[0])
                except OSError:
                    return

        taking = threading.Thread(target=take)
        taking.start()
        yield server.getsockname()
        server.shutdown(socket.SHUT_RDWR)
        taking.join()
        for one in held:
            one.close()


def test_connections_that_end_when_the_proxy_ends_are_closed(
    target: tuple[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    left: list[str] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda told: left.append(str(told.exc_value)))
    for _ in range(30):
        with Proxy(target) as proxy:
            ends = [socket.create_connection(("127.0.0.1", proxy.port)) for _ in range(10)]
            wait_for(lambda proxy=proxy: proxy.connections == 10)
            for end in ends:
                end.close()
        gc.collect()
    assert left == []
