"""Which bundles the device keeps and which of them runs: two slots in one small file.

`slots.json` names the running bundle, the one before it and the installation on its way; it is
replaced by one rename, so that power may go at any line. A witness in the bundle store repeats what
must survive the loss of that file: the last committed bundle and the highest release accepted of
each project, which is never lowered (the higher of both counts).
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from edge_agent.log import warn
from edge_agent.update.download import discard, sync_folder
from edge_agent.update.probation import Baseline
from kits.core.blobs import write_atomically
from kits.core.bundle import SUFFIX, Bundle, open_file
from kits.core.errors import BundleError
from kits.core.hub_api import DeploymentState
from kits.core.releases import Release

_REMEMBERED = 50
_Model = TypeVar("_Model", bound=BaseModel)


class _Kept(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class Signed(_Kept):
    """A release as the engineer signed it, with what its file must be."""

    target: str
    release: Release
    length: int = Field(gt=0)
    sha256: str = Field(pattern="^[0-9a-f]{64}$")


class Job(_Kept):
    """An installation on its way. `state` is written before the work of that state begins."""

    bundle: str
    state: DeploymentState
    deployment: int | None = None
    path: str = Field("", description="below the hub's address")
    signed: Signed | None = Field(None, description="None: applied locally, not signed")
    baseline: Baseline | None = Field(None, description="how it did in the shadow")
    transitions: int = Field(0, description="states and starts since the beginning")
    boots: tuple[str, ...] = Field((), description="boots of the machine during probation")


class Mark(_Kept):
    """The highest release accepted of a project."""

    release: int = 0
    bundle: str = ""


class SlotState(_Kept):
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
    job: Job | None = None


class _Witness(_Kept):
    """`witness.json`, beside the bundles."""

    committed: str = ""
    project: str = ""
    highest: dict[str, Mark] = Field(default_factory=dict)


class Slots:
    """The bundles of a state folder."""

    def __init__(self, state_dir: Path) -> None:
        self.folder = state_dir / "bundles"
        self.folder.mkdir(parents=True, exist_ok=True)
        self._path = state_dir / "slots.json"
        self._witness_path = self.folder / "witness.json"
        self._witness = _read(self._witness_path, _Witness) or _Witness()
        self.state = self._restored()

    def _restored(self) -> SlotState:
        state, witness = _read(self._path, SlotState), self._witness
        if state is None:
            known = witness.committed if self.has(witness.committed) else ""
            state = SlotState(active=known, project=witness.project if known else "")
        return state.model_copy(update={"highest": _higher(state.highest, witness.highest)})

    def save(self, **changes: object) -> SlotState:
        """Changes the state, on disk before this returns."""
        state = self.state.model_copy(update=changes)
        write_atomically(self._path, state.model_dump_json(indent=1).encode())
        self.state = state
        return state

    # -- what must survive the loss of slots.json ------------------------------------------------

    def highest(self, project: str) -> Mark:
        """The highest release accepted of a project."""
        return self.state.highest.get(project, Mark())

    def accept(self, release: Release) -> None:
        """Raises a project's counter, in both places."""
        mark = Mark(release=release.release, bundle=release.bundle)
        highest = _higher(self.state.highest, {release.project: mark})
        self._bear_witness(highest=highest)
        self.save(highest=highest)

    def commit(self) -> None:
        """The running bundle has proved itself; nothing is on its way any more."""
        self.save(job=None)
        self._bear_witness(committed=self.state.active, project=self.state.project)

    def _bear_witness(self, **changes: object) -> None:
        changed = self._witness.model_copy(update=changes)
        if changed != self._witness:
            write_atomically(self._witness_path, changed.model_dump_json(indent=1).encode())
            self._witness = changed

    # -- what is not tried again -----------------------------------------------------------------

    def end(self, job: Job, why: str, *, deny: bool, **changes: object) -> None:
        """Ends an installation that came to nothing: in one write with `changes`, also why.

        Args:
            deny: never try this bundle again.
        """
        refused, denied = dict(self.state.refused), dict(self.state.denied)
        if job.deployment is not None:
            refused[f"{job.bundle}/{job.deployment}"] = why
        if deny:
            denied[job.bundle] = why
        self.save(job=None, refused=_newest(refused), denied=_newest(denied), **changes)

    def allow(self, bundle: str) -> None:
        """Lifts the denial of a bundle, and of its deployments."""
        state = self.state
        self.save(
            denied={k: v for k, v in state.denied.items() if k != bundle},
            refused={k: v for k, v in state.refused.items() if not k.startswith(f"{bundle}/")},
        )

    # -- files -----------------------------------------------------------------------------------

    def path(self, bundle: str) -> Path:
        """Where a bundle's file lies."""
        if len(bundle) != 64 or set(bundle) - set("0123456789abcdef"):
            raise BundleError("not a bundle id", where=bundle[:80])
        return self.folder / f"{bundle}{SUFFIX}"

    def partial(self, bundle: str) -> Path:
        """Where a download of it grows."""
        return self.path(bundle).with_suffix(".part")

    def arrived(self, bundle: str) -> int:
        """Bytes of a download that are here."""
        partial = self.partial(bundle)
        return partial.stat().st_size if partial.exists() else 0

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

    def take_in(self, bundle: str) -> None:
        """Makes a complete and checked download the bundle's file."""
        partial = self.partial(bundle)
        partial.replace(self.path(bundle))
        discard(partial)
        sync_folder(self.folder)

    def clean(self) -> None:
        """Deletes every bundle that is neither active, previous nor being installed."""
        keep = {self.state.active, self.state.previous}
        if self.state.job is not None:
            keep.add(self.state.job.bundle)
        for file in self.folder.glob(f"*{SUFFIX}"):
            if file.stem not in keep:
                file.unlink()
        for file in self.folder.glob("*.part"):
            if file.stem not in keep:
                discard(file)


def _read(path: Path, model: type[_Model]) -> _Model | None:
    """None when absent or damaged: write_atomically leaves no half file, but someone else may."""
    with suppress(FileNotFoundError):
        try:
            return model.model_validate_json(path.read_bytes())
        except ValidationError as error:
            warn("slots_damaged", file=path.name, errors=error.error_count())
    return None


def _higher(mine: dict[str, Mark], other: dict[str, Mark]) -> dict[str, Mark]:
    marks = dict(mine)
    for project, mark in other.items():
        if mark.release > marks.get(project, Mark()).release:
            marks[project] = mark
    return marks


def _newest(reasons: dict[str, str]) -> dict[str, str]:
    return dict(list(reasons.items())[-_REMEMBERED:])
