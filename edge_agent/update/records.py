"""What is written down about bundles, their installation and what came of it: the models on disk.

Pure data. Where they lie, and in which order they are written, is `slots.py`.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from edge_agent.update.probation import Baseline
from kits.core.hub_api import DeploymentState
from kits.core.releases import Release
from kits.core.section import Section

_REMEMBERED = 50
NEWEST_WISH = "request.json"
"""Where a person's wish waits; of what is to run only the newest counts."""


class Request(Section):
    """A wish left by `edge-agent apply`, `rollback` or `allow` for the running agent."""

    kind: Literal["apply", "rollback", "allow"]
    bundle: str = ""


class Kept(BaseModel):
    """A record in a file: keys that a later release added are passed over, so that going back works."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class Signed(Kept):
    """A release as the engineer signed it, with what its file must be."""

    target: str
    release: Release
    length: int = Field(gt=0)
    sha256: str = Field(pattern="^[0-9a-f]{64}$")


class Job(Kept):
    """An installation on its way. `state` is written before the work of that state begins."""

    bundle: str
    state: DeploymentState
    deployment: int | None = None
    path: str = Field("", description="below the hub's address")
    signed: Signed | None = Field(None, description="None: applied locally, not signed")
    baseline: Baseline | None = Field(None, description="how it did in the shadow")
    before: Baseline | None = Field(
        None, description="how the bundle that ran did meanwhile, with the same samples"
    )
    provider: str = Field("", description="the rung it was switched to on; its latency is of that")
    transitions: int = Field(
        0, description="states it was in, and starts after a crash, since it could be to blame"
    )
    reboots: int = Field(0, description="times the machine went down under it during probation")
    lived: bool = Field(
        False, description="it has decided for `probation_max_s` since the last start"
    )
    crashed_before: bool = Field(
        False, description="the agent crashed already before: the bundle that runs may be to blame"
    )

    @property
    def may_be_to_blame(self) -> bool:
        """Whether anything of the bundle is run in this state; a download crashes nothing."""
        return self.state in ("building", "shadow", "active")

    def is_same(self, other: Job | None) -> bool:
        """Whether the other is the same installation, however far."""
        return other is not None and (self.bundle, self.deployment) == (
            other.bundle,
            other.deployment,
        )


class Wish(Kept):
    """What the hub last said this device should run; empty and 0: nothing."""

    bundle: str = ""
    deployment: int = 0

    @property
    def key(self) -> str:
        """Its name among the refused ones."""
        return refusal_key(self.bundle, self.deployment)


class Mark(Kept):
    """The highest release accepted of a project."""

    release: int = 0
    bundle: str = ""


class SlotState(Kept):
    """`slots.json`."""

    active: str = ""
    previous: str = ""
    project: str = ""
    highest: dict[str, Mark] = Field(default_factory=dict, description="project → mark")
    refused: dict[str, str] = Field(
        default_factory=dict, description="bundle/deployment → reason: not tried again"
    )
    denied: dict[str, str] = Field(
        default_factory=dict, description="bundle → why it went back: never tried again"
    )
    wish: Wish = Wish()
    job: Job | None = None
    committed_by: int = Field(
        0, description="deployment that the active bundle was committed for; 0: none, by hand"
    )

    hub: str = Field("", description="whose releases and deployments these are; see `hub_change`")

    @property
    def standing(self) -> Wish:
        """The wish that put the active bundle here: a hub shows it again when a newer one ends."""
        return Wish(bundle=self.active, deployment=self.committed_by)


class Witness(Kept):
    """`witness.json`, beside the bundles."""

    committed: str = ""
    project: str = ""
    hub: str = ""
    highest: dict[str, Mark] = Field(default_factory=dict)
    refused: dict[str, str] = Field(default_factory=dict)
    denied: dict[str, str] = Field(default_factory=dict)


def refusal_key(bundle: str, deployment: int) -> str:
    """The name of a deployment among the refused ones: a hub that was restored counts anew."""
    return f"{bundle}/{deployment}"


def higher(mine: dict[str, Mark], other: dict[str, Mark]) -> dict[str, Mark]:
    """The higher mark of each project."""
    marks = dict(mine)
    for project, mark in other.items():
        if mark.release > marks.get(project, Mark()).release:
            marks[project] = mark
    return marks


def newest(reasons: dict[str, str]) -> dict[str, str]:
    """The last of the reasons that are kept."""
    return dict(list(reasons.items())[-_REMEMBERED:])
