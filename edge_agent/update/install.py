"""The installation of a bundle as a state machine that survives being killed at any step.

downloading → verifying → building (engine, golden samples) → shadow → active (probation) →
committed. Each state is on disk before its work begins, and each state's work may be repeated. Any
complaint ends it (`retreat.py`); what may be begun at all is decided in `offers.py`.
"""

from __future__ import annotations

from collections.abc import Callable

from edge_agent.config import UpdateConfig
from edge_agent.engine.ladder import Loaded
from edge_agent.errors import EngineError, HubUnreachableError, NoRoomError
from edge_agent.log import log
from edge_agent.update.download import discard
from edge_agent.update.lives import Lives
from edge_agent.update.probation import (
    Tally,
    final_complaint,
    shadow_complaint,
    urgent_complaint,
)
from edge_agent.update.retreat import Retreat
from edge_agent.update.slots import Job, Slots
from edge_agent.update.startup import MAX_TRANSITIONS, Startup
from edge_agent.update.surroundings import LineControl, Surroundings
from edge_agent.update.verify import check_file
from kits.core.bundle import Bundle
from kits.core.errors import BundleError, UsageError

_FIRST_SAMPLES = 20


class Installer:
    """Brings bundles to the line.

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
        around: Surroundings,
    ) -> None:
        self._slots = slots
        self._line = line
        self._load = load
        self._config = config
        self._lives = lives
        self._around = around
        self._at = around.checkpoint
        self.retreat = Retreat(slots, line, load, around)
        self._startup = Startup(slots, line, load, config, lives, self.retreat)
        self._candidate: Loaded | None = None
        self._shadow = Tally()
        self._since = around.clock()
        self.committed = 0
        self.waiting = False
        """Whether the last step could do nothing but wait for hub or disk."""

    def start(self) -> None:
        """Brings the last good bundle up; see `startup.py`."""
        self._startup.run()
        self._since = self._around.clock()

    @property
    def safe_mode(self) -> bool:
        """Whether repeated crashes of a committed bundle forbid to install anything now."""
        crashing = self._lives.crashes >= self._config.max_crashes
        return crashing and self._slots.state.job is None

    def adopt(self, bundle: Bundle, content: bytes) -> None:
        """The first bundle, given by the configuration: no shadow, no probation.

        Raises:
            BundleError: it does not run here.
        """
        loaded = self._load(bundle)
        self._slots.put(content, bundle.id)
        self._slots.save(active=bundle.id, project=bundle.manifest.project)
        self._slots.commit()
        self._line.activate(loaded)

    # -- wishes of a person at the device --------------------------------------------------------

    def apply(self, bundle: str) -> None:
        """Installs a bundle that a person at the device put into the slots.

        Raises:
            UsageError: it went back here before.
        """
        denied = self._slots.state.denied.get(bundle)
        if denied is not None:
            raise UsageError(
                f"this bundle went back here: {denied}", fix=f"edge-agent allow {bundle[:12]}"
            )
        if bundle != self._slots.state.active:
            self.begin(Job(bundle=bundle, state="building"))

    def rollback(self) -> None:
        """Back to the previous bundle, by a person's wish.

        Raises:
            UsageError: there is none.
        """
        state = self._slots.state
        if not self._slots.has(state.previous):
            raise UsageError(
                "there is no previous bundle to go back to", fix="edge-agent apply BUNDLE"
            )
        job = state.job or Job(bundle=state.active, state="active")
        self._candidate = None
        self.retreat.roll_back(job, "rolled back by hand", deny=False)

    # -- one step --------------------------------------------------------------------------------

    @property
    def busy(self) -> bool:
        """Whether an installation is on its way."""
        return self._slots.state.job is not None

    def begin(self, job: Job) -> None:
        """Begins an installation; one that has not switched yet is given up for it."""
        self._line.end_shadow()
        self._candidate = None
        self._enter(job)

    def step(self) -> bool:
        """Does the work of the present state; True when the state changed."""
        job = self._slots.state.job
        if job is None:
            return False
        work = {
            "downloading": self._download,
            "verifying": self._verify,
            "building": self._build,
            "shadow": self._watch_shadow,
            "active": self._watch_probation,
        }[job.state]
        self.waiting = False
        before = self._slots.arrived(job.bundle)
        try:
            work(job)
        except HubUnreachableError as error:
            # a link that is cut but brings something is used again at once
            self.waiting = self._slots.arrived(job.bundle) <= before
            log("download_waits", error=error.what)
        except NoRoomError as error:
            self.waiting = True
            self._around.alerts("no-room-for-bundle", "warning", error.what)
            self.retreat.voice.say_once(job.state, job.deployment, error.what)
        except (BundleError, EngineError) as error:
            self._candidate = None
            self.retreat.refuse(job, error, deny=job.transitions >= MAX_TRANSITIONS)
        return self._slots.state.job != job

    def _download(self, job: Job) -> None:
        if job.signed is None or self._around.download is None:
            raise BundleError("nothing to download from")
        if not self._slots.has(job.bundle):
            self._around.download(job.path, self._slots.partial(job.bundle), job.signed.length)
        self._around.alerts("no-room-for-bundle", "info", "there is room for the bundle")
        self._at("downloaded")
        self._enter(job.model_copy(update={"state": "verifying"}))

    def _verify(self, job: Job) -> None:
        if job.signed is None:
            raise BundleError("nothing was signed")
        partial, there = self._slots.partial(job.bundle), self._slots.has(job.bundle)
        if not there and not partial.exists():
            self._enter(job.model_copy(update={"state": "downloading"}))
            return
        try:
            check_file(self._slots.path(job.bundle) if there else partial, job.signed)
        except BundleError:
            discard(partial)
            raise
        if not there:
            self._slots.take_in(job.bundle)
        self._at("verified")
        self._slots.accept(job.signed.release)
        self._at("accepted")
        self._enter(job.model_copy(update={"state": "building"}))

    def _build(self, job: Job) -> None:
        self._candidate = self._load(self._slots.open(job.bundle))
        self._at("built")
        self._shadow = self._line.begin_shadow(self._candidate)
        self._since = self._around.clock()
        self._enter(job.model_copy(update={"state": "shadow"}))

    def _watch_shadow(self, job: Job) -> None:
        if self._candidate is None:
            self._build(job)  # the agent was started anew
            return
        waited = self._around.clock() - self._since
        needed = self._config.shadow_samples if self._line.active is not None else 0
        watched = self._shadow.n >= needed or waited >= self._config.shadow_max_s
        if not watched and not self._shadow.failures:
            return
        expected = job.signed.release.expected_disagreement if job.signed is not None else None
        complaint = shadow_complaint(self._shadow, self._config, expected)
        self._line.end_shadow()
        if complaint:
            raise BundleError(complaint, where=job.bundle[:12])
        self._switch(job, self._candidate)

    def _switch(self, job: Job, candidate: Loaded) -> None:
        old = self._line.active
        self._at("before switch")
        probation = job.model_copy(
            update={
                "state": "active",
                "baseline": self._shadow.baseline() if self._shadow.n else None,
                "transitions": job.transitions + 1,
                "boots": (self._lives.boot,),
            }
        )
        self._slots.save(
            active=job.bundle,
            previous=old.id if old is not None else self._slots.state.active,
            project=candidate.ready.bundle.manifest.project,
            job=probation,
        )
        self._at("switched")
        self._line.activate(candidate)
        self._candidate = None
        self._since = self._around.clock()
        log("bundle_activated", bundle=job.bundle[:12], provider=candidate.provider)
        self.retreat.voice.say("active", job.deployment)

    def _watch_probation(self, job: Job) -> None:
        active = self._line.active
        if active is None or active.id != job.bundle:
            self.retreat.roll_back(job, "it does not decide although it should", deny=False)
            return
        tally, config = self._line.tally, self._config
        declared_ms = active.ready.bundle.manifest.latency_limit_ms
        complaint = urgent_complaint(tally, config, job.baseline, declared_ms)
        if not complaint and self._long_enough(tally.n):
            complaint = final_complaint(tally, config, job.baseline)
            if not complaint:
                self._commit(job)
        if complaint:
            self.retreat.roll_back(job, complaint)

    def _long_enough(self, n: int) -> bool:
        waited, config = self._around.clock() - self._since, self._config
        if not self._slots.has(self._slots.state.previous):
            # nothing to compare with and nothing to go back to: see that it works at all
            return n >= min(_FIRST_SAMPLES, config.probation_samples)
        if n < config.probation_samples and not (n and waited >= config.probation_max_s):
            return False
        return waited >= config.probation_min_s

    def _commit(self, job: Job) -> None:
        stuck = self._around.draining()
        if stuck:
            self.retreat.voice.say_once("active", job.deployment, stuck)
            return
        self._at("before commit")
        self._slots.commit()
        self._at("committed")
        self._slots.clean()
        self.committed += 1
        log("bundle_committed", bundle=job.bundle[:12])
        self.retreat.voice.say("committed", job.deployment)

    def _enter(self, job: Job) -> None:
        job = job.model_copy(update={"transitions": job.transitions + 1})
        self._at(f"before {job.state}")
        if job.transitions > MAX_TRANSITIONS:
            raise BundleError(f"no end after {MAX_TRANSITIONS} steps", where=job.bundle[:12])
        self._slots.save(job=job)
        self._at(f"entered {job.state}")
        self.retreat.voice.say(job.state, job.deployment)
