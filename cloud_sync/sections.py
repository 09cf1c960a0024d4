"""The sections of `hub.yaml`. Values and their bounds only; `config.py` puts them together."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from cloud_sync.fleet.plan import parse_waves
from kits.core.addresses import is_loopback
from kits.core.errors import UsageError
from kits.core.section import Section


class Listen(Section):
    """Where the web server listens."""

    host: str = Field("127.0.0.1", description="address to listen on")
    port: int = Field(8080, ge=0, le=65535, description="TCP port")
    tls: bool | Literal["auto"] = Field(
        "auto",
        description="HTTPS with the hub's own authority; auto: whenever other machines can reach"
        " it; false: plain HTTP, behind a proxy that speaks TLS",
    )
    names: tuple[str, ...] = Field(
        (), description="further names and addresses devices reach this hub and its broker by"
    )

    @property
    def encrypted(self) -> bool:
        """Whether the web server speaks TLS itself."""
        return not is_loopback(self.host) if self.tls == "auto" else self.tls


class BrokerConfig(Section):
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
    queue_mb: int = Field(
        256, ge=16, description="what may wait in mosquitto for the hub, MB; more is sent again"
    )
    memory_mb: int = Field(
        0,
        ge=0,
        description="mosquitto is started again when it holds more memory, MB; 0: 512 and twice"
        " queue_mb",
    )
    device_port: int = Field(
        0, ge=0, le=65535, description="external broker: port for devices; 0: the same as the hub's"
    )
    username: str = Field("", description="external broker: user name; empty: by certificate")
    password: str = Field("", description="external broker: the hub's password", repr=False)
    ca_file: str = Field("", description="external broker: file of its CA; empty: the hub's own")
    plugin: str = Field(
        "", description="path of mosquitto_dynamic_security.so; empty: the usual places"
    )

    @property
    def most_memory_bytes(self) -> int:
        """What mosquitto may hold before it is started again."""
        return (self.memory_mb or 512 + 2 * self.queue_mb) << 20


class Limits(Section):
    """What the hub accepts."""

    bundle_bytes: int = Field(1 << 30, gt=0, description="largest bundle, bytes")
    blob_bytes: int = Field(64 << 20, gt=0, description="largest sample, bytes")
    dataset_bytes: int = Field(
        64 << 20, gt=0, description="largest file of a dataset version, without pictures, bytes"
    )
    body_bytes: int = Field(
        16 << 20,
        gt=0,
        description="largest TUF metadata that is brought, bytes; any other HTTP request: the same,"
        " but never more than 256 KiB",
    )
    parts_bytes: int = Field(
        4 << 30, gt=0, description="unfinished uploads of all devices together, bytes"
    )
    parts_device_bytes: int = Field(
        512 << 20, gt=0, description="unfinished uploads of one device, bytes"
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
    silent_alert_h: float = Field(
        72,
        ge=0,
        description="a device that nothing is heard of for this long raises an alert, hours; 0: none does",
    )
    queued_frames: int = Field(1024, gt=0, description="MQTT messages waiting for the database")


class JobsConfig(Section):
    """Retraining and other work outside the server process."""

    workers: int = Field(1, ge=0, le=64, description="jobs at the same time; 0 runs none here")
    lease_s: float = Field(60, gt=0, description="a job without heartbeat for this long is retried")
    threads: int = Field(0, ge=0, description="CPU threads per job; 0 leaves it to the job")
    timeout_h: float = Field(24, gt=0, description="a job is ended after this many hours")


class SessionConfig(Section):
    """People's sessions in the browser."""

    hours: float = Field(12, gt=0, description="a session ends after this many hours")
    secure_cookie: bool = Field(
        False, description="send the cookie over HTTPS only; set it when public_url is https"
    )


class RolloutConfig(Section):
    """How new bundles are brought to devices."""

    waves: str = Field(
        "1,20%,100%", description="how a rollout spreads: cumulative devices or percentages"
    )
    soak_min: float = Field(
        60, ge=0, description="a finished wave is watched this long before the next, minutes"
    )
    deadline_min: float = Field(
        180,
        gt=0,
        description="who is there and has not committed then, in each wave, counts as failed, minutes:"
        " longest download + engine build (60) + shadow (10) + probation (60)",
    )

    @field_validator("waves")
    @classmethod
    def _waves(cls, value: str) -> str:
        try:
            parse_waves(value)
        except UsageError as error:
            raise ValueError(f"{error.what}: for example 1,20%,100%") from error
        return value


class Prices(Section):
    """What a retraining costs the firm, and its people's time, in the currency of the projects' `kit.yaml`."""

    compute_hour: float = Field(0.5, ge=0, description="one hour of the training machine, money")
    compute_hours: float = Field(2.0, ge=0, description="length of a training, hours")
    rollout: float = Field(
        40.0, ge=0, description="a person approves and watches the rollout, money"
    )
    months: float = Field(3.0, gt=0, description="how long the gain is counted, months")
    mail_minutes: float = Field(
        2.0, ge=0, description="a person reads a mail and sorts it, minutes"
    )
    answer_minutes: float = Field(4.0, ge=0, description="a person writes an answer, minutes")
    minute: float = Field(0.6, ge=0, description="one minute of a person who answers mails, money")


class LeadsConfig(Section):
    """Scoring leads: by lot, and what programs may ask."""

    exploration: float | None = Field(
        None,
        ge=0,
        le=0.5,
        description="at most this share of calls goes to leads that stand in the hot list by lot, whatever their score; empty: as many"
        " as the bundle was judged with (`model.team.exploration` of its project), whose price stands in its report;"
        " 0: none. More than that is not taken: train with it",
    )
    requests_per_min: int = Field(
        600, ge=1, description="requests for scores that one token may send in a minute"
    )
    leads_per_day: int = Field(
        1_000_000, ge=1, description="leads that one token may have scored in a day (UTC)"
    )
    request_bytes: int = Field(
        4 << 20, gt=0, description="largest request for scores, bytes; at most 1,000 leads"
    )
