"""A pretended CRM on a port of this machine, with or without a hub it sends to: for tests, demos and the command."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import uvicorn

from cloud_sync.crm.simulator.queue import Noise
from cloud_sync.crm.simulator.sender import QUIET, HubAddress, Sender
from cloud_sync.crm.simulator.simulator import Simulator
from kits.core.errors import MachineError

HOST = "127.0.0.1"
START_S = 10.0
_LOOK_S = 0.002


class _Server(uvicorn.Server):
    """Ends when it is told to, and not a fifth of a second later: uvicorn looks ten times a second and then waits as long."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._told = asyncio.Event()

    def end(self) -> None:
        """From another thread."""
        self.should_exit = True
        if self._loop is not None:
            with suppress(RuntimeError):  # it has ended by itself
                self._loop.call_soon_threadsafe(self._told.set)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        await super().startup(sockets)

    async def main_loop(self) -> None:
        # each turn tells what time it is, in whole seconds
        while not await self.on_tick(0):
            with suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._told.wait(), 1.0)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        for listener in sockets or ():
            listener.close()
        state = self.server_state
        for connection in [*state.connections]:
            connection.shutdown()
        while state.connections or state.tasks:  # what was asked is answered
            await asyncio.sleep(_LOOK_S)
        await self.lifespan.shutdown()


@contextmanager
def serve(simulator: Simulator, port: int = 0) -> Iterator[str]:
    """Its API on loopback, as long as the context is open; port 0: any free one.

    Raises:
        MachineError: the port is taken, or the server does not come up.
    """
    with serve_app(simulator.app(), port) as url:
        yield url


@contextmanager
def serve_app(app: Any, port: int = 0, *, lifespan: bool = False) -> Iterator[str]:
    """Like `serve`, of any ASGI application.

    Args:
        lifespan: whether it is told of its beginning and end.

    Raises:
        MachineError: the port is taken, or the server does not come up.
    """
    # named as TCP, or asyncio leaves Nagle's algorithm on: 40 ms more for some answers
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
    except OSError as error:
        listener.close()
        raise MachineError(
            "something else listens on this port", where=f"{HOST}:{port}", fix="choose another: --port"
        ) from error  # fmt: skip
    config = uvicorn.Config(
        app, lifespan="on" if lifespan else "off", log_level="error", access_log=False
    )
    server = _Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        _wait_for(server)
        yield f"http://{HOST}:{listener.getsockname()[1]}"
    finally:
        server.end()
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
