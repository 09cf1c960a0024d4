"""The installation of a bundle as a state machine that survives being killed at any step.

downloading → verifying → building (engine, golden samples) → shadow → active (probation) →
committed; any complaint ends in `failed` (before the switch) or `rolled_back` (after it). Each
state is on disk before its work begins, and each state's work may be repeated. What is offered, and
whether it may be begun, is decided in `offers.py`.
"""

from __future__ import annotations

from collections.abc import Callable

from edge_agent.config import UpdateConfig
from edge_agent.engine.ladder import Loaded
from edge_agent.errors import EngineError, HubUnreachableError, NoRoomError
from edge_agent.log import log, warn
from edge_agent.update.download import discard
from edge_agent.update.lives import Lives
from edge_agent.update.probation import (
    Tally,
    final_complaint,
    shadow_complaint,
    urgent_complaint,
)
from edge_agent.update.slots import Job, Slots
from edge_agent.update.surroundings import LineControl, Surroundings, Voice
from edge_agent.update.verify import check_file
from kits.core.bundle import Bundle
from kits.core.errors import BundleError, UsageError

_MAX_TRANSITIONS = 30
_MAX_REBOOTS = 2
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
        self.voice = Voice(line, around)
        self._candidate: Loaded | None = None
        self._shadow = Tally()
        self._since = around.clock()
        self.waiting = False
        """Whether the last step could do nothing but wait for hub or disk."""

    # -- the start of the agent ------------------------------------------------------------------

    def start(self) -> None:
        """Brings the last good bundle up; a bundle that keeps the agent from living goes back."""
        self._lives.begin()
        job, why = self._slots.state.job, ""
        if job is not None:
            boots = job.boots
            if job.state == "active" and self._lives.boot not in boots:
                boots = (*boots, self._lives.boot)
            job = job.model_copy(update={"transitions": job.transitions + 1, "boots": boots})
            self._slots.save(job=job)
            why = self._hopeless(job)
        if job is not None and why:
            self._lives.forget()
            if job.state == "active":
                self._roll_back(job, why)
        self._bring_up()
        if job is not None and why and job.state != "active":
            self.refuse(job, BundleError(why), deny=True)
        self._since = self._around.clock()

    def _hopeless(self, job: Job) -> str:
        crashes, reboots = self._lives.crashes, len(job.boots) - 1
        if crashes >= self._config.max_crashes:
            window = f"{self._config.crash_window_s:g} s"
            return f"the agent crashed {crashes} times within {window}, last while {job.state}"
        if reboots >= _MAX_REBOOTS:
            return f"the machine started anew {reboots} times during probation"
        if job.transitions > _MAX_TRANSITIONS:
            return f"no end after {_MAX_TRANSITIONS} steps"
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
            self._around.alerts("bundle-unusable", "error", f"{state.active[:12]}: {error.what}")
            job = state.job or Job(bundle=state.active, state="active")
            self._roll_back(job, error.what, deny=False)

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
        self._roll_back(job, "rolled back by hand", deny=False)

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
            self.voice.say_once(job.state, job.deployment, error.what)
        except (BundleError, EngineError) as error:
            self.refuse(job, error, deny=job.transitions >= _MAX_TRANSITIONS)
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
        self.voice.say("active", job.deployment)

    def _watch_probation(self, job: Job) -> None:
        active = self._line.active
        if active is None or active.id != job.bundle:
            why = "it could not be brought up"
            self._slots.end(job, why, deny=False)
            self._tell_rolled_back(job, why)
            return
        tally, config = self._line.tally, self._config
        declared_ms = active.ready.bundle.manifest.latency_limit_ms
        complaint = urgent_complaint(tally, config, job.baseline, declared_ms)
        if not complaint and self._long_enough(tally.n):
            complaint = final_complaint(tally, config, job.baseline)
            if not complaint:
                self._commit(job)
        if complaint:
            self._roll_back(job, complaint)

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
            self.voice.say_once("active", job.deployment, stuck)
            return
        self._at("before commit")
        self._slots.commit()
        self._at("committed")
        self._slots.clean()
        log("bundle_committed", bundle=job.bundle[:12])
        self.voice.say("committed", job.deployment)

    # -- ends ------------------------------------------------------------------------------------

    def refuse(self, job: Job, error: BundleError | EngineError, *, deny: bool = False) -> None:
        """Not installed; the old bundle never stopped serving."""
        warn("bundle_refused", bundle=job.bundle[:12], state=job.state, error=error.what)
        self._line.end_shadow()
        self._candidate = None
        self._at("before refusal")
        self._slots.end(job, error.what, deny=deny)
        self._at("refused")
        self._slots.clean()
        self._around.alerts("bundle-refused", "error", f"{job.bundle[:12]}: {error.what}")
        self.voice.say("failed", job.deployment, error.what)

    def _roll_back(self, job: Job, why: str, *, deny: bool = True) -> None:
        """Switches to the previous bundle, on disk first."""
        state = self._slots.state
        try:
            previous = self._load(self._slots.open(state.previous))
        except (BundleError, EngineError) as error:
            # nothing to go back to: the bundle stays, a person is told
            self._slots.save(job=None)
            text = f"{job.bundle[:12]}: {why}; no previous bundle ({error.what})"
            self._around.alerts("bundle-unusable", "error", text)
            self.voice.say("failed", job.deployment, why)
            return
        self._at("before going back")
        project = previous.ready.bundle.manifest.project
        back = {"active": state.previous, "previous": "", "project": project}
        self._slots.end(job, why, deny=deny, **back)
        self._at("went back")
        self._line.end_shadow()
        self._candidate = None
        self._line.activate(previous)
        self._tell_rolled_back(job, why)

    def _tell_rolled_back(self, job: Job, why: str) -> None:
        self._slots.clean()
        warn("bundle_rolled_back", bundle=job.bundle[:12], why=why)
        self._around.alerts("bundle-rolled-back", "error", f"{job.bundle[:12]}: {why}")
        self.voice.say("rolled_back", job.deployment, why)

    def _enter(self, job: Job) -> None:
        job = job.model_copy(update={"transitions": job.transitions + 1})
        self._at(f"before {job.state}")
        if job.transitions > _MAX_TRANSITIONS:
            raise BundleError(f"no end after {_MAX_TRANSITIONS} steps", where=job.bundle[:12])
        self._slots.save(job=job)
        self._at(f"entered {job.state}")
        self.voice.say(job.state, job.deployment)
