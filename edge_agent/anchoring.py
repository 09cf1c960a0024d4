"""Paths in `agent.yaml` are relative to its folder: makes them absolute, in whatever section they stand."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from edge_agent.actions.config import SimulatedActionConfig
from edge_agent.mail.config import ImapSourceConfig, SendConfig
from edge_agent.sources.config import (
    FolderSourceConfig,
    HotFolderSourceConfig,
    VideoSourceConfig,
)
from edge_agent.sources.machine_config import (
    MqttSourceConfig,
    OpcUaSourceConfig,
    ReplaySourceConfig,
)
from edge_agent.writers.config import WriterConfig

if TYPE_CHECKING:
    from edge_agent.config import AgentConfig


def anchored(config: AgentConfig, base: Path) -> AgentConfig:
    """The same configuration with absolute paths.

    Args:
        base: folder of the file.
    """
    changes: dict[str, object] = {"state_dir": base / config.state_dir}
    if config.bundle is not None:
        changes["bundle"] = base / config.bundle
    if config.hub.ca_file is not None:
        changes["hub"] = config.hub.model_copy(update={"ca_file": base / config.hub.ca_file})
    if isinstance(config.source, FolderSourceConfig | HotFolderSourceConfig):
        changes["source"] = config.source.model_copy(update={"path": base / config.source.path})
    elif isinstance(config.source, VideoSourceConfig) and "://" not in config.source.url:
        changes["source"] = config.source.model_copy(update={"url": str(base / config.source.url)})
    elif isinstance(config.source, ReplaySourceConfig):
        changes["source"] = config.source.model_copy(update={"path": base / config.source.path})
    elif isinstance(config.source, OpcUaSourceConfig | MqttSourceConfig):
        names = {"certificate", "private_key", "server_certificate", "ca_file"}
        paths = {n: v for n, v in config.source if n in names and v is not None}
        changes["source"] = config.source.model_copy(
            update={name: base / path for name, path in paths.items()}
        )
    elif isinstance(config.source, ImapSourceConfig):
        changes["source"] = _anchored_mailbox(config.source, base)
    changes["actions"] = tuple(
        action.model_copy(update={"path": base / action.path})
        if isinstance(action, SimulatedActionConfig) and action.path is not None
        else action
        for action in config.actions
    )
    return config.model_copy(update=changes)


def _anchored_mailbox(source: ImapSourceConfig, base: Path) -> ImapSourceConfig:
    changes: dict[str, object] = {}
    if source.ca_file is not None:
        changes["ca_file"] = base / source.ca_file
    for name in ("send", "writer"):
        section: SendConfig | WriterConfig | None = getattr(source, name)
        if section is not None and section.ca_file is not None:
            changes[name] = section.model_copy(update={"ca_file": base / section.ca_file})
    changes["lookups"] = tuple(
        one.model_copy(update={"ca_file": base / one.ca_file}) if one.ca_file is not None else one
        for one in source.lookups
    )
    return source.model_copy(update=changes)
