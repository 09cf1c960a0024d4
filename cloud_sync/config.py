"""The hub's configuration: `hub.yaml` in the data folder. One model, every key described.

Reading and checking only; nothing is started here. Paths inside the data folder are properties,
so that no other module knows the layout.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

import yaml
from pydantic import BaseModel, Field, field_validator, model_validator

from cloud_sync.cmms.settings import CmmsConfig
from cloud_sync.effects.settings import NotifyConfig
from cloud_sync.retention.settings import RetentionConfig
from cloud_sync.sections import (
    BrokerConfig,
    JobsConfig,
    LeadsConfig,
    Limits,
    Listen,
    Prices,
    RolloutConfig,
    SessionConfig,
)
from kits.core.addresses import is_loopback
from kits.core.errors import ConfigError
from kits.core.section import Section
from kits.core.settings import parse_yaml, read_text, validate_settings

FILE = "hub.yaml"
RESTORING = "hub.yaml.restoring"
"""What it is called in a folder that a backup is being restored into: it is no hub before all of it is there."""
DATABASE_FILE = "hub.sqlite"
MQTTS_PORT = 8883
SET = "(set)"
"""Stands for a secret where it is shown."""
DATABASES = ("postgresql://", "postgresql+psycopg://", "sqlite:///")
ANY_HOST = ("0.0.0.0", "::")  # noqa: S104  (compared with, not listened on)


class HubConfig(Section):
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
    cmms: CmmsConfig = CmmsConfig()
    leads: LeadsConfig = LeadsConfig()
    retention: RetentionConfig = RetentionConfig()
    prices: Prices = Prices()
    data_dir: Path = Field(Path("hub"), description="set by --data", exclude=True)

    @field_validator("public_url")
    @classmethod
    def _is_web_address(cls, value: str) -> str:
        parts = urlsplit(value)
        if value and (parts.scheme not in ("http", "https") or not parts.hostname):
            raise ValueError("must be an address as people open it: https://hub.example:8080")
        return value

    @field_validator("database_url")
    @classmethod
    def _is_known_database(cls, value: str) -> str:
        if value and not value.startswith(DATABASES):
            raise ValueError("must be postgresql+psycopg://USER@HOST/NAME, or empty for SQLite")
        return value

    @model_validator(mode="after")
    def _broker_serves_the_devices(self) -> HubConfig:
        if self.broker.kind == "embedded" and self.beyond_loopback:
            raise ValueError(
                "broker.kind: embedded serves this machine only, and this hub shall be reached by"
                " others: apt install mosquitto, and set broker.kind to auto"
            )
        return self

    @property
    def url(self) -> str:
        """The address people open."""
        host = socket.gethostname() if self.listen.host in ANY_HOST else self.listen.host
        scheme = "https" if self.listen.encrypted else "http"
        return self.public_url.rstrip("/") or f"{scheme}://{host}:{self.listen.port}"

    @property
    def database(self) -> str:
        """The SQLAlchemy URL in force."""
        return self.database_url or f"sqlite:///{(self.data_dir / DATABASE_FILE).resolve()}"

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
        return self.beyond_loopback

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

    @property
    def dispatchers_dir(self) -> Path:
        """One file per process that tells receivers, locked while it lives."""
        return self.data_dir / "dispatchers"

    @property
    def writers_dir(self) -> Path:
        """One file per process that writes scores into CRMs, locked while it lives."""
        return self.data_dir / "writers"

    @property
    def scorers_dir(self) -> Path:
        """One file per process that scores leads, locked while it lives."""
        return self.data_dir / "scorers"


def load(data_dir: Path, name: str = FILE) -> HubConfig:
    """The configuration of the hub in `data_dir`.

    Args:
        name: of the file there.

    Raises:
        ConfigError: no hub there, or the file is wrong; a misspelt key names the nearest one.
    """
    path = data_dir / name
    if not path.exists():
        if (data_dir / RESTORING).exists():
            raise ConfigError(
                "no hub: a backup is being restored here, or that was cut off",
                where=str(data_dir),
                fix="when it was: delete the folder, and cloud-sync restore FILE again",
            )
        raise ConfigError(
            "there is no hub here", where=str(path), fix=f"cloud-sync init --data {data_dir}"
        )
    text, where = read_text(path), str(path)
    return parse(parse_yaml(text, where), data_dir, where=where, text=text)


def parse(
    raw: Mapping[str, object],
    data_dir: Path,
    *,
    where: str = FILE,
    text: str = "",
) -> HubConfig:
    """Checks the values of a configuration file.

    Raises:
        ConfigError: an unknown key or a value out of range.
    """
    return validate_settings({**raw, "data_dir": data_dir}, HubConfig, where=where, text=text)


def without_secrets(config: HubConfig) -> HubConfig:
    """The same to be shown: passwords, and addresses that let in whoever knows them, are hidden."""
    broker, webhook = config.broker, config.notify.webhook
    hidden = {
        "broker": broker.model_copy(update={"password": SET if broker.password else ""}),
        "database_url": without_password(config.database_url),
        "storage_url": without_password(config.storage_url),
        "cmms": config.cmms.model_copy(update={"url": _shown_url(config.cmms)}),
        "notify": config.notify.model_copy(
            update={"webhook": webhook.model_copy(update={"url": _place_of(webhook.url)})}
        ),
    }
    return config.model_copy(update=hidden)


def without_password(url: str) -> str:
    """An address to be shown. As SQLAlchemy reads it a password goes from the first colon of the authority to the `@`."""
    plain = re.sub(r"^([^:]+://[^:/@]*):[^@]*@", rf"\1:{SET}@", url)
    named = r"([?&][^=&]*(?:password|passwd|secret|token|key)[^=&]*=)[^&]*"
    return re.sub(named, rf"\1{SET}", plain, flags=re.IGNORECASE)


def _shown_url(cmms: CmmsConfig) -> str:
    """The address of a CMMS is no secret; one that takes webhooks may be."""
    return _place_of(cmms.url) if cmms.kind == "webhook" else without_password(cmms.url)


def _place_of(url: str) -> str:
    """Where a webhook goes; its path is often the secret itself."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname}/{SET}" if url else ""


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
            # on one line, however long: a table of causes may be
            text = yaml.safe_dump(value, default_flow_style=True, width=1 << 20).splitlines()[0]
            lines.append(f"{indent}{name}: {text}  # {field.description}")
