"""The verb about the broker."""

from __future__ import annotations

import typer

from cloud_sync.commands.options import DATA, DataOption, JsonOption, family
from kits.core.console import Console
from kits.core.errors import ConfigError


def register(app: typer.Typer) -> None:
    """Adds the verb to `app`."""
    family(app, "broker", "The MQTT broker.").command("config")(broker_config)


def broker_config(data: DataOption = DATA, as_json: JsonOption = False) -> None:
    """Print the broker's configuration; for an external one what must be set up there."""
    from cloud_sync.config import load
    from cloud_sync.fleet import mosquitto_files
    from cloud_sync.fleet.pki import Authority

    config = load(data)
    kind = config.broker.kind
    if kind == "external":
        broker = config.broker
        text = mosquitto_files.external(
            Authority(config.pki_dir), (broker.host, broker.public_host),
            broker.username, broker.password,
        )  # fmt: skip
    else:
        path = config.broker_dir / "mosquitto.conf"
        if not path.exists():
            raise ConfigError(
                "the hub has not written a configuration for mosquitto yet",
                where=f"broker.kind: {kind}",
                fix=f"cloud-sync serve --data {data}",
            )
        text = path.read_text()
    Console(as_json).answer(text.rstrip(), {"kind": kind, "text": text})
