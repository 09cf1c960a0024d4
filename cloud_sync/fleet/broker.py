"""The MQTT broker behind one Protocol: mosquitto, the embedded iotcore, or one that runs elsewhere.

The hub's correctness never rests on the broker (it may lose everything at any time); this package
only starts it, tells it which devices may sign in, and starts it again when it dies.
"""

from __future__ import annotations

import os
import secrets
import shutil
import socket
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from cloud_sync.config import HubConfig
from cloud_sync.fleet.pki import HUB, Authority
from kits.core.addresses import is_loopback
from kits.core.errors import ConfigError, MachineError
from kits.core.files import write_atomically

HUB_USER = "_hub"  # no device can have this name: '_' is not allowed in one
MAX_PACKET_BYTES = 512 * 1024


@dataclass(frozen=True, slots=True)
class BrokerAddress:
    """Where a client finds the broker and what it signs in with.

    `ca_file` is what a TLS server is checked against; `certificate` and `key` are files of the
    client's own.
    """

    host: str
    port: int
    username: str = ""
    password: str = field(default="", repr=False)
    tls: bool = False
    ca_file: str = ""
    certificate: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True)
class Login:
    """A device that may sign in.

    `secret` is its token as mosquitto stores it (`$7$…`), `site` what its topics begin with.
    """

    name: str
    secret: str = field(repr=False)
    site: str


class Broker(Protocol):
    """A broker of any kind."""

    @property
    def address(self) -> BrokerAddress:
        """Where the hub's own client connects."""

    @property
    def device_address(self) -> BrokerAddress:
        """Port and encryption for devices; the host is empty where only the caller knows it."""

    def start(self) -> None:
        """Starts it and waits until it accepts connections. Raises MachineError."""

    def stop(self) -> None:
        """Stops it; twice is fine."""

    def alive(self) -> bool:
        """Whether its process runs (always true for one that runs elsewhere)."""

    def responds(self) -> bool:
        """Whether it answers a client; takes a few seconds when it does not."""

    def set_logins(self, logins: Iterable[Login]) -> None:
        """Makes exactly these devices able to say and hear anything, at once."""

    def reload(self) -> None:
        """Makes it read renewed certificates and revocation lists."""

    def renew(self) -> None:
        """Renews the certificate between it and the hub when it is time. Raises OSError."""

    def cut(self, names: Collection[str]) -> None:
        """Notes that the live connections of these devices must end; `tend` ends them."""

    def tend(self) -> None:
        """Housekeeping; called every second.

        Raises:
            UnreachableError: connections did not end.
            MachineError: it held too much memory and was ended.
        """


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


def make_broker(config: HubConfig, mosquitto: str | None = None) -> Broker:
    """The broker the configuration asks for, not started yet.

    Args:
        mosquitto: path of the program, empty when it is not installed; None looks for it.

    Raises:
        MachineError: mosquitto is needed and not installed.
        ConfigError: a listener without encryption or passwords shall be reachable by others.
    """
    from cloud_sync.fleet.embedded import EmbeddedBroker
    from cloud_sync.fleet.mosquitto import MosquittoBroker

    wanted = config.broker.kind
    if wanted == "external":
        return ExternalBroker(config)
    program = find_mosquitto() if mosquitto is None else mosquitto
    if wanted == "mosquitto" or (wanted == "auto" and (program or config.broker_tls)):
        if not program:
            raise MachineError(
                "mosquitto is not installed; the embedded broker serves this machine only",
                where=f"broker.kind: {wanted}",
                fix="apt install mosquitto, or set broker.kind to external and name a broker",
            )
        if not config.broker.plain_beyond_loopback:
            require_loopback(
                config.broker.host,
                "passwords would cross the network without encryption",
                "leave broker.host at 127.0.0.1 and set broker.tls to true",
            )
        return MosquittoBroker(program, config)
    require_loopback(
        config.broker.host,
        "the embedded broker knows no passwords, so it listens on this machine only",
        "install mosquitto (apt install mosquitto), or set broker.host to 127.0.0.1",
    )
    if config.broker_tls:
        raise ConfigError(
            "the embedded broker does not check certificates",
            where="broker.tls: true",
            fix="apt install mosquitto and set broker.kind to mosquitto",
        )
    return EmbeddedBroker(config.broker, config.broker_dir)


def find_mosquitto() -> str:
    """Path of the mosquitto program, or an empty string; Debian puts it into sbin."""
    path = os.environ.get("PATH", os.defpath) + ":/usr/local/sbin:/usr/sbin"
    return shutil.which("mosquitto", path=path) or ""


def require_loopback(host: str, what: str, fix: str) -> None:
    """Raises ConfigError when `host` is reachable from other machines."""
    if not is_loopback(host):
        raise ConfigError(what, where=f"broker.host: {host}", fix=fix)


def hub_password(folder: Path) -> str:
    """The hub's own broker password; drawn once, kept with mode 0600."""
    path = folder / "hub.secret"
    make_private(folder)
    if not path.exists():
        write_atomically(path, secrets.token_urlsafe(32).encode(), private=True)
    return path.read_text()


def make_private(folder: Path) -> None:
    """Makes a folder that only its owner may open."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)


def free_port(host: str) -> int:
    """A TCP port that is free now."""
    with socket.socket() as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def answers(host: str, port: int) -> bool:
    """Whether something accepts connections there."""
    try:
        with socket.create_connection((host, port), timeout=0.5):
            return True
    except OSError:
        return False
