"""The hub's answers over real connections: endless, trickling, broken off. None holds the device."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from edge_agent.errors import HubUnreachableError
from edge_agent.update.download import Downloader
from edge_agent.update.fetch import HubClient
from edge_agent.update.hub_metadata import HubMetadata
from kits.core.hub_api import Reported

Talk = Callable[[socket.socket], None]
OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
TRICKLE_S = 0.02
HONEST_AT_LAST_S = 20.0
"""A client that lets a trickle hold it gets a good answer in the end, and the test fails."""


@contextmanager
def hub_that(talk: Talk) -> Iterator[str]:
    """Takes connections and answers each first request with `talk`."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with suppress(OSError):
            while True:
                connection = listener.accept()[0]
                threading.Thread(target=answer, args=(connection,), daemon=True).start()

    def answer(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            connection.recv(65536)
            talk(connection)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


def trickle(connection: socket.socket, byte: bytes, rest: bytes) -> None:
    end = time.monotonic() + HONEST_AT_LAST_S
    while time.monotonic() < end:
        connection.sendall(byte)
        time.sleep(TRICKLE_S)
    connection.sendall(rest)


def in_the_headers(connection: socket.socket) -> None:
    connection.sendall(OK + b"X: ")
    trickle(connection, b"x", b"\r\nContent-Length: 2\r\n\r\n{}")


def in_the_body(connection: socket.socket) -> None:
    connection.sendall(OK + b"Connection: close\r\n\r\n")
    trickle(connection, b" ", b"{}")


def in_the_length_of_a_chunk(connection: socket.socket) -> None:
    connection.sendall(OK + b"Transfer-Encoding: chunked\r\n\r\n")
    trickle(connection, b"0", b"2\r\n{}\r\n0\r\n\r\n")


def in_the_status(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 ")
    trickle(connection, b"x", b"\r\nContent-Length: 2\r\n\r\n{}")


TRICKLES = [in_the_status, in_the_headers, in_the_body, in_the_length_of_a_chunk]


@pytest.mark.parametrize("talk", TRICKLES)
def test_a_trickle_is_given_up(talk: Talk, tmp_path: Path) -> None:
    with hub_that(talk) as url:
        client = HubClient(url, "t", timeout_s=0.2)
        with pytest.raises(HubUnreachableError):
            client.desired()
        with pytest.raises(HubUnreachableError):
            client.report(Reported())
        with pytest.raises(HubUnreachableError):
            HubMetadata(client).get("timestamp.json", 10_000_000)
        with pytest.raises(HubUnreachableError):
            Downloader(client, spare_bytes=0).download("/b", tmp_path / "b.part", 1 << 20)


@pytest.mark.parametrize("call", [lambda c: c.desired(), lambda c: c.report(Reported())])
def test_an_endless_answer_is_not_read_to_its_end(call: Callable[[HubClient], object]) -> None:
    sent = [0]

    def flood(connection: socket.socket) -> None:
        connection.sendall(OK + b"Content-Length: 300000000\r\n\r\n")
        while sent[0] < 300_000_000:
            sent[0] += connection.send(b" " * (1 << 20))

    with hub_that(flood) as url, pytest.raises(HubUnreachableError, match="more than 65536"):
        call(HubClient(url, "t", timeout_s=5))
    assert sent[0] < 50_000_000  # what the kernel's buffers held


def test_a_compressed_bomb_is_not_unpacked() -> None:
    def bomb(connection: socket.socket) -> None:
        connection.sendall(OK + b"Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}")

    with hub_that(bomb) as url:
        assert HubClient(url, "t", timeout_s=5).desired().bundle is None


def test_an_answer_that_breaks_off_is_none() -> None:
    def cut(connection: socket.socket) -> None:
        connection.sendall(OK + b"Content-Length: 20\r\n\r\n{}")

    with hub_that(cut) as url, pytest.raises(HubUnreachableError, match="cut off"):
        HubClient(url, "t", timeout_s=5).desired()


def test_a_slow_but_honest_hub_is_heard() -> None:
    """It thinks for long, and its answer comes in two parts."""

    def slow(connection: socket.socket) -> None:
        time.sleep(0.3)
        connection.sendall(OK + b"Content-Length: 2\r\n\r\n{")
        time.sleep(0.3)
        connection.sendall(b"}")

    with hub_that(slow) as url:
        assert HubClient(url, "t", timeout_s=30).desired().bundle is None
