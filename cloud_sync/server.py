"""The hub's web server: uvicorn, with the hub's own certificate where others can reach it.

The certificate is renewed while the server runs: new connections get the new one, because a TLS
context that is in use takes another certificate at any time. Nothing needs to be started again. What
the application starts in the background is started here, so that its errors reach who typed the
command; uvicorn would print them as traces of its own.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType

import uvicorn
from fastapi import FastAPI

from cloud_sync.config import HubConfig
from cloud_sync.fleet.broker import answers
from cloud_sync.fleet.pki import Authority
from cloud_sync.fleet.probes import reachable
from cloud_sync.listening import HandshakeLoop, Room, listen
from cloud_sync.patience import bounded, most_connections
from cloud_sync.seldom import Seldom, SeldomWarnings
from kits.core.errors import MachineError

log = logging.getLogger(__name__)

LOOK_S = 600.0
STRANGERS_A_MINUTE = 20
"""So many lines of log, of what is no HTTP or no form: anybody can send it as often as they like."""
_OF_STRANGERS = ("uvicorn.error", "python_multipart.multipart")
"""Loggers that write a line for each."""
_DRAIN_S = 5
_TO_BE_ANSWERED = 50
"""Connections beyond those that are served, which are told so."""


class _Server(uvicorn.Server):
    """Says at once that a signal came: while it serves, signals come here and not to `WebServer`."""

    def __init__(self, config: uvicorn.Config, stopping: Callable[[], object]) -> None:
        super().__init__(config)
        self._stopping = stopping

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._stopping()
        super().handle_exit(sig, frame)


class WebServer:
    """One uvicorn.

    Args:
        app: what it serves.
        authority: signs the server's certificate; unused while `listen.tls` is off.
        stopping: called at once when it is told to end, before its last requests are finished.
        refused: called for each connection that is one too many.
    """

    def __init__(
        self,
        app: FastAPI,
        config: HubConfig,
        authority: Authority,
        *,
        stopping: Callable[[], object] = lambda: None,
        refused: Callable[[], object] = lambda: None,
    ) -> None:
        self._app = app
        self._stopping = stopping
        self._refused = refused
        self._authority = authority
        self._names: Sequence[str] = config.server_names
        self._pair: tuple[Path, Path] | None = None
        if config.listen.encrypted:
            self._pair = authority.server_files(self._names)
        certificate, key = self._pair or (None, None)
        self._config = uvicorn.Config(
            app,
            http=bounded(refused),
            host=config.listen.host,
            port=config.listen.port,
            log_level="warning",
            server_header=False,
            timeout_graceful_shutdown=_DRAIN_S,
            ssl_certfile=certificate,
            ssl_keyfile=key,
            lifespan="off",
        )
        self._config.load()
        self._shown = certificate.read_bytes() if certificate else b""
        self._server = _Server(self._config, stopping)
        self._ended = threading.Event()

    def run(self, started: Callable[[], None] = lambda: None) -> None:
        """Starts what belongs to the application, and serves until a signal or `stop`.

        Args:
            started: called when everything has started, before the first request.

        Raises:
            MachineError: something else listens where it should.
            KitwrightError: a part of the application does not start.
        """
        self._refuse_taken_port()
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, lambda *_: self.stop())
        warnings = SeldomWarnings(Seldom(STRANGERS_A_MINUTE, 60.0))
        loggers = [logging.getLogger(name) for name in _OF_STRANGERS]
        for one in loggers:
            one.addFilter(warnings)
        keeper = threading.Thread(target=self._keep, name="server-certificate", daemon=True)
        if self._pair is not None:
            keeper.start()
        try:
            with asyncio.Runner(loop_factory=HandshakeLoop) as runner:
                runner.run(self._serve(started))
        finally:
            for one in loggers:
                one.removeFilter(warnings)
            self._ended.set()

    async def _serve(self, started: Callable[[], None]) -> None:
        async with self._app.router.lifespan_context(self._app):
            started()
            # a signal that came while the parts were starting
            if not self._server.should_exit:
                room = Room(most_connections() + _TO_BE_ANSWERED, self._refused)
                sockets = listen(self._config.host, self._config.port, room)
                await self._server.serve(sockets)

    def _refuse_taken_port(self) -> None:
        host, port = reachable(self._config.host), self._config.port
        if port and answers(host, port):
            raise MachineError(
                "something else listens where the hub's pages should be",
                where=f"{host}:{port}",
                fix="set listen.port in hub.yaml to a free port, or end what listens there",
            )

    def stop(self) -> None:
        """Ends `run`, after requests that are under way."""
        self._stopping()
        self._server.should_exit = True

    @property
    def port(self) -> int | None:
        """Where it listens, once it does."""
        if not self._server.started:
            return None
        return int(self._server.servers[0].sockets[0].getsockname()[1])

    def refresh(self) -> bool:
        """Renews the certificate when it is time and shows what lies on disk; whether it is another.

        Raises:
            OSError: it cannot be written or read; the one in use stays.
        """
        certificate, key = self._authority.server_files(self._names)
        content = certificate.read_bytes()
        if content == self._shown or self._config.ssl is None:
            return False
        self._config.ssl.load_cert_chain(certificate, key)
        self._shown = content
        log.info("event=server_certificate_replaced")
        return True

    def _keep(self) -> None:
        while not self._ended.wait(LOOK_S):
            try:
                self.refresh()
            except OSError as error:  # a full disk, for example: tried again in ten minutes
                log.error("event=server_certificate_not_renewed error=%r", str(error))
