"""The hub's web server: uvicorn, with the hub's own certificate where others can reach it.

The certificate is renewed while the server runs: new connections get the new one, because a TLS
context that is in use takes another certificate at any time. Nothing needs to be started again.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from pathlib import Path

import uvicorn
from fastapi import FastAPI

from cloud_sync.config import HubConfig
from cloud_sync.fleet.pki import Authority

log = logging.getLogger(__name__)

LOOK_S = 600.0
_DRAIN_S = 5


class WebServer:
    """One uvicorn.

    Args:
        app: what it serves.
        authority: signs the server's certificate; unused while `listen.tls` is off.
    """

    def __init__(self, app: FastAPI, config: HubConfig, authority: Authority) -> None:
        self._authority = authority
        self._names: Sequence[str] = config.server_names
        self._pair: tuple[Path, Path] | None = None
        if config.listen.encrypted:
            self._pair = authority.server_files(self._names)
        certificate, key = self._pair or (None, None)
        self._config = uvicorn.Config(
            app,
            host=config.listen.host,
            port=config.listen.port,
            log_level="warning",
            server_header=False,
            timeout_graceful_shutdown=_DRAIN_S,
            ssl_certfile=certificate,
            ssl_keyfile=key,
        )
        self._config.load()
        self._shown = certificate.read_bytes() if certificate else b""
        self._server = uvicorn.Server(self._config)
        self._ended = threading.Event()

    def run(self) -> None:
        """Serves until a signal or `stop`."""
        keeper = threading.Thread(target=self._keep, name="server-certificate", daemon=True)
        if self._pair is not None:
            keeper.start()
        try:
            self._server.run()
        finally:
            self._ended.set()

    def stop(self) -> None:
        """Ends `run`, after requests that are under way."""
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
