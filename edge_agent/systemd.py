"""Words to systemd: READY, WATCHDOG, STOPPING. One datagram each; nothing without it."""

from __future__ import annotations

import os
import socket


def notify(state: str) -> bool:
    """Sends `state` (`READY=1`) to the service manager; False when there is none."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return False
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.connect("\0" + address[1:] if address.startswith("@") else address)
        channel.sendall(state.encode())
    return True
