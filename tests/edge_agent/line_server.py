"""A server on loopback that talks line by line with one peer at a time: scripted mail servers are made of it."""

from __future__ import annotations

import contextlib
import socket
import threading
from abc import ABC, abstractmethod
from io import BufferedRWPair


class LineServer(ABC):
    """Listens from the beginning, on `port`."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._socket.getsockname()[1])
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self._socket.close()

    def _serve(self) -> None:
        while True:
            try:
                peer, _ = self._socket.accept()
            except OSError:
                return
            with contextlib.suppress(OSError), peer, peer.makefile("rwb") as channel:  # it may go
                self._talk(channel)

    @abstractmethod
    def _talk(self, channel: BufferedRWPair) -> None:
        """The whole conversation with one peer."""
