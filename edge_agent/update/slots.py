"""Bundle files on the device and the one small file that says which of them runs.

Two bundles are kept: the active one and the one before it. `slots.json` is replaced atomically;
power may go at any line. The highest accepted release is never lowered.
"""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from edge_agent.log import warn
from kits.core.blobs import write_atomically
from kits.core.bundle import SUFFIX, Bundle, open_file
from kits.core.errors import BundleError
from kits.core.hub_api import DeploymentState, DesiredBundle


class Job(BaseModel):
    """An installation on its way. `state` is written before the work of that state begins."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    bundle: str
    state: DeploymentState
    deployment: int | None = None
    release: int | None = None
    desired: DesiredBundle | None = Field(None, description="None: applied locally, not signed")
    error: str = ""
    starts: int = Field(0, description="how often the agent started during this state")


class SlotState(BaseModel):
    """`slots.json`."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    active: str = ""
    previous: str = ""
    highest_release: int = 0
    highest_bundle: str = ""
    project: str = ""
    refused: dict[str, str] = Field(
        default_factory=dict, description="bundle/release → reason: not tried again"
    )
    job: Job | None = None


class Slots:
    """The folder `bundles/` of the state directory."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / "slots.json"
        self.state = self._read()

    def _read(self) -> SlotState:
        try:
            return SlotState.model_validate_json(self._path.read_bytes())
        except FileNotFoundError:
            return SlotState()
        except ValidationError as error:
            # write_atomically cannot leave half a file: someone else damaged it
            warn("slots_damaged", error=error.error_count())
            return SlotState()

    def save(self, **changes: object) -> SlotState:
        """Changes the state, on disk before this returns."""
        self.state = self.state.model_copy(update=changes)
        write_atomically(self._path, self.state.model_dump_json(indent=1).encode())
        return self.state

    def path(self, bundle: str) -> Path:
        """Where a bundle's file lies."""
        if len(bundle) != 64 or set(bundle) - set("0123456789abcdef"):
            raise BundleError("not a bundle id", where=bundle[:80])
        return self.folder / f"{bundle}{SUFFIX}"

    def partial(self, bundle: str) -> Path:
        """Where a download of it grows."""
        return self.path(bundle).with_suffix(".part")

    def has(self, bundle: str) -> bool:
        """Whether the bundle's file is here."""
        return bool(bundle) and self.path(bundle).exists()

    def open(self, bundle: str) -> Bundle:
        """Opens and checks a kept bundle. Raises BundleError."""
        opened = open_file(self.path(bundle))
        if opened.id != bundle:
            raise BundleError("a slot holds another bundle", where=str(self.path(bundle)))
        return opened

    def put(self, content: bytes, bundle: str) -> None:
        """Stores a bundle's bytes durably."""
        write_atomically(self.path(bundle), content)

    def clean(self) -> None:
        """Deletes every bundle that is neither active, previous nor being installed."""
        keep = {self.state.active, self.state.previous}
        if self.state.job is not None:
            keep.add(self.state.job.bundle)
        for file in [*self.folder.glob(f"*{SUFFIX}"), *self.folder.glob("*.part")]:
            if file.stem not in keep:
                file.unlink()
