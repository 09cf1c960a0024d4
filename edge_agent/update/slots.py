"""Which bundles the device keeps and which of them runs: two slots in one small file.

`slots.json` names the running bundle, the one before it and the installation on its way; it is
replaced by one rename, so that power may go at any line. A witness in the bundle store repeats what
must survive the loss of that file: the last proven bundle, what is never to be tried again, and the
highest release accepted of each project, which is never lowered (the higher of both counts).
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from edge_agent.log import log, warn
from edge_agent.update.download import discard
from edge_agent.update.records import (
    NEWEST_WISH,
    Job,
    Mark,
    Request,
    SlotState,
    Wish,
    Witness,
    higher,
    newest,
    refusal_key,
)
from kits.core.bundle import SUFFIX, Bundle, open_file
from kits.core.errors import BundleError
from kits.core.files import make_folder, sweep_torn, sync, write_atomically
from kits.core.releases import Release

_Model = TypeVar("_Model", bound=BaseModel)


class Slots:
    """The bundles of a state folder."""

    def __init__(self, state_dir: Path) -> None:
        self.folder = state_dir / "bundles"
        make_folder(state_dir, 0o700)
        self.folder.mkdir(exist_ok=True)
        self._path = state_dir / "slots.json"
        self._witness_path = self.folder / "witness.json"
        self._witness = _read(self._witness_path, Witness) or Witness()
        self.state = self._restored()

    def _restored(self) -> SlotState:
        state, witness = _read(self._path, SlotState), self._witness
        if state is None:
            known = witness.committed if self.has(witness.committed) else ""
            state = SlotState(
                active=known,
                project=witness.project if known else "",
                refused=witness.refused,
                denied=witness.denied,
                hub=witness.hub,
            )
        if state.hub != witness.hub:
            return state  # the witness speaks of another hub: the power went while it was changed
        return state.model_copy(update={"highest": higher(state.highest, witness.highest)})

    def save(self, **changes: object) -> SlotState:
        """Changes the state, on disk before this returns. Raises OSError: nothing has changed."""
        state = self.state.model_copy(update=changes)
        write_atomically(self._path, state.model_dump_json(indent=1).encode())
        self.state = state
        self._bear_witness()
        return state

    def _bear_witness(self) -> None:
        """Repeats what must outlive `slots.json`, where that has changed."""
        state, old = self.state, self._witness
        unproven = state.job is not None and state.job.state == "active"
        witness = Witness(
            committed=old.committed if unproven else state.active,
            project=old.project if unproven else state.project,
            hub=state.hub,
            highest=state.highest,
            refused=state.refused,
            denied=state.denied,
        )
        if witness == old:
            return
        try:
            write_atomically(self._witness_path, witness.model_dump_json(indent=1).encode())
        except OSError as error:
            warn("witness_not_written", error=error)  # the next change writes it
            return
        self._witness = witness

    # -- releases, ends of installations ---------------------------------------------------------

    def highest(self, project: str) -> Mark:
        """The highest release accepted of a project."""
        return self.state.highest.get(project, Mark())

    def accept(self, release: Release) -> None:
        """Raises a project's counter, in both places."""
        mark = Mark(release=release.release, bundle=release.bundle)
        self.save(highest=higher(self.state.highest, {release.project: mark}))

    def follow(self, hub: str, *, forget: bool) -> None:
        """Names the hub whose releases count here.

        Args:
            forget: it is another one than before: its releases, deployments and wishes are of no
                account. A bundle on probation goes on with it, for nobody's deployment.
        """
        if not forget:
            self.save(hub=hub)
            return
        job = self.state.job
        if job is not None:
            active = job.state == "active"
            job = job.model_copy(update={"deployment": None, "signed": None}) if active else None
        self.save(hub=hub, highest={}, refused={}, wish=Wish(), committed_by=0, job=job)

    def end(
        self,
        job: Job,
        why: str,
        *,
        deny: bool,
        again: bool = False,
        overruled: Iterable[Wish] = (),
        **changes: object,
    ) -> None:
        """Ends an installation that came to nothing, in one write with all that follows from it.

        Args:
            deny: never try this bundle again.
            again: its wish may be taken up again.
            overruled: wishes that are not to be taken up again either.
        """
        refused, denied = self.refusals(why, overruled), dict(self.state.denied)
        if job.deployment is not None and not again:
            refused[refusal_key(job.bundle, job.deployment)] = why
        if deny:
            denied[job.bundle] = why
        left = None if job.is_same(self.state.job) else self.state.job
        self.save(job=left, refused=newest(refused), denied=newest(denied), **changes)

    def refusals(self, why: str, wishes: Iterable[Wish]) -> dict[str, str]:
        """The refusals with those of these wishes, to be saved with what replaces them."""
        more = {wish.key: why for wish in wishes if wish.deployment}
        return newest({**self.state.refused, **more})

    def refuses(self, bundle: str, deployment: int) -> bool:
        """Whether a deployment came to nothing here."""
        return refusal_key(bundle, deployment) in self.state.refused

    def allow(self, bundle: str) -> None:
        """Lifts the denial of a bundle, and of its deployments."""
        state = self.state
        self.save(
            denied={k: v for k, v in state.denied.items() if k != bundle},
            refused={k: v for k, v in state.refused.items() if not k.startswith(f"{bundle}/")},
        )

    # -- files -----------------------------------------------------------------------------------

    def path(self, bundle: str) -> Path:
        """Where a bundle's file lies. Raises BundleError for what is no id of a bundle."""
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
        """Whether the bundle's file is here; on a disk that does not even say so it is not."""
        try:
            return bool(bundle) and self.path(bundle).exists()
        except OSError as error:
            warn("bundle_unreadable", bundle=bundle[:12], error=error)
            return False

    def open(self, bundle: str) -> Bundle:
        """Opens and checks a kept bundle. Raises BundleError."""
        try:
            opened = open_file(self.path(bundle))
        except MemoryError as error:
            raise BundleError("does not fit into memory here", where=bundle[:12]) from error
        if opened.id != bundle:
            raise BundleError("a slot holds another bundle", where=str(self.path(bundle)))
        return opened

    def put(self, content: bytes, bundle: str) -> None:
        """Stores a bundle's bytes durably, for the agent to read whoever calls this."""
        write_atomically(self.path(bundle), content)
        hand_over(self.path(bundle))

    def forget(self, bundle: str) -> None:
        """Removes a bundle's file, which is not what it should be."""
        self.path(bundle).unlink(missing_ok=True)

    def take_in(self, bundle: str) -> None:
        """Makes a complete and checked download the bundle's file."""
        partial = self.partial(bundle)
        partial.replace(self.path(bundle))
        discard(partial)
        sync(self.folder)

    def sweep(self) -> None:
        """Removes what a power cut left half-written; a bundle's may be large."""
        swept = sweep_torn(self.folder) + sweep_torn(self._path.parent)
        if swept:
            log("torn_files_swept", files=swept)

    @contextmanager
    def held(self, *, wait: bool = True) -> Iterator[bool]:
        """Whether nobody else puts or deletes bundles within, of all processes.

        Raises:
            OSError: the disk does not say.
        """
        file = os.open(self.folder / "bundles.lock", os.O_RDONLY | os.O_CREAT, 0o644)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
            yield True
        except BlockingIOError:
            yield False
        finally:
            os.close(file)

    def clean(self) -> None:
        """Deletes every bundle that is neither active, previous, being installed nor wished for."""
        try:
            with self.held(wait=False) as alone:
                if alone:
                    self._clean()
        except OSError as error:
            warn("bundles_not_deleted", error=error)  # room is all that is lost

    def _clean(self) -> None:
        keep = {self.state.active, self.state.previous, self._wished_for()}
        if self.state.job is not None:
            keep.add(self.state.job.bundle)
        for file in self.folder.glob(f"*{SUFFIX}"):
            if file.stem not in keep:
                file.unlink()
        for file in self.folder.glob("*.part"):
            if file.stem not in keep:
                discard(file)

    def _wished_for(self) -> str:
        """The bundle that a person has put and nobody has begun with."""
        try:
            return Request.model_validate_json((self.folder / NEWEST_WISH).read_bytes()).bundle
        except (FileNotFoundError, ValidationError):
            return ""


def hand_over(path: Path) -> None:
    """Gives a file that root wrote to the owner of its folder, who may not read root's files."""
    if os.geteuid() == 0:
        owner = path.parent.stat()
        os.chown(path, owner.st_uid, owner.st_gid)


def _read(path: Path, model: type[_Model]) -> _Model | None:
    """None when absent, unreadable or damaged: the line must start whatever happened to a file."""
    try:
        return model.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValidationError) as error:
        warn("slots_damaged", file=path.name, error=type(error).__name__)
        return None
