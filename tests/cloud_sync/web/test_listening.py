"""Connections that agree on no encryption are counted, and are not waited for: there is room for those that do."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from fastapi import FastAPI

from cloud_sync import listening, server
from cloud_sync.config import parse
from cloud_sync.fleet.pki import Authority
from cloud_sync.server import WebServer
from kits.core.errors import MachineError
from tests.waiting import wait_for

MOST, BRIEF_S = 3, 0.3


@pytest.fixture
def refused() -> list[int]:
    return []


@pytest.fixture
def port(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refused: list[int]) -> Iterator[int]:
    """A server with TLS that has room for few."""
    monkeypatch.setattr(server, "most_connections", lambda: MOST)
    monkeypatch.setattr(server, "_TO_BE_ANSWERED", 0)
    config = parse({"listen": {"port": 0, "tls": "on"}}, tmp_path)
    authority = Authority(config.pki_dir)
    web = WebServer(FastAPI(), config, authority, refused=lambda: refused.append(1))
    thread = threading.Thread(target=web.run, daemon=True)
    thread.start()
    wait_for(lambda: web.port is not None)
    assert web.port is not None
    yield web.port
    web.stop()
    thread.join(15)


def answered(port: int) -> bool:
    """Whether somebody who speaks TLS is served."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        plain = socket.create_connection(("127.0.0.1", port), timeout=20)
        with plain, context.wrap_socket(plain) as peer:
            peer.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            return peer.recv(12) == b"HTTP/1.1 404"
    except OSError:
        return False


def silent(port: int, stack: ExitStack) -> socket.socket:
    """A connection that says nothing."""
    return stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=20))


def ended(peer: socket.socket) -> bool:
    try:
        return peer.recv(1) == b""
    except ConnectionError:
        return True


def test_one_too_many_is_closed_and_the_others_stay(port: int, refused: list[int]) -> None:
    """Without a bound 1,300 of them took all descriptors: nobody was served, the broker died, the log grew by 300 MB."""
    with ExitStack() as stack:
        others = [silent(port, stack) for _ in range(MOST)]
        assert ended(silent(port, stack))
        assert not answered(port)
        wait_for(lambda: len(refused) == 2)
        others[0].close()
        wait_for(lambda: answered(port))
    wait_for(lambda: answered(port))


@pytest.fixture
def brief(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listening, "HEAD_S", BRIEF_S)


@pytest.mark.usefixtures("brief", "port")
def test_who_agrees_on_no_encryption_is_not_waited_for(port: int) -> None:
    with ExitStack() as stack:
        assert ended(silent(port, stack))


def test_every_address_of_a_name_is_listened_on_at_the_same_port() -> None:
    sockets = listening.listen("localhost", 0, listening.Room(1))
    try:
        assert len({one.getsockname()[1] for one in sockets}) == 1
    finally:
        for one in sockets:
            one.close()


def test_answers_are_not_held_back_for_more_to_come() -> None:
    """Without TCP_NODELAY each message of a CRM was answered 40 ms late."""
    (one,) = listening.listen("127.0.0.1", 0, listening.Room(1))

    async def told() -> int:
        met: asyncio.Future[asyncio.StreamWriter] = asyncio.get_running_loop().create_future()
        server = await asyncio.start_server(lambda _, writer: met.set_result(writer), sock=one)
        async with server:
            _, ours = await asyncio.open_connection(*one.getsockname()[:2])
            theirs = await met
            option = theirs.get_extra_info("socket").getsockopt(
                socket.IPPROTO_TCP, socket.TCP_NODELAY
            )
            for writer in (ours, theirs):
                writer.close()
                await writer.wait_closed()
            return int(option)

    assert asyncio.run(told()) != 0


def test_an_address_that_this_machine_does_not_have_costs_the_others_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In a container without IPv6 localhost is ::1, too: the hub did not start there."""
    found = socket.getaddrinfo("127.0.0.1", 0, type=socket.SOCK_STREAM)
    of_others = [(family, *kind, ("192.0.2.1", 0)) for family, *kind, _ in found]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [*of_others, *found])
    (one,) = listening.listen("localhost", 0, listening.Room(1))
    with one:
        assert one.getsockname()[0] == "127.0.0.1"
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: of_others)
    with pytest.raises(MachineError, match="cannot be served here"):
        listening.listen("localhost", 0, listening.Room(1))
