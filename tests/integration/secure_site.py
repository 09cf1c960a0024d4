"""A site that speaks TLS on both its doors, hub and broker, as it does beyond one machine."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path

from cloud_sync.config import load
from cloud_sync.fleet.pki import Authority
from kits.core.addresses import free_port
from kits.core.sample import utc_now
from kits.core.tls import pinned_context
from kits.toolchain.demo.hub import HubApi
from tests.integration.hub import HubProcess
from tests.integration.site import Line


def renew_authority(pki: Path, age: timedelta) -> None:
    """Makes a hub that was never started the hub of an authority of that age."""
    shutil.rmtree(pki)
    Authority(pki, clock=lambda: utc_now() - age)


class SecureSite(HubProcess):
    """A hub that speaks TLS on both its doors."""

    def __init__(
        self, folder: Path, *, authority_age: timedelta = timedelta(), fresh: bool = False
    ) -> None:
        port = free_port()
        broker = {
            "kind": "mosquitto", "port": free_port(),
            "tls": True, "tls_host": "127.0.0.1", "tls_port": free_port(),
        }  # fmt: skip
        super().__init__(folder, broker, fresh=fresh, listen={"port": port, "tls": "on"})
        config = load(self.data)
        renew_authority(config.pki_dir, authority_age)
        self.url = config.url
        self.fingerprint = Authority(config.pki_dir).fingerprint
        self.api = HubApi(self.url, self.token, pinned_context(config.pki_dir / "ca.pem"))

    def add_line(self, name: str, folder: Path) -> Line:
        """Enrols a device with the very line that the hub prints for it."""
        made = self.api.call("POST", "/v1/devices", {"name": name, "site": "main"})
        line = Line(self, name, folder, free_port())
        line.configure(
            6, rate_hz=20, loop=True, update={"poll_s": 60, "first_bundle_wait_s": 0},
            sync={"backoff_s": 0.1, "backoff_max_s": 0.5, "resend_s": 1.0, "health_s": 0.2},
        )  # fmt: skip
        self.programs.text(*str(made["command"]).split(), "--config", str(line.config))
        return line
