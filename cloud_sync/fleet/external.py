"""A broker that someone else runs: the hub connects to it, and administers nothing there."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from cloud_sync.config import HubConfig
from cloud_sync.fleet.broker import BrokerAddress, Login, answers
from cloud_sync.fleet.pki import HUB, Authority


class ExternalBroker:
    """A broker someone else runs; logins and topic rules are set up there."""

    def __init__(self, config: HubConfig) -> None:
        broker = config.broker
        ca_file = certificate = key = ""
        self._authority: Authority | None = None
        if config.broker_tls:
            authority = Authority(config.pki_dir)
            ca_file = broker.ca_file or str(authority.ca_file)
            if not broker.username:
                self._authority = authority
                certificate, key = (str(path) for path in authority.client_files(HUB))
        self._address = BrokerAddress(
            broker.host, broker.port, broker.username, broker.password, config.broker_tls,
            ca_file, certificate, key,
        )  # fmt: skip
        host, port = broker.public_host or broker.host, broker.device_port or broker.port
        self._device_address = BrokerAddress(host, port, tls=config.broker_tls)

    @property
    def address(self) -> BrokerAddress:
        return self._address

    @property
    def device_address(self) -> BrokerAddress:
        return self._device_address

    def start(self) -> None:
        """Nothing to start."""

    def stop(self) -> None:
        """Nothing to stop."""

    def alive(self) -> bool:
        return True

    def responds(self) -> bool:
        return answers(self._address.host, self._address.port)

    def set_logins(self, logins: Iterable[Login]) -> None:
        """Nothing: that broker has its own user administration."""

    def reload(self) -> None:
        """Nothing: see `cloud-sync broker config`."""

    def renew(self) -> None:
        """The hub's own certificate, in the files that `address` names."""
        if self._authority is not None:
            self._authority.client_files(HUB)

    def cut(self, names: Collection[str]) -> None:
        """Nothing: the ingest takes nothing from a revoked device, whatever the broker does."""

    def tend(self) -> None:
        """Nothing to do."""
