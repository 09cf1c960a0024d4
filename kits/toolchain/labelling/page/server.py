"""Serves the labelling page: on this machine only, to whoever has the address.

Standard library only. The address holds a secret; requests must name the host they mean (against rebound names)
and statements must repeat the secret in a header (against other pages). Samples are sent as JSON and put into
the page as text; the page loads nothing from elsewhere.
"""

from __future__ import annotations

import hmac
import json
import secrets
import threading
from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files

from pydantic import JsonValue, ValidationError

from kits.core.errors import KitwrightError
from kits.toolchain.labelling.desk import Desk, RoundEnd
from kits.toolchain.labelling.page.conversation import Act, Conversation

MAX_BODY = 1 << 16
_ASSETS = {
    "": ("page.html", "text/html; charset=utf-8"),
    "page.js": ("page.js", "text/javascript; charset=utf-8"),
    "page.css": ("page.css", "text/css; charset=utf-8"),
}
_HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
}


def serve(desk: Desk, per_round: int, port: int, tell: Callable[[str], None]) -> RoundEnd:
    """Serves until the person is done on the page, or stops the program with Ctrl-C.

    Args:
        tell: where the address is said.

    Raises:
        DataError: nothing is left to label.
        OSError: the port is taken.
    """
    conversation = Conversation(partial(desk.sit, per_round), desk.finish)
    conversation.look()  # what cannot begin is told here, not in a browser
    with PageServer(conversation, port) as server:
        tell(f"label at {server.address}")
        tell("this address is yours alone; Ctrl-C here or q there ends it")
        try:
            while not conversation.done.wait(1):
                pass
        except KeyboardInterrupt:
            tell("stopped")
    return conversation.end or desk.finish()


class PageServer:
    """The page on a port of loopback, as a context.

    Args:
        port: 0 takes a free one.
    """

    def __init__(self, conversation: Conversation, port: int = 0) -> None:
        self.token = secrets.token_urlsafe(24)
        handler = partial(_Handler, conversation, self.token)
        self._server = ThreadingHTTPServer(("127.0.0.1", port), handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        )

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/{self.token}/"

    def __enter__(self) -> PageServer:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Handler(BaseHTTPRequestHandler):
    """One request. Everything but the page's own files is one JSON document."""

    protocol_version = "HTTP/1.1"
    timeout = 30  # of a connection that says nothing
    server_version = "kitwright"
    sys_version = ""

    def __init__(self, conversation: Conversation, token: str, *args: object) -> None:
        self._conversation = conversation
        self._token = token
        super().__init__(*args)  # type: ignore[arg-type]  # what the server hands on

    def do_GET(self) -> None:
        """The page, its files, and what is to be shown."""
        place = self._place()
        if place is None:
            return
        if place == "now":
            self._answer(self._conversation.look())
        elif place in _ASSETS:
            name, media_type = _ASSETS[place]
            self._send(HTTPStatus.OK, files(__package__).joinpath(name).read_bytes(), media_type)
        else:
            self._refuse(HTTPStatus.NOT_FOUND, "there is no such page")

    def do_POST(self) -> None:
        """A statement."""
        place = self._place()
        if place is None:
            return
        given = self.headers.get("X-Label-Token", "")
        if not hmac.compare_digest(given.encode(), self._token.encode()):
            self._refuse(HTTPStatus.FORBIDDEN, "this did not come from the page")
            return
        size = self.headers.get("Content-Length", "")
        if not (size.isascii() and size.isdigit()) or len(size) > 9 or int(size) > MAX_BODY:
            self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too much for a statement")
            return
        if place != "act":
            self._refuse(HTTPStatus.NOT_FOUND, "there is no such page")
            return
        try:
            self._answer(
                self._conversation.take(Act.model_validate_json(self.rfile.read(int(size))))
            )
        except ValidationError:
            self._refuse(HTTPStatus.BAD_REQUEST, "this is no statement")
        except KitwrightError as error:
            self._refuse(
                HTTPStatus.CONFLICT, f"{error.what}: {error.fix}" if error.fix else error.what
            )

    def _place(self) -> str | None:
        """The path behind the secret; None when the request was refused."""
        port = self.server.server_address[1]  # type: ignore[index]  # an internet address
        if self.headers.get("Host") not in (f"127.0.0.1:{port}", f"localhost:{port}"):
            self._refuse(HTTPStatus.MISDIRECTED_REQUEST, "this page is for this machine")
            return None
        token, _, place = self.path.split("?")[0].lstrip("/").partition("/")
        if not hmac.compare_digest(token.encode(), self._token.encode()):
            self._refuse(HTTPStatus.NOT_FOUND, "there is no such page")
            return None
        return place

    def _answer(self, value: dict[str, JsonValue]) -> None:
        content = json.dumps(value, ensure_ascii=False).encode("utf-8", errors="replace")
        self._send(HTTPStatus.OK, content, "application/json")

    def _refuse(self, status: HTTPStatus, why: str) -> None:
        # what is left unread would be taken for the next request
        self.close_connection = True
        self._send(status, json.dumps({"what": why}).encode(), "application/json")

    def _send(self, status: HTTPStatus, content: bytes, media_type: str) -> None:
        self.send_response(status)
        for name, value in _HEADERS.items():
            self.send_header(name, value)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing: addresses hold the secret, and a person is looking at the terminal."""
