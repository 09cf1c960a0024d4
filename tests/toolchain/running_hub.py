"""A hub on loopback in this process, with one engineer and one viewer."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import pytest

from kits.toolchain.hub_client import HubClient
from kits.toolchain.releasing.keys import KeyStore
from kits.toolchain.releasing.passphrase import Passphrases
from kits.toolchain.releasing.roots import Desk
from kits.toolchain.releasing.trust import TrustedCopy


class RunningHub:
    """Serves until `stop`; without broker work, ingest and jobs."""

    def __init__(self, folder: Path) -> None:
        pytest.importorskip("cloud_sync.app")
        from cloud_sync.app import create_app
        from cloud_sync.config import parse
        from cloud_sync.crm.simulator.serving import serve_app
        from cloud_sync.web.auth import create_person, issue_token
        from kits.core.signing import SigningKey
        from tests.cloud_sync.tables import make_tables

        config = parse({"listen": {"port": 0}, "broker": {"port": 0}}, folder)
        SigningKey.create(config.keys_dir / "hub.pem")
        app = create_app(config, ingest=False, jobs=False)
        self.hub = app.state.hub
        make_tables(self.hub.database)
        self._serving = ExitStack()
        self.address = self._serving.enter_context(serve_app(app, lifespan=True))
        self.tokens = {}
        for role in ("engineer", "viewer"):
            with self.hub.database.transaction() as session:
                create_person(session, role, "", role, by="test")
                self.tokens[role] = issue_token(session, role, "test", by="test")[1]

    def stop(self) -> None:
        self._serving.close()

    def desk(self, folder: Path) -> Desk:
        """An engineer with keys and trusted copies in `folder`."""
        client = HubClient(self.address, self.tokens["engineer"])
        keys = KeyStore(folder / "keys", Passphrases())
        return Desk(client, TrustedCopy(client, folder / "hub"), keys)
