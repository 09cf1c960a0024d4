"""What a step of a kit's own is given: a folder, the bundle, the hub, and Kitwright's programs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import JsonValue

from kits.toolchain.demo.hub import HubApi
from kits.toolchain.demo.programs import Programs


@dataclass(frozen=True, slots=True)
class Stage:
    """A `DemoStage`."""

    root: Path
    seed: int
    bundle: Path
    programs: Programs

    def run(self, *command: str, secrets: Mapping[str, str] | None = None) -> dict[str, JsonValue]:
        """As `DemoStage.run`."""
        return self.programs.json(*command, secrets=dict(secrets or {}))


@dataclass(frozen=True, slots=True)
class AtHub(Stage):
    """A `HubStage`."""

    hub: HubApi
    project: str
    notes: dict[str, JsonValue] = field(default_factory=dict)

    @property
    def hub_url(self) -> str:
        """Where the hub answers."""
        return self.hub.url

    @property
    def hub_data(self) -> Path:
        """Its data folder."""
        return self.root / "hub"

    def call(
        self, method: str, path: str, body: dict[str, JsonValue] | None = None
    ) -> dict[str, JsonValue]:
        """As `HubStage.call`."""
        return self.hub.call(method, path, body)

    def start(self, *command: str) -> None:
        """As `HubStage.start`."""
        self.programs.start(*command)
