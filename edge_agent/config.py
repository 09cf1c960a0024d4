"""`agent.yaml`: the agent's one configuration file, as one model.

Responsible for reading, checking and printing it. It opens nothing else: whether a camera or a
hub is there is `doctor`'s business. Relative paths are relative to the folder of the file.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal, get_args

import yaml
from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError, model_validator
from pydantic.fields import FieldInfo
from pydantic_core import to_jsonable_python

from edge_agent.errors import AgentConfigError
from edge_agent.sync.eviction import Budgets
from kits.core.errors import did_you_mean
from kits.core.operating_point import Verdict

MIB = 1 << 20
Provider = Literal["tensorrt", "cuda", "openvino", "openvino-fp32", "cpu"]
"""What may execute a model, best first."""


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class HubConfig(_Section):
    """Where the hub is."""

    url: str = Field("", description="address of the hub; empty: work alone, keep everything here")
    ca_file: Path | None = Field(None, description="PEM file of the hub's own authority")
    timeout_s: float = Field(10.0, gt=0, le=120, description="per HTTP request, seconds")


class FolderSourceConfig(_Section):
    """Replays the images of a folder."""

    kind: Literal["folder"] = "folder"
    path: Path = Field(description="folder with images, read with its subfolders in sorted order")
    rate_hz: float = Field(0.0, ge=0, description="samples per second; 0: as fast as possible")
    loop: bool = Field(False, description="start again at the end")
    name: str = Field("folder", description="name of the source in events")


class CameraSourceConfig(_Section):
    """A local camera."""

    kind: Literal["camera"] = "camera"
    device: int | str = Field(0, description="number or path of the video device")
    width: int | None = Field(None, gt=0, description="pixels; empty: the camera's own choice")
    height: int | None = Field(None, gt=0, description="pixels; empty: the camera's own choice")
    rate_hz: float = Field(0.0, ge=0, description="frames per second at most; 0: all of them")
    queue: int = Field(2, ge=1, le=64, description="frames waiting at most; the oldest is dropped")
    stale_s: float = Field(5.0, gt=0, description="no frame for this long: camera lost, seconds")
    name: str = Field("camera", description="name of the source in events")


class VideoSourceConfig(_Section):
    """A video stream (RTSP) or file."""

    kind: Literal["video"] = "video"
    url: str = Field(description="rtsp://… or the path of a file")
    live: bool = Field(
        True, description="true: freshest frame, reconnect; false: a file, to its end"
    )
    rate_hz: float = Field(0.0, ge=0, description="frames per second at most; 0: all of them")
    queue: int = Field(2, ge=1, le=64, description="frames waiting at most; the oldest is dropped")
    stale_s: float = Field(5.0, gt=0, description="no frame for this long: stream lost, seconds")
    name: str = Field("video", description="name of the source in events")


SourceConfig = Annotated[
    FolderSourceConfig | CameraSourceConfig | VideoSourceConfig, Field(discriminator="kind")
]


class _ActionBase(_Section):
    name: str = Field(min_length=1, max_length=40, description="name in events and metrics")
    verdicts: tuple[Verdict, ...] = Field(
        ("act",), description="verdicts it is for: act, review, pass"
    )
    timeout_ms: int = Field(200, gt=0, le=60_000, description="given up after, milliseconds")


class SimulatedActionConfig(_ActionBase):
    """Writes what it would do to a file; for trials and tests."""

    kind: Literal["simulated"] = "simulated"
    path: Path | None = Field(None, description="JSON lines; empty: actions.jsonl in state_dir")


class MqttActionConfig(_ActionBase):
    """Publishes a message to a broker in the plant."""

    kind: Literal["mqtt"] = "mqtt"
    host: str = Field(description="broker")
    port: int = Field(1883, gt=0, lt=65_536, description="broker's port")
    topic: str = Field(min_length=1, description="topic of the message")
    username: str = Field("", description="empty: none")
    password: str = Field("", repr=False, description="empty: none")
    retain: bool = Field(False, description="whether the broker keeps the last message")


class HttpActionConfig(_ActionBase):
    """Calls an address (a PLC gateway, a light, a message service)."""

    kind: Literal["http"] = "http"
    url: str = Field(pattern="^https?://", description="address to call")
    method: Literal["POST", "PUT"] = Field("POST", description="HTTP method")
    headers: dict[str, str] = Field(default_factory=dict, repr=False, description="extra headers")


ActionConfig = Annotated[
    SimulatedActionConfig | MqttActionConfig | HttpActionConfig, Field(discriminator="kind")
]


class SelectionConfig(_Section):
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


class OutboxConfig(_Section):
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


class SyncConfig(_Section):
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
        pattern=r"^(([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d)?$",
        description="blobs travel only in these hours of local time, as 22:00-06:00; empty: always."
        " While the clock cannot be trusted they travel at any time",
    )
    keepalive_s: int = Field(30, ge=5, le=600, description="MQTT keep-alive, seconds")
    backoff_s: float = Field(1.0, gt=0, description="first pause after a lost connection, seconds")
    backoff_max_s: float = Field(120.0, gt=0, description="longest such pause, seconds")
    taken_over_s: float = Field(
        600.0, gt=0, description="pause after another program took this device's name, seconds"
    )
    health_s: float = Field(60.0, gt=0, description="one health row each, seconds")


class EngineConfig(_Section):
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


class UpdateConfig(_Section):
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
    shadow_max_s: float = Field(600.0, gt=0, description="longest shadow, seconds")
    max_disagreement: float = Field(
        0.5, ge=0, le=1, description="share of shadow samples with another verdict that refuses it"
    )
    probation_samples: int = Field(
        200, ge=0, description="samples judged on probation before a bundle is committed"
    )
    probation_min_s: float = Field(300.0, ge=0, description="shortest probation, seconds")
    probation_max_s: float = Field(
        3600.0, gt=0, description="after this, fewer samples (but at least one) are enough, seconds"
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


class StatusConfig(_Section):
    """The status page, `/metrics` and `/status.json`."""

    enabled: bool = Field(True, description="serve it")
    host: str = Field("127.0.0.1", description="address to listen on")
    port: int = Field(8089, ge=0, lt=65_536, description="port; 0: any free one")


class AgentConfig(_Section):
    """Everything `edge-agent run` needs to know."""

    state_dir: Path = Field(Path("state"), description="outbox, spool, bundles, identity")
    hub: HubConfig = Field(HubConfig(), description="where the hub is")
    bundle: Path | None = Field(None, description="bundle for the first start, before any update")
    source: SourceConfig = Field(description="where samples come from: folder, camera or video")
    actions: tuple[ActionConfig, ...] = Field((), description="what is done for a verdict")
    reject_deadline_ms: int = Field(
        500, gt=0, le=600_000, description="from capture to the action at most, milliseconds"
    )
    safe_side: Verdict = Field(
        "review", description="what is done when no decision came in time: act, pass or review"
    )
    selection: SelectionConfig = Field(SelectionConfig(), description="which pixels are kept")
    outbox: OutboxConfig = Field(OutboxConfig(), description="how much may wait for the hub")
    sync: SyncConfig = Field(SyncConfig(), description="how events travel to the hub")
    engine: EngineConfig = Field(EngineConfig(), description="what executes the model")
    update: UpdateConfig = Field(UpdateConfig(), description="how a new bundle takes over")
    status: StatusConfig = Field(StatusConfig(), description="the local status page")
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="lowest level that is logged"
    )

    @property
    def identity_path(self) -> Path:
        """Where `enroll` leaves the device's identity."""
        return self.state_dir / "identity.json"


_SECTIONS: tuple[type[BaseModel], ...] = (
    HubConfig,
    FolderSourceConfig,
    CameraSourceConfig,
    VideoSourceConfig,
    SimulatedActionConfig,
    MqttActionConfig,
    HttpActionConfig,
    SelectionConfig,
    OutboxConfig,
    SyncConfig,
    EngineConfig,
    UpdateConfig,
    StatusConfig,
)
_BY_KIND = {
    str(get_args(field.annotation)[0]): section
    for section in _SECTIONS
    if (field := section.model_fields.get("kind")) is not None
}


def load_config(path: Path) -> AgentConfig:
    """Reads agent.yaml; relative paths in it become relative to its folder.

    Raises:
        AgentConfigError: absent, not YAML, an unknown key (with a suggestion) or a wrong value.
    """
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise AgentConfigError(
            "no such configuration", where=str(path), fix="edge-agent run --config agent.yaml"
        ) from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise AgentConfigError(f"not readable as YAML: {error}", where=str(path)) from error
    return parse_config(raw, base=path.absolute().parent, where=str(path))


def parse_config(raw: object, *, base: Path, where: str = "agent.yaml") -> AgentConfig:
    """As `load_config`, for the parsed document. Raises AgentConfigError."""
    _refuse_bare_on(raw, where)
    try:
        config = AgentConfig.model_validate(raw)
    except ValidationError as error:
        raise _explain(error, where) from error
    return _anchored(config, base)


def _refuse_bare_on(raw: object, where: str) -> None:
    """YAML 1.1 reads a bare `on:` as the key `true`; pydantic would only say "not a string"."""
    actions = raw.get("actions") if isinstance(raw, dict) else None
    for number, action in enumerate(actions if isinstance(actions, list) else []):
        if isinstance(action, dict) and not {True, "on"}.isdisjoint(action):
            raise AgentConfigError(
                "unknown key 'on'",
                where=f"{where}: actions.{number}",
                fix="did you mean 'verdicts'? e.g. verdicts: [act]",
            )


def _explain(error: ValidationError, where: str) -> AgentConfigError:
    first = error.errors()[0]
    keys = [str(part) for part in first["loc"]]
    place = f"{where}: {'.'.join(keys) or 'top level'}"
    if first["type"] == "extra_forbidden":
        return AgentConfigError(
            f"unknown key {keys[-1]!r}", where=place, fix=did_you_mean(keys[-1], _known_keys(keys))
        )
    return AgentConfigError(first["msg"], where=place, fix="edge-agent config show --describe")


def _known_keys(keys: list[str]) -> list[str]:
    model: type[BaseModel] = AgentConfig
    for key in keys[:-1]:
        if key in _BY_KIND:
            model = _BY_KIND[key]
            continue
        field = model.model_fields.get(key)
        annotation = field.annotation if field is not None else None
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            model = annotation
    return list(model.model_fields)


def _anchored(config: AgentConfig, base: Path) -> AgentConfig:
    """The same configuration with absolute paths."""
    changes: dict[str, object] = {"state_dir": base / config.state_dir}
    if config.bundle is not None:
        changes["bundle"] = base / config.bundle
    if config.hub.ca_file is not None:
        changes["hub"] = config.hub.model_copy(update={"ca_file": base / config.hub.ca_file})
    if isinstance(config.source, FolderSourceConfig):
        changes["source"] = config.source.model_copy(update={"path": base / config.source.path})
    elif isinstance(config.source, VideoSourceConfig) and "://" not in config.source.url:
        changes["source"] = config.source.model_copy(update={"url": str(base / config.source.url)})
    changes["actions"] = tuple(
        action.model_copy(update={"path": base / action.path})
        if isinstance(action, SimulatedActionConfig) and action.path is not None
        else action
        for action in config.actions
    )
    return config.model_copy(update=changes)


def shown(config: AgentConfig) -> dict[str, JsonValue]:
    """The configuration as JSON values, secrets replaced by `***`."""
    dumped: dict[str, JsonValue] = config.model_dump(mode="json")
    actions = dumped["actions"]
    for action in actions if isinstance(actions, list) else []:
        if isinstance(action, dict):
            if action.get("password"):
                action["password"] = "***"  # noqa: S105  a mask, not a secret
            headers = action.get("headers")
            if isinstance(headers, dict):
                action["headers"] = dict.fromkeys(headers, "***")
    return dumped


def describe() -> Iterator[tuple[str, str, str]]:
    """Every key as (dotted name, default, description); for `config show` and the reference."""
    yield from _describe(AgentConfig, "")


def _describe(model: type[BaseModel], prefix: str) -> Iterator[tuple[str, str, str]]:
    for name, field in model.model_fields.items():
        annotation = field.annotation
        key = f"{prefix}{name}"
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            yield key, "", field.description or ""
            yield from _describe(annotation, f"{key}.")
        elif key in ("source", "actions"):
            yield key, "", field.description or ""
            family = "Source" if key == "source" else "Action"
            for kind, section in _BY_KIND.items():
                if family in section.__name__:
                    yield from _describe(section, f"{key}({kind}).")
        elif name != "kind":
            yield key, _default_text(field), field.description or ""


def _default_text(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    return json.dumps(to_jsonable_python(field.get_default(call_default_factory=True)))
