"""Which broker the configuration asks for: one that runs elsewhere, mosquitto, or the embedded one."""

from __future__ import annotations

from cloud_sync.config import HubConfig
from cloud_sync.fleet.broker import Broker, find_mosquitto, require_loopback
from cloud_sync.fleet.embedded import EmbeddedBroker
from cloud_sync.fleet.external import ExternalBroker
from cloud_sync.fleet.mosquitto import MosquittoBroker
from kits.core.errors import ConfigError, MachineError


def make_broker(config: HubConfig, mosquitto: str | None = None) -> Broker:
    """The broker the configuration asks for, not started yet.

    Args:
        mosquitto: path of the program, empty when it is not installed; None looks for it.

    Raises:
        MachineError: mosquitto is needed and not installed.
        ConfigError: a listener without encryption or passwords shall be reachable by others.
    """
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
