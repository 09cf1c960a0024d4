"""`agent.yaml`: the agent's one configuration file, as one model.

Responsible for reading and checking it; `config_text.py` puts it in words, the sections of sources and
actions lie beside them. It opens nothing else: whether a camera or a hub is there is `doctor`'s
business. Relative paths are relative to the folder of the file.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal, get_args

from pydantic import Field, model_validator

from edge_agent.actions.config import (
    ActionConfig,
    HttpActionConfig,
    MqttActionConfig,
    SimulatedActionConfig,
)
from edge_agent.alarms.config import AlarmsConfig
from edge_agent.anchoring import anchored
from edge_agent.errors import AgentConfigError
from edge_agent.mail.config import ImapSourceConfig
from edge_agent.section import Section
from edge_agent.sources.config import (
    CameraSourceConfig,
    FolderSourceConfig,
    SourceConfig,
    VideoSourceConfig,
)
from edge_agent.sync.eviction import Budgets
from kits.core.complaints import KeyPath
from kits.core.errors import ConfigError
from kits.core.operating_point import Verdict
from kits.core.settings import key_lines, parse_yaml, read_text, validate_settings

__all__ = [
    "ActionConfig",
    "AgentConfig",
    "AlarmsConfig",
    "CameraSourceConfig",
    "EngineConfig",
    "FolderSourceConfig",
    "HttpActionConfig",
    "HubConfig",
    "MqttActionConfig",
    "OutboxConfig",
    "Provider",
    "SelectionConfig",
    "SimulatedActionConfig",
    "SourceConfig",
    "StatusConfig",
    "SyncConfig",
    "UpdateConfig",
    "VideoSourceConfig",
    "load_config",
    "parse_config",
]

MIB = 1 << 20
_GOLDEN_S = 900.0

Provider = Literal["tensorrt", "cuda", "openvino", "openvino-fp32", "cpu"]
"""What may execute a model, best first."""


class HubConfig(Section):
    """Where the hub is."""

    url: str = Field("", description="address of the hub; empty: work alone, keep everything here")
    ca_file: Path | None = Field(None, description="PEM file of the hub's own authority")
    timeout_s: float = Field(10.0, gt=0, le=120, description="per HTTP request, seconds")


class SelectionConfig(Section):
    """Which samples keep their pixels (events are always kept)."""

    budget_bytes_per_day: int = Field(500 * MIB, ge=0, description="bytes kept per UTC day")
    keep_acts: bool = Field(True, description="keep every sample that was acted on")
    keep_reviews: bool = Field(True, description="keep every sample in the review band")
    novelty: float = Field(
        3.0, ge=0, description="keep when this many standard deviations from usual; 0: off"
    )
    audit_rate: float = Field(
        0.01, ge=0, le=1, description="share of all samples kept at random for unbiased rates"
    )
    audit_share: float = Field(
        0.2, ge=0, le=1, description="part of the budget that only audit samples may use"
    )
    seed: int = Field(0, description="seed of the audit's random numbers")


class OutboxConfig(Section):
    """How much may wait for the hub. What a class leaves unused others borrow."""

    budget_bytes: int = Field(2 << 30, ge=1 << 16, description="rows and their blobs, bytes")
    alerts_share: float = Field(0.05, gt=0, lt=1, description="of the budget; never evicted")
    labels_share: float = Field(0.10, gt=0, lt=1, description="labels and gap rows, of the budget")
    samples_share: float = Field(
        0.65, gt=0, lt=1, description="sample rows and blobs; telemetry has what is left"
    )
    commit_samples_ms: int = Field(
        250, ge=0, le=250, description="a sample waits this long for a commit at most, ms"
    )
    commit_telemetry_ms: int = Field(
        1000, ge=0, le=1000, description="telemetry waits this long for a commit at most, ms"
    )
    queue: int = Field(2000, ge=10, description="rows waiting for the writer at most")
    ballast_bytes: int = Field(
        16 * MIB, ge=0, description="file given up when the disk is full, so that alerts fit; bytes"
    )
    disk_marks: tuple[float, float, float] = Field(
        (85.0, 90.0, 95.0),
        description="percent of the disk in use from which: no bytes of samples are kept, telemetry"
        " is thinned, telemetry is stopped and an alarm raised; they count only while less than"
        " budget_bytes is free",
    )

    @model_validator(mode="after")
    def _telemetry_has_a_share(self) -> OutboxConfig:
        if self.alerts_share + self.labels_share + self.samples_share >= 1:
            raise ValueError("the shares must leave some of the budget to telemetry")
        if list(self.disk_marks) != sorted(self.disk_marks):
            raise ValueError("disk_marks must rise")
        return self

    def budgets(self) -> Budgets:
        """Bytes per class."""
        return Budgets.of(
            self.budget_bytes,
            alerts=self.alerts_share,
            labels=self.labels_share,
            samples=self.samples_share,
        )


class SyncConfig(Section):
    """How events travel to the hub."""

    enabled: bool = Field(True, description="false: only collect")
    window: int = Field(
        20, ge=1, le=20, description="frames in flight at most; the broker may allow fewer"
    )
    chunk_bytes: int = Field(
        256 * 1024, ge=16 * 1024, le=256 * 1024, description="size of a blob's pieces, bytes"
    )
    resend_s: float = Field(
        3.0, gt=0, description="no acknowledgement for this long: send again, s"
    )
    max_kbps: float = Field(
        0.0, ge=0, description="blobs share this rate with rows, kilobits per second; 0: no limit"
    )
    blobs_between: str = Field(
        "",
        json_schema_extra={"expected": "HH:MM-HH:MM, as 22:00-06:00"},
        pattern=r"^(([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d)?$",
        description="blobs travel only in these hours of local time, as 22:00-06:00; empty, or from and"
        " to the same: always. While the clock cannot be trusted they travel at any time",
    )
    keepalive_s: int = Field(30, ge=5, le=600, description="MQTT keep-alive, seconds")
    backoff_s: float = Field(1.0, gt=0, description="first pause after a lost connection, seconds")
    backoff_max_s: float = Field(120.0, gt=0, description="longest such pause, seconds")
    taken_over_s: float = Field(
        600.0, gt=0, description="pause after another program took this device's name, seconds"
    )
    health_s: float = Field(60.0, gt=0, description="one health row each, seconds")


class EngineConfig(Section):
    """What executes the model."""

    providers: tuple[Provider, ...] = Field(
        get_args(Provider),
        min_length=1,
        description="in order of preference; openvino computes in what the processor does fastest,"
        " openvino-fp32 in FP32",
    )
    threads: int = Field(0, ge=0, le=256, description="CPU threads; 0: the runtime's choice")
    workspace_bytes: int = Field(1 << 30, gt=0, description="TensorRT's build memory, bytes")
    build_timeout_s: float = Field(3600.0, gt=0, description="longest engine build, seconds")
    build_memory_bytes: int = Field(
        4 << 30, gt=0, description="resident memory of an engine build at most, bytes"
    )
    build_retry_s: float = Field(
        86_400.0, ge=0, description="a failed engine build is not tried again before, seconds"
    )
    cache_bytes: int = Field(
        2 << 30, gt=0, description="engines kept on disk; the least recently used go, bytes"
    )

    @property
    def load_limit_s(self) -> float:
        """A bundle that is not ready after this hangs: two builds, as one may compute something
        else than it should, and the golden samples on every rung."""
        return 2 * self.build_timeout_s + _GOLDEN_S


class UpdateConfig(Section):
    """How a new bundle takes over."""

    poll_s: float = Field(30.0, gt=0, description="the hub is asked this often, seconds")
    first_bundle_wait_s: float = Field(
        120.0,
        ge=0,
        description="an enrolled device without any bundle begins a folder or video file after"
        " this at the latest, seconds; a live camera never waits: its safe side decides",
    )
    shadow_samples: int = Field(
        100, ge=0, description="samples judged by old and new beforehand; 0: no shadow"
    )
    shadow_max_s: float = Field(
        600.0, gt=0, description="after this, 20 samples in the shadow are enough, seconds"
    )
    max_disagreement: float = Field(
        0.5, ge=0, le=1, description="share of shadow samples with another verdict that refuses it"
    )
    probation_samples: int = Field(
        200, ge=0, description="samples judged on probation before a bundle is committed"
    )
    probation_min_s: float = Field(300.0, ge=0, description="shortest probation, seconds")
    probation_max_s: float = Field(
        3600.0, gt=0, description="after this, 20 samples on probation are enough, seconds"
    )
    max_latency_factor: float = Field(
        1.2,
        gt=1,
        description="p95 latency against the shadow's, unless the bundle declares a limit",
    )
    latency_slack_ms: float = Field(
        10.0,
        ge=0,
        description="added to that limit: on a fast model noise is no fault, milliseconds",
    )
    max_psi: float = Field(
        0.25, gt=0, description="change of the scores since the shadow, population stability index"
    )
    max_crashes: int = Field(
        3, ge=1, description="ends without a stop within crash_window_s that take a bundle back"
    )
    hang_s: float = Field(
        30.0, gt=0, description="a model that works on one sample longer ends the agent, seconds"
    )
    crash_window_s: float = Field(600.0, gt=0, description="time for those ends, seconds")

    @property
    def start_limit_s(self) -> float:
        """More time than this the agent does not ask for to start: if a bundle makes it hang, so
        many starts must fit into `crash_window_s` that the bundle goes back."""
        return self.crash_window_s / (self.max_crashes + 2)


class StatusConfig(Section):
    """The status page, `/metrics` and `/status.json`."""

    enabled: bool = Field(True, description="serve it")
    host: str = Field("127.0.0.1", description="address to listen on")
    port: int = Field(8089, ge=0, lt=65_536, description="port; 0: any free one")


class AgentConfig(Section):
    """Everything `edge-agent run` needs to know."""

    state_dir: Path = Field(Path("state"), description="outbox, spool, bundles, identity")
    hub: HubConfig = Field(HubConfig(), description="where the hub is")
    bundle: Path | None = Field(None, description="bundle for the first start, before any update")
    source: SourceConfig = Field(description="where samples come from")
    actions: tuple[ActionConfig, ...] = Field((), description="what is done for a verdict")
    reject_deadline_ms: int = Field(
        500, gt=0, le=600_000, description="from capture to the action at most, milliseconds"
    )
    safe_side: Verdict = Field(
        "review", description="what is done when no decision came in time: act, pass or review"
    )
    selection: SelectionConfig = Field(SelectionConfig(), description="which pixels are kept")
    alarms: AlarmsConfig = Field(
        AlarmsConfig(), description="cases of watched machines and what is recorded around them"
    )
    outbox: OutboxConfig = Field(OutboxConfig(), description="how much may wait for the hub")
    sync: SyncConfig = Field(SyncConfig(), description="how events travel to the hub")
    engine: EngineConfig = Field(EngineConfig(), description="what executes the model")
    update: UpdateConfig = Field(UpdateConfig(), description="how a new bundle takes over")
    status: StatusConfig = Field(StatusConfig(), description="the local status page")
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="lowest level that is logged"
    )

    @model_validator(mode="after")
    def _ring_reaches_back(self) -> AgentConfig:
        keep_s = getattr(self.source, "keep_s", self.alarms.before_s)  # cameras keep nothing
        if self.alarms.before_s > keep_s:
            raise ValueError(
                f"alarms.before_s ({self.alarms.before_s:g}) is longer than source.keep_s ({keep_s:g})"
            )
        return self

    @model_validator(mode="after")
    def _a_person_is_the_safe_side_of_mail(self) -> AgentConfig:
        if isinstance(self.source, ImapSourceConfig) and self.safe_side != "review":
            raise ValueError("safe_side must be review for a mailbox: what fails goes to a person")
        return self

    @property
    def identity_path(self) -> Path:
        """Where `enroll` leaves the device's identity."""
        return self.state_dir / "identity.json"

    @property
    def cases_path(self) -> Path:
        """Where the desk keeps its cases."""
        return self.state_dir / "cases.json"

    @property
    def courses_path(self) -> Path:
        """Where the courses of figures behind alarms are kept."""
        return self.state_dir / "courses.json"


def load_config(path: Path) -> AgentConfig:
    """Reads agent.yaml; relative paths in it become relative to its folder.

    Raises:
        AgentConfigError: absent, not YAML, an unknown key (with a suggestion) or a wrong value.
        OSError: this account may not read it.
    """
    where = str(path)
    try:
        text = read_text(path, fix="edge-agent run --config FILE, where your agent.yaml lies")
        raw = parse_yaml(text, where)
    except ConfigError as error:
        raise AgentConfigError(error.what, where=error.where, fix=error.fix) from None
    return parse_config(raw, base=path.absolute().parent, where=where, lines=key_lines(text))


def parse_config(
    raw: Mapping[str, object],
    *,
    base: Path,
    where: str = "agent.yaml",
    lines: Mapping[KeyPath, int] | None = None,
) -> AgentConfig:
    """As `load_config`, for the parsed document.

    Raises:
        AgentConfigError: an unknown key (with a suggestion) or a wrong value.
    """
    _refuse_bare_on(raw, where)
    try:
        config = validate_settings(raw, AgentConfig, where=where, lines=lines)
    except ConfigError as error:
        raise AgentConfigError(error.what, where=error.where, fix=error.fix) from None
    return anchored(config, base)


def _refuse_bare_on(raw: Mapping[str, object], where: str) -> None:
    """YAML 1.1 reads a bare `on:` as the key `true`; pydantic would only say "not a string"."""
    actions = raw.get("actions")
    for number, action in enumerate(actions if isinstance(actions, list) else []):
        if isinstance(action, dict) and not {True, "on"}.isdisjoint(action):
            raise AgentConfigError(
                "unknown key 'on'",
                where=f"{where}: actions.{number}",
                fix="did you mean 'verdicts'? e.g. verdicts: [act]",
            )
