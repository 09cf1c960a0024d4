"""Real receivers for tests: one over HTTP that recognises repeated ids, a small SMTP server, and
one that sends its answer drop by drop."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import socket
import socketserver
import ssl
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

SECRET = b"0123456789abcdef0123456789abcdef"
SECRET_TEXT = "whsec_" + base64.b64encode(SECRET).decode()


class Receiver:
    """What a careful receiver does: checks the signature, and takes each id once.

    Attributes:
        taken: id → body, of messages seen for the first time.
        posts: id → how often it came.
        answers: statuses to answer with before 200, in order; (status, headers).
        paths: what was asked for, in order.
    """

    def __init__(self) -> None:
        self.taken: dict[str, Any] = {}
        self.posts: Counter[str] = Counter()
        self.answers: list[tuple[int, dict[str, str]]] = []
        self.paths: list[str] = []
        self.wrong_signatures = 0
        self.url = ""
        self.lock = threading.Lock()

    def take(self, headers: Any, body: bytes) -> tuple[int, dict[str, str]]:
        with self.lock:
            if self.answers:
                return self.answers.pop(0)
            key = headers["webhook-id"]
            signed = f"{key}.{headers['webhook-timestamp']}.".encode() + body
            digest = hmac.digest(SECRET, signed, hashlib.sha256)
            wanted = "v1," + base64.b64encode(digest).decode()
            if wanted not in headers["webhook-signature"].split():
                self.wrong_signatures += 1
                return 401, {}
            self.posts[key] += 1
            self.taken.setdefault(key, json.loads(body))
            return 200, {}


@contextmanager
def receiver(chain: tuple[Path, Path] | None = None) -> Iterator[Receiver]:
    """A receiver that listens on a free port; with a `chain` of certificates over TLS."""
    state = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            state.paths.append(self.path)
            status, headers = state.take(self.headers, body)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if chain is not None:
        server.socket = _context(chain).wrap_socket(server.socket, server_side=True)
    state.url = f"http{'s' if chain else ''}://127.0.0.1:{server.server_port}/hook"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class Mailbox:
    """Mails a small SMTP server took; `refuse` is a code to answer RCPT with, `farewell` what it
    says to QUIT, and with `drips` each answer comes byte by byte. Anybody may sign in, unless there are `words`: of
    XOAUTH2, which others do not have; `signed_in` counts."""

    def __init__(self) -> None:
        self.mails: list[str] = []
        self.refuse = 0
        self.farewell = "221 bye"
        self.drips = False
        self.words = ""
        self.signed_in = 0
        self.port = 0


@contextmanager
def mailbox() -> Iterator[Mailbox]:
    """An SMTP server without TLS on loopback: enough of RFC 5321 to take a mail."""
    state = Mailbox()

    class Session(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            with suppress(OSError):  # the other side has gone
                self._talk()

        def _talk(self) -> None:
            self._say("220 test")
            while line := self.rfile.readline():
                word = line.decode().strip().upper()
                if word.startswith(("EHLO", "HELO")):
                    self._say("250-test")
                    self._say("250 AUTH PLAIN LOGIN")
                elif word.startswith("AUTH"):
                    self._sign_in(line.decode().split())
                elif word.startswith("RCPT") and state.refuse:
                    self._say(f"{state.refuse} no")
                elif word == "DATA":
                    self._say("354 go on")
                    state.mails.append(self._body())
                    self._say("250 taken")
                elif word == "QUIT":
                    self._say(state.farewell)
                    return
                else:
                    self._say("250 ok")

        def _sign_in(self, said: list[str]) -> None:
            words = base64.b64decode(said[-1]).decode() if said[1:2] == ["XOAUTH2"] else ""
            if state.words and words != state.words:
                self._say("334 eyJzdGF0dXMiOiI0MDEifQ==")  # {"status":"401"}
                self.rfile.readline()
                self._say("535 5.7.3 Authentication unsuccessful")
                return
            state.signed_in += 1
            self._say("235 welcome")

        def _body(self) -> str:
            lines = []
            while (line := self.rfile.readline()) != b".\r\n":
                lines.append(line.decode())
            return "".join(lines)

        def _say(self, text: str) -> None:
            for byte in f"{text}\r\n".encode():
                self.wfile.write(bytes([byte]))
                time.sleep(DRIP_S if state.drips else 0)

    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Session)
    server.daemon_threads = True
    state.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


DRIP_S = 0.1


@contextmanager
def dripping(answer: bytes, chain: tuple[Path, Path] | None = None) -> Iterator[int]:
    """A port where `answer` comes, ten bytes a second; with a `chain` of certificates over TLS."""
    context = _context(chain) if chain is not None else None

    class Session(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with suppress(OSError):  # the other side has gone
                peer: socket.socket = self.request
                if context is not None:
                    peer = context.wrap_socket(peer, server_side=True)
                with peer:
                    for byte in answer:
                        peer.sendall(bytes([byte]))
                        time.sleep(DRIP_S)
                    peer.recv(1)

    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Session)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _context(chain: tuple[Path, Path]) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*chain)
    return context
