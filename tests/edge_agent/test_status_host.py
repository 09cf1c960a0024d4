"""The status page answers to its own names: a stranger's page, whose name points here, reads no decisions."""

from __future__ import annotations

import http.client
import os
import socket
import time
from collections.abc import Iterator

import pytest

from edge_agent.config import StatusConfig
from edge_agent.status import StatusServer, is_own
from tests.edge_agent.few_descriptors import few_descriptors


@pytest.fixture
def port() -> Iterator[int]:
    server = StatusServer(StatusConfig(port=0, names=("press-1",)), dict, dict)
    yield server.port
    server.close()


def status(port: int, path: str, host: str | None) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.putrequest("GET", path, skip_host=True)
    if host is not None:
        connection.putheader("Host", host)
    connection.endheaders()
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status


@pytest.mark.parametrize("path", ["/", "/status.json", "/metrics", "/nothing"])
@pytest.mark.parametrize("host", ["evil.example", "evil.example:8089", "127.0.0.1.evil.example"])
def test_a_name_that_is_not_its_own_is_refused(port: int, path: str, host: str) -> None:
    assert status(port, path, host) == 421


@pytest.mark.parametrize(
    "host", ["127.0.0.1:8089", "LOCALHOST:8089", "[::1]:8089", "10.0.0.5", "press-1:8089", None]
)
def test_addresses_and_its_own_names_are_answered(port: int, host: str | None) -> None:
    assert status(port, "/metrics", host) == 200


def test_the_name_it_listens_at_is_its_own() -> None:
    assert is_own("Line-3.plant:8089", StatusConfig(host="line-3.plant"))
    assert not is_own("line-4.plant:8089", StatusConfig(host="line-3.plant"))


def test_who_knocks_while_no_descriptor_is_left_takes_no_processor_and_is_answered_later(
    port: int,
) -> None:
    with socket.socket() as client:
        client.settimeout(10)
        lowest_free = os.dup(client.fileno())
        os.close(lowest_free)
        with few_descriptors(lowest_free):
            client.connect(("127.0.0.1", port))
            before = time.process_time()
            time.sleep(1.0)
            used_s = time.process_time() - before
        assert used_s < 0.3
        client.sendall(b"GET /status.json HTTP/1.0\r\nHost: localhost\r\n\r\n")
        assert client.recv(12) == b"HTTP/1.0 200"
