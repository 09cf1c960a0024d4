"""The MQTT broker behind one Protocol: mosquitto, the embedded iotcore, or one that runs elsewhere.

The hub's correctness never rests on the broker (it may lose everything at any time); this package
only starts it, tells it which devices may sign in, and starts it again when it dies.
"""

from __future__ import annotations

import logging
import os
import secrets
import shutil
import socket
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from cloud_sync.config import BrokerConfig, HubConfig
from cloud_sync.metrics import Metrics
from kits.core.errors import ConfigError, MachineError

log = logging.getLogger(__name__)

HUB_USER = "_hub"  # no device can have this name: '_' is not allowed in one
MAX_PACKET_BYTES = 512 * 1024
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True, slots=True)
class BrokerAddress:
    """Where a client finds the broker and what it signs in with."""

    host: str
    port: int
    username: str = ""
    password: str = field(default="", repr=False)
    tls: bool = False


@dataclass(frozen=True, slots=True)
class Login:
    """A device that may sign in; `secret` is the token as mosquitto stores it (`$7$…`)."""

    name: str
    secret: str


class Broker(Protocol):
    """A broker of any kind."""

    @property
    def address(self) -> BrokerAddress:
        """Where the hub's own client connects."""

    def start(self) -> None:
        """Starts it and waits until it accepts connections. Raises MachineError."""

    def stop(self) -> None:
        """Stops it; twice is fine."""

    def alive(self) -> bool:
        """Whether it runs (always true for one that runs elsewhere)."""

    def set_logins(self, logins: Iterable[Login]) -> None:
        """Makes exactly these devices able to sign in, at once; others are cut off."""


class ExternalBroker:
    """A broker someone else runs; logins and topic rules are set up there."""

    def __init__(self, config: BrokerConfig) -> None:
        self._address = BrokerAddress(
            config.host, config.port, config.username, config.password, config.tls
        )

    @property
    def address(self) -> BrokerAddress:
        return self._address

    def start(self) -> None:
        """Nothing to start."""

    def stop(self) -> None:
        """Nothing to stop."""

    def alive(self) -> bool:
        return True

    def set_logins(self, logins: Iterable[Login]) -> None:
        """Nothing: that broker has its own user administration."""


def make_broker(config: HubConfig, mosquitto: str | None = None) -> Broker:
    """The broker the configuration asks for, not started yet.

    Args:
        mosquitto: path of the program, empty when it is not installed; None looks for it.

    Raises:
        MachineError: mosquitto is asked for by name and not installed.
        ConfigError: the embedded broker shall listen beyond this machine.
    """
    from cloud_sync.fleet.embedded import EmbeddedBroker
    from cloud_sync.fleet.mosquitto import MosquittoBroker

    wanted = config.broker.kind
    program = find_mosquitto() if mosquitto is None else mosquitto
    if wanted == "external":
        return ExternalBroker(config.broker)
    if wanted == "mosquitto" or (wanted == "auto" and program):
        if not program:
            raise MachineError(
                "mosquitto is not installed",
                fix="apt install mosquitto, or set broker.kind to embedded",
            )
        return MosquittoBroker(program, config.broker, config.broker_dir)
    require_loopback(config.broker.host)
    return EmbeddedBroker(config.broker, config.broker_dir)


def find_mosquitto() -> str:
    """Path of the mosquitto program, or an empty string; Debian puts it into sbin."""
    path = os.environ.get("PATH", os.defpath) + ":/usr/local/sbin:/usr/sbin"
    return shutil.which("mosquitto", path=path) or ""


def require_loopback(host: str) -> None:
    """Raises ConfigError when `host` is reachable from other machines."""
    if host not in _LOOPBACK:
        raise ConfigError(
            "the embedded broker knows no passwords, so it listens on this machine only",
            where=f"broker.host: {host}",
            fix="install mosquitto (apt install mosquitto), or set broker.host to 127.0.0.1",
        )


def hub_password(folder: Path) -> str:
    """The hub's own broker password; drawn once, kept with mode 0600."""
    path = folder / "hub.secret"
    folder.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        write_private(path, secrets.token_urlsafe(32))
    return path.read_text()


def write_private(path: Path, text: str) -> None:
    """Replaces a file in one step; only its owner may read it."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
    temporary.replace(path)


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


class BrokerKeeper:
    """Starts a broker again when it dies, waiting longer each time (0.5 s to 30 s)."""

    def __init__(self, broker: Broker, metrics: Metrics, *, poll_s: float = 0.5) -> None:
        self._broker = broker
        self._metrics = metrics
        self._poll_s = poll_s
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="broker-keeper", daemon=True)

    def start(self) -> None:
        """Starts the broker, then watches it. Raises MachineError when the first start fails."""
        self._broker.start()
        self._thread.start()

    def stop(self) -> None:
        """Stops watching, then the broker."""
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join()
        self._broker.stop()

    def _watch(self) -> None:
        wait_s = self._poll_s
        while not self._stop.wait(wait_s):
            if self._broker.alive():
                wait_s = self._poll_s
                continue
            self._metrics.broker_restarts.inc()
            log.error("event=broker_died next_try_s=%.1f", wait_s)
            try:
                self._broker.start()
            except (MachineError, OSError) as error:
                log.error("event=broker_start_failed error=%r", str(error))
                wait_s = min(wait_s * 2, 30.0)
