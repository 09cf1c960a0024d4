"""The section `source` of `agent.yaml` for machines: one model per kind, with the addresses of its signals.

What they have in common (windows, ring, clocks) is in `signals/config.py`. Passwords come from the environment:
the file names the variable.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from edge_agent.signals.config import SignalConfig, Windowing, WindowsConfig


class OpcUaSignal(SignalConfig):
    """A node of an OPC UA server; a node that holds an array is a waveform and needs `rate_hz`."""

    node: str = Field(
        min_length=1,
        max_length=500,
        description="node id, as ns=2;s=Pump1.Flow or nsu=urn:press;s=Pump1.Flow",
    )


class OpcUaSourceConfig(Windowing):
    """Subscribes to nodes of an OPC UA server (extra `machines`)."""

    kind: Literal["opcua"] = "opcua"
    url: str = Field(
        pattern="^opc.tcp://",
        json_schema_extra={"expected": "opc.tcp://host:4840/path"},
        description="address of the server",
    )
    signals: tuple[OpcUaSignal, ...] = Field(min_length=1, max_length=512, description="nodes")
    publishing_ms: int = Field(
        500, ge=10, description="the server tells changes so often, milliseconds"
    )
    sampling_ms: int = Field(
        100, ge=0, description="the server looks at its signals so often; 0: as fast as it can"
    )
    server_queue: int = Field(
        100,
        ge=1,
        description="changes of a node the server keeps between two times of publishing; more: the oldest go, counted",
    )
    array_time: Literal["end", "start"] = Field(
        "end", description="whether an array's time is that of its last or of its first reading"
    )
    security: Literal["none", "Basic256Sha256", "Aes128Sha256RsaOaep", "Aes256Sha256RsaPss"] = (
        Field("none", description="security policy; all but none need certificate and private_key")
    )
    mode: Literal["Sign", "SignAndEncrypt"] = Field(
        "SignAndEncrypt", description="of messages under a security policy"
    )
    certificate: Path | None = Field(None, description="our certificate, DER or PEM")
    private_key: Path | None = Field(None, description="its key, PEM")
    server_certificate: Path | None = Field(
        None, description="the server's certificate; empty: the one it shows is taken"
    )
    username: str = Field("", description="empty: anonymous")
    password_env: str = Field("", description="environment variable that holds the password")
    timeout_s: float = Field(4.0, gt=0, le=60, description="per request, seconds")
    name: str = Field("opcua", description="name of the source in events")

    @model_validator(mode="after")
    def _has_keys(self) -> OpcUaSourceConfig:
        if self.security != "none" and not (self.certificate and self.private_key):
            raise ValueError("a security policy needs certificate and private_key")
        return self


_REGISTERS = 65_536
_WIDTHS = {"int32": 2, "uint32": 2, "int64": 4, "uint64": 4, "float32": 2, "float64": 4}
ModbusType = Literal[
    "int16", "uint16", "int32", "uint32", "int64", "uint64", "float32", "float64", "bit"
]


class ModbusSignal(SignalConfig):
    """A value in one or more registers."""

    address: int = Field(ge=0, le=65_535, description="of its first register, counted from 0")
    table: Literal["holding", "input", "coil", "discrete"] = Field(
        "holding", description="which of the device's tables"
    )
    type: ModbusType = Field("int16", description="how the registers are read")
    words: Literal["big", "little"] = Field(
        "big", description="which of several registers is first"
    )
    scale: float = Field(1.0, description="reading = raw · scale + offset")
    offset: float = Field(0.0, description="see scale")
    device_id: int = Field(1, ge=0, le=255, description="unit behind a gateway")

    @property
    def width(self) -> int:
        """Registers, or bits, that it takes."""
        return _WIDTHS.get(self.type, 1)


class ModbusSourceConfig(Windowing):
    """Polls a Modbus device over TCP or a serial line (extra `machines`)."""

    kind: Literal["modbus"] = "modbus"
    host: str = Field("", description="address for Modbus TCP; empty: the serial line counts")
    port: int = Field(502, gt=0, lt=65_536, description="its port")
    serial: str = Field("", description="serial port for Modbus RTU, as /dev/ttyUSB0")
    baudrate: int = Field(19_200, gt=0, description="of the serial line")
    parity: Literal["N", "E", "O"] = Field("N", description="of the serial line")
    stopbits: Literal[1, 2] = Field(1, description="of the serial line")
    poll_ms: int = Field(1000, ge=10, description="all registers are read so often, milliseconds")
    timeout_s: float = Field(2.0, gt=0, le=60, description="per request, seconds")
    signals: tuple[ModbusSignal, ...] = Field(min_length=1, max_length=512, description="registers")
    name: str = Field("modbus", description="name of the source in events")

    @model_validator(mode="after")
    def _has_a_way(self) -> ModbusSourceConfig:
        if bool(self.host) == bool(self.serial):
            raise ValueError("give either host (TCP) or serial (RTU)")
        return self

    @model_validator(mode="after")
    def _reads_before_it_is_stale(self) -> ModbusSourceConfig:
        if self.poll_ms / 1000 >= self.stale_s:
            raise ValueError(
                f"each reading would be stale before the next one: stale_s above {self.poll_ms / 1000:g}"
            )
        return self

    @model_validator(mode="after")
    def _ends_with_its_table(self) -> ModbusSourceConfig:
        for signal in self.signals:
            if signal.address + signal.width > _REGISTERS:
                raise ValueError(f"{signal.name} ends beyond register {_REGISTERS - 1}")
        return self


class MqttSignal(SignalConfig):
    """A value in the messages of a topic."""

    topic: str = Field(
        min_length=1, max_length=500,
        description="topic; of Sparkplug B: spBv1.0/GROUP/+/EDGE or …/EDGE/DEVICE",
    )  # fmt: skip
    format: Literal["json", "number", "sparkplug", "float32le", "int16le"] = Field(
        "json", description="json with value and time; a number as text; Sparkplug B; raw arrays"
    )
    value: str = Field("value", description="json: path of the value or array, as data.rms or x[0]")
    time: str = Field(
        "", description="json: path of the time (seconds, milliseconds or ISO); empty: its arrival"
    )
    metric: str = Field("", description="sparkplug: name of the metric")
    scale: float = Field(1.0, description="reading = raw · scale")

    @model_validator(mode="after")
    def _names_its_metric(self) -> MqttSignal:
        if self.format == "sparkplug" and not self.metric:
            raise ValueError("format sparkplug needs metric, as its birth names it")
        return self

    @property
    def sender(self) -> str:
        """Its topic; of Sparkplug B group and node: each device of a plant has a clock of its own."""
        parts = self.topic.split("/")
        return "/".join(parts[1:4:2]) if self.format == "sparkplug" else self.topic


class MqttSourceConfig(Windowing):
    """Listens to a broker in the plant: JSON, plain numbers, raw arrays or Sparkplug B."""

    kind: Literal["mqtt-signals"] = "mqtt-signals"
    host: str = Field(description="broker")
    port: int = Field(1883, gt=0, lt=65_536, description="broker's port")
    username: str = Field("", description="empty: none")
    password_env: str = Field("", description="environment variable that holds the password")
    tls: bool = Field(False, description="connect with TLS")
    ca_file: Path | None = Field(None, description="PEM file of the broker's authority")
    qos: Literal[0, 1] = Field(1, description="1: the broker keeps messages while we are away")
    session_s: int = Field(
        3600, ge=0, description="for so long, when we are away for good; 0: not at all, seconds"
    )
    client_id: str = Field(
        "", max_length=64,
        description="empty: kw-, the source's name and this machine's; a broker lets in one of a name",
    )  # fmt: skip
    signals: tuple[MqttSignal, ...] = Field(min_length=1, max_length=512, description="topics")
    name: str = Field("mqtt", description="name of the source in events")


class SimulatedSignal(SignalConfig):
    """A steady level with a rhythm, noise and a fault that grows."""

    level: float = Field(1.0, description="mean")
    swing: float = Field(0.0, ge=0, description="amplitude of the rhythm")
    swing_hz: float = Field(0.1, gt=0, description="frequency of the rhythm")
    noise: float = Field(0.05, ge=0, description="standard deviation")
    fault_gain: float = Field(0.0, description="added per hour after fault_at_s")


class SimulatedSourceConfig(Windowing):
    """A machine that is none, for trials: the same seed gives the same readings."""

    kind: Literal["simulated"] = "simulated"
    signals: tuple[SimulatedSignal, ...] = Field(
        (SimulatedSignal(name="vibration", unit="mm/s", rate_hz=10.0),),
        min_length=1,
        max_length=64,
        description="what it measures",
    )
    speed: float = Field(
        1.0, ge=0, description="seconds of the machine per second; 0: as fast as possible"
    )
    seconds: float = Field(0.0, ge=0, description="its life; 0: until the agent ends")
    fault_at_s: float = Field(
        600.0, ge=0, description="second of its life at which the fault begins"
    )
    seed: int = Field(0, description="seed of the noise")
    name: str = Field("simulated", description="name of the source in events")


class ReplaySourceConfig(WindowsConfig):
    """Plays recordings: CSV, WAV, NPY and sensor windows (.cbor)."""

    kind: Literal["replay"] = "replay"
    path: Path = Field(description="a file, or a folder read with its subfolders in sorted order")
    speed: float = Field(
        0.0, ge=0, description="1: as fast as it was recorded; 0: as fast as possible"
    )
    loop: bool = Field(False, description="start again at the end")
    recut: bool = Field(
        False, description="cut .cbor windows anew by window_s; false: each is judged as it is"
    )
    rate_hz: float = Field(
        0.0, ge=0, description="rate of NPY files, and of CSV files without a time column"
    )
    unit: str = Field("", max_length=64, description="unit of NPY and WAV files")
    attributes: dict[str, float | str] = Field(
        default_factory=dict, description="conditions the files do not name, as speed_rpm: 1480"
    )
    name: str = Field("replay", description="name of the source in events")


MachineSourceConfig = (
    OpcUaSourceConfig
    | ModbusSourceConfig
    | MqttSourceConfig
    | SimulatedSourceConfig
    | ReplaySourceConfig
)
MACHINE_SOURCES = (
    OpcUaSourceConfig,
    ModbusSourceConfig,
    MqttSourceConfig,
    SimulatedSourceConfig,
    ReplaySourceConfig,
)
"""One per `kind`."""
