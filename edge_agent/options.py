"""Options that verbs of the agent share, and what is read for one: its configuration, and who types."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kits.core.console import account_name

if TYPE_CHECKING:
    from edge_agent.config import AgentConfig

ConfigOption = Annotated[
    Path,
    # who may not read it is told by us, with the account to use
    typer.Option("--config", "-c", help="The agent's configuration.", readable=False),
]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="Only the answer.")]
WhoOption = Annotated[str, typer.Option("--who", help="Who says so; else the account's name.")]
DEFAULT = Path("agent.yaml")


def settings_of(path: Path) -> AgentConfig:
    """The agent's configuration.

    Raises:
        ConfigError: it is not there, or wrong.
    """
    from edge_agent.config import load_config

    return load_config(path)


def author_of(who: str) -> str:
    """Whose word it is: who was named, else the account's name."""
    return who or account_name() or "unknown"
