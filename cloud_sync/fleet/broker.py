"""What the hub asks of an MQTT broker, whichever it is, and what all kinds of it share.

The hub's correctness never rests on the broker (it may lose everything at any time); it is only started, told
which devices may sign in, and started again when it dies. The kinds are `mosquitto.py`, `embedded.py` and
`external.py`; `brokers.py` chooses.
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

from kits.core.addresses import is_loopback
from kits.core.errors import ConfigError
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


def answers(host: str, port: int) -> bool:
    """Whether something accepts connections there."""
    try:
        with socket.create_connection((host, port), timeout=0.5):
            return True
    except OSError:
        return False
