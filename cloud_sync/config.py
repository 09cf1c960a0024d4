"""The hub's configuration: `hub.yaml` in the data folder. One model, every key described.

Reading and checking only; nothing is started here. Paths inside the data folder are properties,
so that no other module knows the layout.
"""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from cloud_sync.effects.settings import NotifyConfig
from cloud_sync.fleet.plan import parse_waves
from kits.core.errors import ConfigError, UsageError, did_you_mean

FILE = "hub.yaml"
MQTTS_PORT = 8883
ANY_HOST = ("0.0.0.0", "::")  # noqa: S104  (compared with, not listened on)


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches a server at `host`."""
    return host in {"localhost", "::1"} or host.startswith("127.")


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Listen(_Section):
    """Where the web server listens."""

    host: str = Field("127.0.0.1", description="address to listen on")
    port: int = Field(8080, ge=0, le=65535, description="TCP port")
    tls: Literal["auto", "on", "off"] = Field(
        "auto",
        description="HTTPS with the hub's own authority; auto: whenever other machines can reach"
        " it; off: plain HTTP, behind a proxy that speaks TLS",
    )
    names: tuple[str, ...] = Field(
        (), description="further names and addresses devices reach this hub and its broker by"
    )

    @property
    def encrypted(self) -> bool:
        """Whether the web server speaks TLS itself."""
        return self.tls == "on" or (self.tls == "auto" and not is_loopback(self.host))


class BrokerConfig(_Section):
    """The MQTT broker: a plain listener for this machine, one with TLS for devices elsewhere."""

    kind: Literal["auto", "mosquitto", "embedded", "external"] = Field(
        "auto", description="auto: mosquitto when it is installed, else the embedded one"
    )
    host: str = Field(
        "127.0.0.1", description="plain listener: this machine's own address; external: where it is"
    )
    port: int = Field(1883, ge=0, le=65535, description="TCP port of that; 0 takes a free one")
    plain_beyond_loopback: bool = Field(
        False, description="let devices sign in by password over a network without encryption"
    )
    tls: bool | Literal["auto"] = Field(
        "auto", description="devices need certificates; auto: when the hub serves other machines"
    )
    tls_host: str = Field("", description="address of the TLS listener; empty: all interfaces")
    tls_port: int = Field(8883, ge=0, le=65535, description="TCP port of it; 0 takes a free one")
    public_host: str = Field(
        "", description="address devices reach the broker at; empty: the host of public_url"
    )
    memory_mb: int = Field(
        512, ge=64, description="mosquitto's memory, MB; half of it for what waits for the hub"
    )
    username: str = Field("", description="external broker: user name; empty: by certificate")
    password: str = Field("", description="external broker: the hub's password", repr=False)
    ca_file: str = Field("", description="external broker: file of its CA; empty: the hub's own")
    plugin: str = Field(
        "", description="path of mosquitto_dynamic_security.so; empty: the usual places"
    )


class Limits(_Section):
    """What the hub accepts."""

    bundle_bytes: int = Field(1 << 30, gt=0, description="largest bundle, bytes")
    blob_bytes: int = Field(64 << 20, gt=0, description="largest sample, bytes")
    body_bytes: int = Field(16 << 20, gt=0, description="largest other HTTP request body, bytes")
    parts_bytes: int = Field(
        4 << 30, gt=0, description="unfinished uploads of all devices together, bytes"
    )
    quarantine_bytes: int = Field(
        16 << 20, gt=0, description="messages that could not be read, kept for a person, bytes"
    )
    disk_reserve_bytes: int = Field(
        256 << 20, ge=0, description="with less free disk than this nothing is taken, bytes"
    )
    hole_alert_min: float = Field(
        30, gt=0, description="rows missing without a word for this long raise an alert, minutes"
    )
    queued_frames: int = Field(1024, gt=0, description="MQTT messages waiting for the database")


class JobsConfig(_Section):
    """Retraining and other work outside the server process."""

    workers: int = Field(1, ge=0, le=64, description="jobs at the same time; 0 runs none here")
    lease_s: float = Field(60, gt=0, description="a job without heartbeat for this long is retried")
    threads: int = Field(0, ge=0, description="CPU threads per job; 0 leaves it to the job")
    timeout_h: float = Field(24, gt=0, description="a job is ended after this many hours")


class SessionConfig(_Section):
    """People's sessions in the browser."""

    hours: float = Field(12, gt=0, description="a session ends after this many hours")
    secure_cookie: bool = Field(
        False, description="send the cookie over HTTPS only; set it when public_url is https"
    )


class RolloutConfig(_Section):
    """How new bundles are brought to devices."""

    waves: str = Field(
        "1,20%,100%", description="how a rollout spreads: cumulative devices or percentages"
    )
    soak_min: float = Field(
        60, ge=0, description="a finished wave is watched this long before the next, minutes"
    )
    deadline_min: float = Field(
        60, gt=0, description="who has not committed then, in each wave, counts as failed, minutes"
    )

    @field_validator("waves")
    @classmethod
    def _waves(cls, value: str) -> str:
        try:
            parse_waves(value)
        except UsageError as error:
            raise ValueError(f"{error.what}: for example 1,20%,100%") from error
        return value


class Prices(_Section):
    """What a retraining costs the firm, in the currency of the projects' `kit.yaml`."""

    compute_hour: float = Field(0.5, ge=0, description="one hour of the training machine, money")
    compute_hours: float = Field(2.0, ge=0, description="length of a training, hours")
    rollout: float = Field(
        40.0, ge=0, description="a person approves and watches the rollout, money"
    )
    months: float = Field(3.0, gt=0, description="how long the gain is counted, months")


class HubConfig(_Section):
    """`hub.yaml`."""

    site_name: str = Field("Kitwright", description="shown in the pages' title")
    public_url: str = Field("", description="how people and devices reach the hub")
    database_url: str = Field("", description="SQLAlchemy URL; empty: hub.sqlite here")
    storage_url: str = Field("", description="s3://bucket/prefix; empty: the folder blobs/ here")
    listen: Listen = Listen()
    broker: BrokerConfig = BrokerConfig()
    limits: Limits = Limits()
    jobs: JobsConfig = JobsConfig()
    session: SessionConfig = SessionConfig()
    rollout: RolloutConfig = RolloutConfig()
    notify: NotifyConfig = NotifyConfig()
    prices: Prices = Prices()
    data_dir: Path = Field(Path("hub"), description="set by --data", exclude=True)

    @property
    def url(self) -> str:
        """The address people open."""
        host = socket.gethostname() if self.listen.host in ANY_HOST else self.listen.host
        scheme = "https" if self.listen.encrypted else "http"
        return self.public_url.rstrip("/") or f"{scheme}://{host}:{self.listen.port}"

    @property
    def database(self) -> str:
        """The SQLAlchemy URL in force."""
        return self.database_url or f"sqlite:///{(self.data_dir / 'hub.sqlite').resolve()}"

    @property
    def public_host(self) -> str:
        """The name devices reach this machine at; empty when nobody said."""
        asked = self.broker.public_host or urlsplit(self.public_url).hostname or ""
        return asked or (self.listen.host if self.listen.host not in ANY_HOST else "")

    @property
    def beyond_loopback(self) -> bool:
        """Whether other machines shall reach this hub."""
        return not (is_loopback(self.listen.host) and is_loopback(self.public_host))

    @property
    def broker_tls(self) -> bool:
        """Whether devices reach the broker by TLS, with certificates."""
        if self.broker.tls != "auto":
            return self.broker.tls
        if self.broker.kind == "external":
            return self.broker.port == MQTTS_PORT
        return self.broker.kind != "embedded" and self.beyond_loopback

    @property
    def server_names(self) -> tuple[str, ...]:
        """Names and addresses in the server's certificate (loopback is always added)."""
        names = {self.public_host, urlsplit(self.url).hostname or "", self.broker.tls_host}
        every = names | {socket.gethostname(), self.listen.host, *self.listen.names}
        return tuple(sorted(every - {"", *ANY_HOST}))

    @property
    def pki_dir(self) -> Path:
        """The hub's certificate authority (0700)."""
        return self.data_dir / "pki"

    @property
    def keys_dir(self) -> Path:
        """Signing keys (0600)."""
        return self.data_dir / "keys"

    @property
    def broker_dir(self) -> Path:
        """Generated broker configuration, password file, log."""
        return self.data_dir / "broker"

    @property
    def jobs_dir(self) -> Path:
        """One folder per job, with its log."""
        return self.data_dir / "jobs"

    @property
    def parts_dir(self) -> Path:
        """Uploads that are not complete yet."""
        return self.data_dir / "parts"


def load(data_dir: Path) -> HubConfig:
    """The configuration of the hub in `data_dir`.

    Raises:
        ConfigError: no hub there, or the file is wrong; a misspelt key names the nearest one.
    """
    path = data_dir / FILE
    try:
        raw = yaml.safe_load(path.read_text())
    except FileNotFoundError:
        raise ConfigError(
            "there is no hub here", where=str(path), fix=f"cloud-sync init --data {data_dir}"
        ) from None
    except yaml.YAMLError as error:
        raise ConfigError(f"not YAML: {error}", where=str(path)) from error
    if not isinstance(raw, dict | None):
        raise ConfigError("expected keys and values", where=str(path))
    return parse(raw or {}, data_dir, where=str(path))


def parse(raw: dict[str, Any], data_dir: Path, *, where: str = FILE) -> HubConfig:
    """Checks the values of a configuration file.

    Raises:
        ConfigError: an unknown key or a value out of range.
    """
    try:
        return HubConfig.model_validate({**raw, "data_dir": data_dir})
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        fix = ""
        if first["type"] == "extra_forbidden":
            fix = did_you_mean(str(first["loc"][-1]), _keys_at(first["loc"][:-1]))
        raise ConfigError(f"{place}: {first['msg']}", where=where, fix=fix) from error


def _keys_at(path: tuple[int | str, ...]) -> list[str]:
    model: type[BaseModel] = HubConfig
    for part in path:
        annotation = model.model_fields[str(part)].annotation
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            model = annotation
    return [name for name in model.model_fields if name != "data_dir"]


def dump(config: HubConfig) -> str:
    """The configuration as YAML, every key with its description as a comment."""
    lines: list[str] = []
    _dump_section(config, "", lines)
    return "\n".join(lines) + "\n"


def _dump_section(section: BaseModel, indent: str, lines: list[str]) -> None:
    for name, field in type(section).model_fields.items():
        if field.exclude:
            continue
        value = getattr(section, name)
        if isinstance(value, BaseModel):
            lines.append(f"{indent}{name}:")
            _dump_section(value, indent + "  ", lines)
        else:
            text = yaml.safe_dump(value, default_flow_style=True).splitlines()[0]
            lines.append(f"{indent}{name}: {text}  # {field.description}")
