"""The start of the agent: what runs, and what kept it from living.

A bundle on probation that crashes the agent again and again, or the machine, goes back by itself, hub
or no hub; one that does so while it is built or judges along is refused. Both are never tried again.
What is only being downloaded crashes nothing and is blamed for nothing.
"""

from __future__ import annotations

from collections.abc import Callable

from edge_agent.errors import EngineError
from edge_agent.log import warn
from edge_agent.update.config import UpdateConfig
from edge_agent.update.lives import Lives
from edge_agent.update.records import Job
from edge_agent.update.retreat import Retreat
from edge_agent.update.slots import Slots
from edge_agent.update.surroundings import LineControl, Load
from kits.core.errors import BundleError

MAX_TRANSITIONS = 30
"""States of one installation, and starts after crashes; a thirty-first means that it never ends."""
_MAX_REBOOTS = 2
_AGAIN_S = 60.0


class Startup:
    """Brings the last good bundle up.

    Args:
        load: bundle → ready on this machine; an engine that is not kept is built later.
    """

    def __init__(
        self,
        slots: Slots,
        line: LineControl,
        load: Load,
        config: UpdateConfig,
        lives: Lives,
        retreat: Retreat,
        clock: Callable[[], float],
    ) -> None:
        self._slots = slots
        self._line = line
        self._load = load
        self._config = config
        self._lives = lives
        self._retreat = retreat
        self._clock = clock
        self._again_at = 0.0
        self._told = False

    def run(self) -> None:
        """Never raises for a bundle or a disk: the line must start."""
        self._lives.begin()
        job = self._counted(self._slots.state.job)
        why = self._hopeless(job) if job is not None else ""
        if job is not None and why and job.state == "active":
            self._retreat.roll_back(job, why)
        self._bring_up()
        if job is not None and why and job.state != "active":
            self._retreat.refuse(job, BundleError(why), deny=not job.crashed_before)
        if why:
            self._lives.forget()

    def again(self) -> bool:
        """Where nothing could be loaded, tries it again each minute; True when something runs."""
        nothing = self._line.active is None and bool(self._slots.state.active)
        if not nothing or self._clock() < self._again_at:
            return False
        self._bring_up()
        if self._line.active is None:
            return False
        self._retreat.recovered()
        return True

    def _counted(self, job: Job | None) -> Job | None:
        """The installation on its way, with this start where it may be to blame for it.

        A machine that went down later than any probation looks was switched off.
        """
        if job is None:
            return None
        before = job
        blamed = job.may_be_to_blame and self._lives.after_crash
        if blamed and not (job.lived and self._lives.after_reboot):
            reboots = job.reboots + (job.state == "active" and self._lives.after_reboot)
            job = job.model_copy(update={"transitions": job.transitions + 1, "reboots": reboots})
        if job.lived:
            job = job.model_copy(update={"lived": False})
        try:
            if job != before:
                self._slots.save(job=job)
        except OSError as error:
            warn("slots_not_written", error=error)
        return job

    def _hopeless(self, job: Job) -> str:
        if not job.may_be_to_blame:
            return ""
        crashes = self._lives.crashes
        if crashes >= self._config.max_crashes:
            window = f"{self._config.crash_window_s:g} s"
            return f"the agent crashed {crashes} times within {window}, last while {job.state}"
        if job.reboots >= _MAX_REBOOTS:
            return f"the machine started anew {job.reboots} times during probation"
        if job.transitions > MAX_TRANSITIONS:
            return f"no end after {MAX_TRANSITIONS} steps"
        return ""

    def _bring_up(self) -> None:
        """The active bundle, or where it cannot be loaded the one before it."""
        state = self._slots.state
        if not state.active or self._line.active is not None:
            return
        self._again_at = self._clock() + _AGAIN_S
        try:
            self._line.activate(self._load(self._slots.open(state.active), build=False))
        except (BundleError, EngineError) as error:
            warn("active_bundle_unusable", bundle=state.active[:12], error=error.what)
            if self._told and not self._slots.has(state.previous):
                return  # a person knows, and the hub may send it anew
            self._told = True
            job = state.job
            if job is None or job.bundle != state.active or job.state != "active":
                job = Job(bundle=state.active, state="active")
            self._retreat.roll_back(job, f"cannot be loaded: {error.what}", deny=False)
