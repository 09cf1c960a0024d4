"""A real HTTP receiver that recognises repeated ids, and a small SMTP server, for tests."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import socketserver
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

SECRET = b"0123456789abcdef0123456789abcdef"
SECRET_TEXT = "whsec_" + base64.b64encode(SECRET).decode()


class Receiver:
    """What a careful receiver does: checks the signature, and takes each id once.

    Attributes:
        taken: id → body, of messages seen for the first time.
        posts: id → how often it came.
        answers: statuses to answer with before 200, in order; (status, headers).
    """

    def __init__(self) -> None:
        self.taken: dict[str, Any] = {}
        self.posts: Counter[str] = Counter()
        self.answers: list[tuple[int, dict[str, str]]] = []
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
def receiver() -> Iterator[Receiver]:
    """A receiver that listens on a free port."""
    state = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
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
    state.url = f"http://127.0.0.1:{server.server_port}/hook"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class Mailbox:
    """Mails a small SMTP server took; `refuse` is a code to answer RCPT with."""

    def __init__(self) -> None:
        self.mails: list[str] = []
        self.refuse = 0
        self.port = 0


@contextmanager
def mailbox() -> Iterator[Mailbox]:
    """An SMTP server without TLS on loopback: enough of RFC 5321 to take a mail."""
    state = Mailbox()

    class Session(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self._say("220 test")
            while line := self.rfile.readline():
                word = line.decode().strip().upper()
                if word.startswith(("EHLO", "HELO")):
                    self._say("250 test")
                elif word.startswith("RCPT") and state.refuse:
                    self._say(f"{state.refuse} no")
                elif word == "DATA":
                    self._say("354 go on")
                    state.mails.append(self._body())
                    self._say("250 taken")
                elif word == "QUIT":
                    self._say("221 bye")
                    return
                else:
                    self._say("250 ok")

        def _body(self) -> str:
            lines = []
            while (line := self.rfile.readline()) != b".\r\n":
                lines.append(line.decode())
            return "".join(lines)

        def _say(self, text: str) -> None:
            self.wfile.write(f"{text}\r\n".encode())

    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Session)
    server.daemon_threads = True
    state.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
