"""Letting a connection go so that nothing more of an order reaches the other side."""

from __future__ import annotations

import contextlib
import socket
import struct

_ABORT = struct.pack("ii", 1, 0)
"""SO_LINGER of zero seconds: what the other side has not taken yet is thrown away."""


def abort(channel: socket.socket) -> None:
    """Closes it; what still waits in the kernel is not sent, now or ever."""
    with contextlib.suppress(OSError):
        channel.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _ABORT)
    with contextlib.suppress(OSError):
        channel.close()
