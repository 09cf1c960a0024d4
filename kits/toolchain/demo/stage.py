"""What a step of a kit's own is given after the circle: a folder, the bundle, and Kitwright's programs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import JsonValue

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
