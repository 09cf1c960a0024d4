"""Requests that come drop by drop, or never end, do not keep a connection; honest ones are served meanwhile."""

from __future__ import annotations

import logging
import resource
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request as Asked
from urllib.request import urlopen

import pytest
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from cloud_sync import server
from cloud_sync.config import parse
from cloud_sync.fleet.pki import Authority
from cloud_sync.limits import BodyLimit, Bound
from cloud_sync.patience import PatientProtocol, most_connections
from cloud_sync.server import WebServer
from kits.core.errors import KitwrightError
from tests.waiting import wait_for

BRIEF_S = 0.3
LIMIT = 1 << 16
_DROPS = (b"G", b"ET / HT", b"TP/1.1", b"\r\nHo", b"st: x\r\n", b"X-Drop: 1\r\n")


@pytest.fixture
def port(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    monkeypatch.setattr(PatientProtocol, "head_s", BRIEF_S)
    with serving(tmp_path) as served:
        yield served


@contextmanager
def serving(folder: Path, refused: Callable[[], object] = lambda: None) -> Iterator[int]:
    """The server alone, on a port of its own."""
    app = FastAPI()

    @app.post("/")
    async def read(request: Request) -> dict[str, int]:
        return {"bytes": len(await request.body())}

    @app.post("/headers")
    async def tell_headers(request: Request) -> dict[str, str]:
        await request.body()
        return dict(request.headers)

    @app.post("/form")
    async def read_form(request: Request) -> int:
        async with request.form() as form:
            return len(form)

    @app.exception_handler(KitwrightError)
    async def tell(_request: Request, error: KitwrightError) -> JSONResponse:
        return JSONResponse(error.as_dict(), status_code=400)

    app.add_middleware(BodyLimit, limit=Bound(LIMIT), patience_s=BRIEF_S)
    config = parse({"listen": {"port": 0}}, folder)
    web = WebServer(app, config, Authority(config.pki_dir), refused=refused)
    thread = threading.Thread(target=web.run, daemon=True)
    thread.start()
    wait_for(lambda: web.port is not None)
    assert web.port is not None
    yield web.port
    web.stop()
    thread.join(15)


@contextmanager
def connected(port: int) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", port), timeout=20) as peer:
        yield peer


def all_of(peer: socket.socket) -> bytes:
    """What comes until the other side closes."""
    found = b""
    try:
        while piece := peer.recv(65536):
            found += piece
    except ConnectionError:
        pass
    return found


def served(port: int) -> bool:
    with connected(port) as peer:
        peer.sendall(
            b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc"
        )
        return all_of(peer).endswith(b'{"bytes":3}')


@pytest.mark.parametrize("drops", [0, 1, 3, 6])
def test_a_head_that_does_not_come_is_not_waited_for(port: int, drops: int) -> None:
    with connected(port) as peer:
        for drop in _DROPS[:drops]:
            peer.sendall(drop)
        assert served(port)
        assert all_of(peer) == b""


def test_what_is_no_http_writes_few_lines_of_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "STRANGERS_A_MINUTE", 3)
    lines = ListedLines()
    with serving(tmp_path) as port:
        uvicorns = logging.getLogger("uvicorn.error")
        uvicorns.addHandler(lines)
        for _ in range(8):
            with connected(port) as peer:
                peer.sendall(b"\x16\x03\x01 no HTTP\r\n\r\n")
                assert b"400" in all_of(peer)
        uvicorns.error("a bug")
    uvicorns.removeHandler(lines)
    assert lines.found == [*3 * ["Invalid HTTP request received."], "a bug"]


def test_what_is_no_form_writes_few_lines_of_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(server, "STRANGERS_A_MINUTE", 3)
    broken = b"Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 3\r\n\r\nabc"
    with serving(tmp_path) as port:
        for _ in range(8):
            with connected(port) as peer:
                peer.sendall(b"POST /form HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + broken)
                assert b"400" in all_of(peer)
    assert len([line for line in caplog.messages if "boundary" in line]) == 3


class ListedLines(logging.Handler):
    """Keeps what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.found.append(record.getMessage())


def test_a_head_after_an_answer_is_not_waited_for_either(port: int) -> None:
    with connected(port) as peer:
        peer.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc")
        assert peer.recv(65536)
        peer.sendall(b"POST / HTTP/1.1\r\nHost")
        assert b"200" not in all_of(peer)


def test_a_body_that_does_not_come_is_answered_and_the_connection_ends(port: int) -> None:
    with connected(port) as peer:
        peer.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 30\r\n\r\nabc")
        assert served(port)
        answer = all_of(peer)
    assert answer.startswith(b"HTTP/1.1 408")
    assert b"did not come in time" in answer


@pytest.mark.parametrize("endless", [b"", b"X-Long: "])
def test_a_head_without_end_is_not_read_on(port: int, endless: bytes) -> None:
    sent, piece = 0, endless or b"X-Line: 1\r\n" * 1000
    with connected(port) as peer:
        peer.sendall(b"POST / HTTP/1.1\r\nHost: x\r\n" + piece)
        try:
            while sent < 50 << 20:
                peer.sendall(b"x" * 65536 if endless else piece)
                sent += 65536 if endless else len(piece)
        except ConnectionError:
            pass  # it was refused while it was being sent
        answer = all_of(peer)
    assert sent < 20 << 20
    assert answer == b"" or answer.startswith(b"HTTP/1.1 400")
    assert served(port)


def test_what_follows_a_body_in_pieces_has_an_end_too(port: int) -> None:
    sent = 0
    with connected(port) as peer:
        peer.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX-T: ")
        try:
            while sent < 50 << 20:
                peer.sendall(b"x" * 65536)
                sent += 65536
        except ConnectionError:
            pass
    assert sent < 20 << 20
    assert served(port)


def test_who_sends_a_little_too_much_before_reading_hears_why(port: int) -> None:
    body = b"x" * (2 << 20)
    asked = Asked(f"http://127.0.0.1:{port}/", data=body)
    for _ in range(5):
        with pytest.raises(HTTPError) as refused:
            urlopen(asked, timeout=60)
        with refused.value as answer:
            assert answer.code == 413 and b"more than 65536 bytes" in answer.read()


@pytest.mark.parametrize("more", [b"Expect: 100-continue\r\n", b""])
def test_who_asks_before_sending_too_much_or_sends_none_of_it_is_answered(
    port: int, more: bytes
) -> None:
    with connected(port) as peer:
        peer.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 70000\r\n" + more + b"\r\n")
        answer = all_of(peer)
    assert answer.startswith(b"HTTP/1.1 413")


def test_a_body_in_pieces_of_one_byte_is_read(port: int) -> None:
    head = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    with connected(port) as peer:
        peer.sendall(head + b"1\r\na\r\n" * 50_000 + b"0\r\n\r\n")
        assert all_of(peer).endswith(b'{"bytes":50000}')


def test_a_trailer_is_no_header(port: int) -> None:
    with connected(port) as peer:
        peer.sendall(
            b"POST /headers HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
            b"1\r\na\r\n0\r\nX-Forwarded-Host: evil\r\n\r\n"
        )
        answer = all_of(peer)
    assert b"200 OK" in answer and b"evil" not in answer


@pytest.mark.parametrize(
    "head",
    [
        b"Content-Length: 3\r\nTransfer-Encoding: chunked",
        b"Content-Length: 3\r\nContent-Length: 4",
        b"Content-Length: -3",
        b"Content-Length: " + b"9" * 5000,
        b"Transfer-Encoding: chunked, identity",
        b"Host : x",
    ],
)
def test_a_request_that_two_programs_may_read_differently_is_refused(
    port: int, head: bytes
) -> None:
    with connected(port) as peer:
        peer.sendall(b"POST / HTTP/1.1\r\nHost: x\r\n" + head + b"\r\n\r\nabc")
        answer = all_of(peer)
    assert answer.startswith(b"HTTP/1.1 400")
    assert served(port)


def test_a_connection_too_many_is_told_to_come_again_and_the_others_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cloud_sync.patience.MOST_CONNECTIONS", 3)
    refused: list[int] = []
    with serving(tmp_path, lambda: refused.append(1)) as port, ExitStack() as held:
        first, *_ = [held.enter_context(connected(port)) for _ in range(3)]
        first.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n")
        with connected(port) as another:
            told = all_of(another)
        assert told.startswith(b"HTTP/1.1 503") and b"retry-after: 5" in told
        assert refused == [1]
        first.sendall(b"Connection: close\r\n\r\nabc")
        assert all_of(first).endswith(b'{"bytes":3}')
        wait_for(lambda: served(port))


def test_the_limit_of_open_files_leaves_room_for_other_work(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for files, most in ((1024, 824), (100, 1), (1 << 20, 4000), (resource.RLIM_INFINITY, 4000)):
        monkeypatch.setattr(resource, "getrlimit", lambda _what, files=files: (files, files))
        assert most_connections() == most


@pytest.mark.parametrize("length", [b"Content-Length: 104857600", b"Transfer-Encoding: chunked"])
def test_a_hundred_megabytes_are_not_read(port: int, length: bytes) -> None:
    piece = b"10000\r\n" + b"x" * 65536 + b"\r\n" if b"chunked" in length else b"x" * 65536
    sent = 0
    with connected(port) as peer:
        peer.sendall(b"POST / HTTP/1.1\r\nHost: x\r\n" + length + b"\r\n\r\n")
        try:
            while sent < 100 << 20:
                peer.sendall(piece)
                sent += len(piece)
        except ConnectionError:
            pass  # it was refused while it was being sent
        answer = all_of(peer)
    # what fits into the buffers of two sockets may have gone; nobody reads on
    assert sent < 50 << 20
    assert answer == b"" or answer.startswith(b"HTTP/1.1 413")
    assert served(port)
