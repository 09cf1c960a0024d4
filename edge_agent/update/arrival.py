"""How a bundle's file comes to the device: downloaded beside the updater, checked, taken in.

It writes no state of the installation (`install.py`); how bytes travel is `download.py`, what they must
be `verify.py`.
"""

from __future__ import annotations

from edge_agent.errors import HubUnreachableError
from edge_agent.log import warn
from edge_agent.update.background import Errand
from edge_agent.update.download import discard
from edge_agent.update.records import Job
from edge_agent.update.slots import Slots
from edge_agent.update.surroundings import Download, Surroundings
from edge_agent.update.verify import check_file, is_intact
from kits.core.errors import BundleError


class Arrival:
    """Brings one file at a time."""

    def __init__(self, slots: Slots, around: Surroundings) -> None:
        self._slots = slots
        self._around = around
        self._at = around.checkpoint
        self._fetching: Errand[bool] = Errand(around.background)
        self._closing = False

    def close(self) -> None:
        """No byte more is fetched."""
        self._closing = True

    def download(self, job: Job) -> bool:
        """Whether all of it is here now; goes on with it otherwise.

        Raises:
            BundleError: it cannot come from anywhere.
            HubUnreachableError: nothing arrives.
            NoRoomError: the disk has no room.
        """
        signed, download = job.signed, self._around.download
        if signed is None or download is None:
            raise BundleError("nothing to download from")
        if not self._slots.has(job.bundle):
            fetched = self._fetching.look(
                (job.bundle, job.deployment), lambda: self._fetch(job, download, signed.length)
            )
            if fetched is None or not fetched.result():
                return False
        self._around.alerts("no-room-for-bundle", "info", "there is room for the bundle")
        self._at("downloaded")
        return True

    def _fetch(self, job: Job, download: Download, length: int) -> bool:
        """Whether all of it is here now; a link that is cut but brings something is used again."""
        before = self._slots.arrived(job.bundle)
        try:
            download(job.path, self._slots.partial(job.bundle), length, lambda: self._gone(job))
        except HubUnreachableError:
            if self._slots.arrived(job.bundle) <= before:
                raise
            return False
        if not self._gone(job):
            return True
        present = self._slots.state.job
        if not self._closing and (present is None or present.bundle != job.bundle):
            discard(self._slots.partial(job.bundle))  # it grew again after it had been deleted
        return False

    def _gone(self, job: Job) -> bool:
        """Whether nobody waits for this download any more."""
        present = self._slots.state.job
        if self._closing or present is None:
            return True
        return not job.is_same(present) or present.state != job.state

    def verify(self, job: Job) -> bool:
        """Takes the file in and its release on; False when it must be downloaded once more.

        Raises:
            BundleError: it is not what was signed.
        """
        if job.signed is None:
            raise BundleError("nothing was signed")
        kept, partial = self._slots.path(job.bundle), self._slots.partial(job.bundle)
        if kept.exists() and not is_intact(kept, job.signed):
            # the bundle before this one, or the running one that could not be loaded: damaged since
            warn("kept_bundle_damaged", bundle=job.bundle[:12])
            self._slots.forget(job.bundle)
        there = kept.exists()
        if not there and not partial.exists():
            return False
        try:
            check_file(kept if there else partial, job.signed)
        except BundleError:
            discard(partial)
            raise
        if not there:
            self._slots.take_in(job.bundle)
        self._at("verified")
        self._slots.accept(job.signed.release)
        self._at("accepted")
        return True
