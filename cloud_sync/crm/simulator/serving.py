"""A pretended CRM on a port of this machine, with or without a hub it sends to: for tests, demos and the command."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn

from cloud_sync.crm.simulator.queue import Noise
from cloud_sync.crm.simulator.sender import QUIET, HubAddress, Sender
from cloud_sync.crm.simulator.simulator import Simulator
from kits.core.errors import MachineError

HOST = "127.0.0.1"
START_S = 10.0


@contextmanager
def serve(simulator: Simulator, port: int = 0) -> Iterator[str]:
    """Its API on loopback, as long as the context is open; port 0: any free one.

    Raises:
        MachineError: the port is taken, or the server does not come up.
    """
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
    except OSError as error:
        listener.close()
        raise MachineError(
            "something else listens on this port", where=f"{HOST}:{port}", fix="choose another: --port"
        ) from error  # fmt: skip
    config = uvicorn.Config(simulator.app(), lifespan="off", log_level="error", access_log=False)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        _wait_for(server)
        yield f"http://{HOST}:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(START_S)
        listener.close()


def _wait_for(server: uvicorn.Server) -> None:
    end = time.monotonic() + START_S
    while not server.started:
        if time.monotonic() > end:
            raise MachineError("the pretended CRM does not come up")
        time.sleep(0.01)


@contextmanager
def sending(
    simulator: Simulator,
    url: str,
    *,
    noise: Noise = QUIET,
    scale: float = 1.0,
    workers: int = 4,
    told: Callable[[str], None] | None = None,
    context: ssl.SSLContext | None = None,
    signed_url: str = "",
) -> Iterator[Sender]:
    """It sends its events to this address, as long as the context is open; what happens afterwards is lost.

    Args:
        url: where the hub listens for this CRM: `https://HUB/v1/crm/NAME`.
        signed_url: the address as the hub is known outside, where that is another; it is what is signed.
    """
    sender = Sender(
        HubAddress(url, signed_url, context), simulator.vendor,
        noise=noise, scale=scale, workers=workers, seed=simulator.seed, told=told,
    )  # fmt: skip
    simulator.connect(sender)
    sender.start()
    try:
        yield sender
    finally:
        sender.stop()
