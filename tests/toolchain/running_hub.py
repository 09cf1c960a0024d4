"""A hub on loopback in this process, with one engineer and one viewer."""

from __future__ import annotations

import socket
import threading
import time
from pathlib import Path

import pytest

from kits.toolchain.hub_client import HubClient
from kits.toolchain.keys import KeyStore
from kits.toolchain.passphrase import Passphrases
from kits.toolchain.roots import Desk
from kits.toolchain.trust import TrustedCopy


class RunningHub:
    """Serves until `stop`; without broker work, ingest and jobs."""

    def __init__(self, folder: Path) -> None:
        import uvicorn

        pytest.importorskip("cloud_sync.app")
        from cloud_sync.app import create_app
        from cloud_sync.config import parse
        from cloud_sync.web.auth import create_person, issue_token
        from kits.core.signing import SigningKey
        from tests.cloud_sync.tables import make_tables

        config = parse({"listen": {"port": 0}, "broker": {"port": 0}}, folder)
        SigningKey.create(config.keys_dir / "hub.pem")
        app = create_app(config, ingest=False, jobs=False)
        self.hub = app.state.hub
        make_tables(self.hub.database)
        # named as TCP, or asyncio leaves Nagle's algorithm on: 40 ms more for each answer
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        self._socket.bind(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._server = uvicorn.Server(uvicorn.Config(app, log_level="error"))
        self._thread = threading.Thread(
            target=self._server.run, args=([self._socket],), daemon=True
        )
        self._thread.start()
        deadline = time.monotonic() + 60
        while not self._server.started and time.monotonic() < deadline:
            time.sleep(0.02)
        assert self._server.started, "the hub did not start"
        self.tokens = {}
        for role in ("engineer", "viewer"):
            with self.hub.database.transaction() as session:
                create_person(session, role, "", role, by="test")
                self.tokens[role] = issue_token(session, role, "test", by="test")[1]

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join(timeout=20)
        self._socket.close()

    def desk(self, folder: Path) -> Desk:
        """An engineer with keys and trusted copies in `folder`."""
        client = HubClient(self.address, self.tokens["engineer"])
        keys = KeyStore(folder / "keys", Passphrases())
        return Desk(client, TrustedCopy(client, folder / "hub"), keys)
