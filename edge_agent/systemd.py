"""Words to systemd: READY, WATCHDOG, STOPPING, more time. One datagram each; nothing without it."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from edge_agent.log import warn

_EVERY_S = 5.0
_MORE_S = 30
_PATIENCE_S = 1.0


def notify(state: str) -> bool:
    """Sends `state` (`READY=1`) to the service manager; False when there is none."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return False
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
            channel.settimeout(_PATIENCE_S)
            channel.connect("\0" + address[1:] if address.startswith("@") else address)
            channel.sendall(state.encode())
    except OSError as error:
        warn("service_manager_unheard", state=state, error=error)
        return False
    return True


@contextmanager
def starting(
    limit_s: float, *, every_s: float = _EVERY_S, clock: Callable[[], float] = time.monotonic
) -> Iterator[None]:
    """Asks for more time to start while the block is at work, for `limit_s` at most.

    After that a start that hangs is ended by the service manager's own time-out.
    """
    done = threading.Event()

    def ask() -> None:
        end = clock() + limit_s
        while clock() < end and notify(f"EXTEND_TIMEOUT_USEC={_MORE_S * 1_000_000}"):
            if done.wait(every_s):
                return

    asker = threading.Thread(target=ask, name="starting", daemon=True)
    asker.start()
    try:
        yield
    finally:
        done.set()
        asker.join()
