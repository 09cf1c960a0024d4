"""The start of the agent: what runs, and what kept it from living.

A bundle on probation that crashes the agent again and again, or the machine, goes back by itself, hub
or no hub; one that does so before it decides anything is refused. Both are never tried again.
"""

from __future__ import annotations

from collections.abc import Callable

from edge_agent.config import UpdateConfig
from edge_agent.engine.ladder import Loaded
from edge_agent.errors import EngineError
from edge_agent.log import warn
from edge_agent.update.lives import Lives
from edge_agent.update.retreat import Retreat
from edge_agent.update.slots import Job, Slots
from edge_agent.update.surroundings import LineControl
from kits.core.bundle import Bundle
from kits.core.errors import BundleError

MAX_TRANSITIONS = 30
"""States and starts of one installation; a thirty-first means that it never ends."""
_MAX_REBOOTS = 2


class Startup:
    """Brings the last good bundle up.

    Args:
        load: bundle → ready on this machine, golden samples checked.
    """

    def __init__(
        self,
        slots: Slots,
        line: LineControl,
        load: Callable[[Bundle], Loaded],
        config: UpdateConfig,
        lives: Lives,
        retreat: Retreat,
    ) -> None:
        self._slots = slots
        self._line = line
        self._load = load
        self._config = config
        self._lives = lives
        self._retreat = retreat

    def run(self) -> None:
        """Never raises for a bundle or a full disk: the line must start."""
        self._lives.begin()
        job = self._counted(self._slots.state.job)
        why = self._hopeless(job) if job is not None else ""
        if job is not None and why and job.state == "active":
            self._retreat.roll_back(job, why)
        self._bring_up()
        if job is not None and why and job.state != "active":
            self._retreat.refuse(job, BundleError(why), deny=True)
        if why:
            self._lives.forget()

    def _counted(self, job: Job | None) -> Job | None:
        """The installation on its way, with this start and this boot."""
        if job is None:
            return None
        boots = job.boots
        if job.state == "active" and self._lives.boot not in boots:
            boots = (*boots, self._lives.boot)
        job = job.model_copy(update={"transitions": job.transitions + 1, "boots": boots})
        try:
            self._slots.save(job=job)
        except OSError as error:
            warn("slots_not_written", error=error)
        return job

    def _hopeless(self, job: Job) -> str:
        crashes, reboots = self._lives.crashes, len(job.boots) - 1
        if crashes >= self._config.max_crashes:
            window = f"{self._config.crash_window_s:g} s"
            return f"the agent crashed {crashes} times within {window}, last while {job.state}"
        if reboots >= _MAX_REBOOTS:
            return f"the machine started anew {reboots} times during probation"
        if job.transitions > MAX_TRANSITIONS:
            return f"no end after {MAX_TRANSITIONS} steps"
        return ""

    def _bring_up(self) -> None:
        """The active bundle, or where it cannot be loaded the one before it."""
        state = self._slots.state
        if not state.active or self._line.active is not None:
            return
        try:
            self._line.activate(self._load(self._slots.open(state.active)))
        except (BundleError, EngineError) as error:
            warn("active_bundle_unusable", bundle=state.active[:12], error=error.what)
            job = state.job or Job(bundle=state.active, state="active")
            self._retreat.roll_back(job, f"cannot be loaded: {error.what}", deny=False)
