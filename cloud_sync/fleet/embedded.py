"""The broker that comes with the package (iotcore): for demos and single machines, loopback only.

It knows neither passwords nor topic rules, so it refuses to listen anywhere else. Its process ends
with the hub's.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from cloud_sync.fleet.broker import MAX_PACKET_BYTES, BrokerAddress, Login
from cloud_sync.fleet.probes import PATIENCE_S, speaks_mqtt
from cloud_sync.sections import BrokerConfig
from kits.core.addresses import free_port
from kits.core.errors import MachineError

if TYPE_CHECKING:
    import iotcore


class EmbeddedBroker:
    """One iotcore process with an MQTT 5 listener on 127.0.0.1, whatever the configuration says."""

    def __init__(self, config: BrokerConfig, folder: Path) -> None:
        self._port = config.port or free_port()
        self._folder = folder
        self._broker: iotcore.Broker | None = None

    @property
    def address(self) -> BrokerAddress:
        return BrokerAddress("127.0.0.1", self._port)

    def start(self) -> None:
        """Starts the process and waits until it listens.

        Raises:
            MachineError: the port is taken, or it does not come up.
        """
        import iotcore

        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / "embedded.toml"
        path.write_text(self._toml())
        self.stop()
        broker = iotcore.Broker(config_path=str(path))
        try:
            broker.start()
        except (OSError, RuntimeError) as error:
            raise MachineError(
                f"the embedded broker does not start: {error}",
                where=f"127.0.0.1:{self._port}",
                fix="set broker.port in hub.yaml to a free port",
            ) from error
        self._broker = broker

    def stop(self) -> None:
        broker, self._broker = self._broker, None
        if broker is not None:
            broker.stop()

    def alive(self) -> bool:
        return self._broker is not None and bool(self._broker.is_running)

    def responds(self) -> bool:
        return speaks_mqtt("127.0.0.1", self._port, timeout_s=PATIENCE_S)

    @property
    def device_address(self) -> BrokerAddress:
        return self.address

    def set_logins(self, logins: Iterable[Login]) -> None:
        """Nothing: everyone on this machine may connect; the ingest ignores unknown devices."""

    def reload(self) -> None:
        """Nothing: it reads no certificates."""

    def renew(self) -> None:
        """Nothing: it has no certificate."""

    def cut(self, names: Collection[str]) -> None:
        """Nothing: the ingest takes nothing from a revoked device."""

    def tend(self) -> None:
        """Nothing to do."""

    def _toml(self) -> str:
        return f"""\
id = 0

[router]
id = 0
max_connections = 2000
max_outgoing_packet_count = 200
max_segment_size = 104857600
max_segment_count = 4

[v5.1]
name = "v5"
listen = "127.0.0.1:{self._port}"
next_connection_delay_ms = 1

[v5.1.connections]
connection_timeout_ms = 60000
max_payload_size = {MAX_PACKET_BYTES}
max_inflight_count = 200
throttle_delay_ms = 0
dynamic_filters = true
"""
