"""Between an agent and a real mail server: says no to some commands in its place, as large providers do now and then."""

from __future__ import annotations

import re
import socket
import threading
from types import TracebackType


class Refusals:
    """Forwards connections on `port`.

    Args:
        port: the server's, on loopback.
        command: pattern of commands that are not forwarded.
        answer: what is said to them, without its tag.
        times: as often; later ones are forwarded.

    Attributes:
        refused: commands that were answered here.
    """

    def __init__(self, port: int, command: bytes, answer: bytes, times: int) -> None:
        self._target = port
        self._command = re.compile(command)
        self._answer = answer
        self._times = times
        self.refused: list[bytes] = []
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._socket.getsockname()[1])

    def __enter__(self) -> Refusals:
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._socket.close()
        self.end_all(b"")

    def end_all(self, said: bytes) -> None:
        """Ends all connections, as a server does that says goodbye."""
        for near, far in self._pairs:
            _end(near, far, said)
        self._pairs.clear()

    def _serve(self) -> None:
        while True:
            try:
                near, _ = self._socket.accept()
            except OSError:
                return
            try:
                far = socket.create_connection(("127.0.0.1", self._target))
            except OSError:  # the server is away
                near.close()
                continue
            self._pairs.append((near, far))
            for talk in (self._up, self._down):
                threading.Thread(target=talk, args=(near, far), daemon=True).start()

    def _up(self, near: socket.socket, far: socket.socket) -> None:
        try:
            for line in near.makefile("rb"):
                if len(self.refused) < self._times and self._command.search(line):
                    self.refused.append(line)
                    near.sendall(line.split(b" ")[0] + b" " + self._answer + b"\r\n")
                else:
                    far.sendall(line)
        except OSError:
            pass  # the other side is gone
        finally:
            _end(near, far, b"")

    def _down(self, near: socket.socket, far: socket.socket) -> None:
        try:
            while piece := far.recv(1 << 16):
                near.sendall(self._told(piece))
        except OSError:
            pass  # the other side is gone
        finally:
            _end(near, far, b"")

    def _told(self, piece: bytes) -> bytes:
        """What is forwarded in place of this piece of the server's words."""
        return piece


def _end(near: socket.socket, far: socket.socket, said: bytes) -> None:
    try:
        near.sendall(said)
        near.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass  # it has ended already
    for one in (near, far):
        one.close()
