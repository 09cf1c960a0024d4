"""`agent.yaml`: the agent's one configuration file, as one model.

Responsible for reading and checking it; `config_text.py` puts it in words, a section that belongs to
one package lies in its `config.py`. It opens nothing else: whether a camera or a hub is there is `doctor`'s
business. Relative paths are relative to the folder of the file.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from edge_agent.actions.config import (
    ActionConfig,
)
from edge_agent.alarms.config import AlarmsConfig
from edge_agent.anchoring import anchored
from edge_agent.engine.config import EngineConfig
from edge_agent.errors import AgentConfigError
from edge_agent.mail.config import ImapSourceConfig
from edge_agent.sources.config import (
    SourceConfig,
)
from edge_agent.sync.config import OutboxConfig, SyncConfig
from edge_agent.update.config import UpdateConfig
from kits.core.errors import ConfigError
from kits.core.operating_point import Verdict
from kits.core.section import Section
from kits.core.settings import parse_yaml, read_text, validate_settings

MIB = 1 << 20


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


class StatusConfig(Section):
    """The status page, `/metrics` and `/status.json`."""

    enabled: bool = Field(True, description="serve it")
    host: str = Field("127.0.0.1", description="address to listen on")
    port: int = Field(8089, ge=0, lt=65_536, description="port; 0: any free one")
    names: tuple[str, ...] = Field(
        (), description="names it is reached by, besides addresses, localhost and `host`"
    )


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
    return parse_config(raw, base=path.absolute().parent, where=where, text=text)


def parse_config(
    raw: Mapping[str, object],
    *,
    base: Path,
    where: str = "agent.yaml",
    text: str = "",
) -> AgentConfig:
    """As `load_config`, for the parsed document.

    Raises:
        AgentConfigError: an unknown key (with a suggestion) or a wrong value.
    """
    _refuse_bare_on(raw, where)
    try:
        config = validate_settings(raw, AgentConfig, where=where, text=text)
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
