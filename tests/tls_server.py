"""A real TLS server in a thread that remembers what was sent to it."""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
import threading
from pathlib import Path

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"


class TlsServer:
    """Shows `chain` and answers every request with 200; `heard` is all it was sent after handshakes.

    Args:
        chain: certificates and key, as files.
    """

    def __init__(self, chain: tuple[Path, Path], host: str = "127.0.0.1") -> None:
        self.heard = b""
        self._host = host
        self._context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self._context.load_cert_chain(*chain)
        self._socket = socket.create_server((host, 0))
        self.port = int(self._socket.getsockname()[1])
        self.url = f"https://{host}:{self.port}"
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def __enter__(self) -> TlsServer:
        return self

    def __exit__(self, *_: object) -> None:
        self.heard_to_the_end()

    def heard_to_the_end(self) -> bytes:
        """Ends the server; all that was sent to it."""
        if self._ended.is_set():
            return self.heard
        self._ended.set()
        with contextlib.suppress(OSError):
            socket.create_connection((self._host, self.port), timeout=1).close()
        self._thread.join(5)
        self._socket.close()
        return self.heard

    def _serve(self) -> None:
        while not self._ended.is_set():
            raw, _ = self._socket.accept()
            raw.settimeout(5)
            with raw, contextlib.suppress(OSError):
                peer = self._context.wrap_socket(raw, server_side=True)
                with peer:
                    self._answer(peer)

    def _answer(self, peer: ssl.SSLSocket) -> None:
        request = b""
        while piece := peer.recv(65536):
            self.heard += piece
            request += piece
            head, end, body = request.partition(b"\r\n\r\n")
            length = re.search(rb"(?i)content-length: (\d+)", head)
            if end and len(body) >= (int(length[1]) if length else 0):
                peer.sendall(ANSWER)
                return
