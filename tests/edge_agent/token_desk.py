"""A server of tokens: gives them to apps, and tells mail servers which are good."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs


class Desk:
    """A server of tokens; `status` and `answer` are what it says, `good` the tokens it knows when mail servers ask."""

    def __init__(self) -> None:
        self.status = 200
        self.answer: Any = {"access_token": "token-1", "expires_in": 3599, "token_type": "Bearer"}
        self.asked: list[tuple[str, dict[str, list[str]]]] = []
        self.good: set[str] = set()
        desk = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                form = self.rfile.read(int(self.headers["Content-Length"])).decode()
                desk.asked.append((self.headers["Content-Type"], parse_qs(form)))
                self._say(desk.status, desk.answer() if callable(desk.answer) else desk.answer)

            def do_GET(self) -> None:
                known = self.headers.get("Authorization", "").removeprefix("Bearer ") in desk.good
                self._say(*((200, {"username": "shop"}) if known else (401, {"error": "unknown"})))

            def _say(self, status: int, said: object) -> None:
                raw = said if isinstance(said, bytes) else json.dumps(said).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(raw)))
                self.end_headers()
                self.wfile.write(raw)

            def log_message(self, *_: object) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()
        at = f"http://127.0.0.1:{self._server.server_port}"
        self.url, self.whose_url = f"{at}/tenant/oauth2/v2.0/token", f"{at}/userinfo"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
