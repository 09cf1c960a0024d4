"""The installation of a bundle as a state machine that survives being killed at any step.

downloading → verifying → building (engine, golden samples) → shadow → active (probation) →
committed; any complaint ends in `failed` (before the switch) or `rolled_back` (after it). Each
state is on disk before its work begins, and each state's work may be repeated.
"""

from __future__ import annotations

from collections.abc import Callable

from edge_agent.config import UpdateConfig
from edge_agent.engine.ladder import Loaded
from edge_agent.errors import EngineError, HubUnreachableError
from edge_agent.log import log, warn
from edge_agent.update.probation import Tally, probation_complaint, shadow_complaint
from edge_agent.update.slots import Job, Slots
from edge_agent.update.surroundings import LineControl, Surroundings
from edge_agent.update.verify import check_file, check_statement, expected_disagreement
from kits.core.bundle import Bundle
from kits.core.errors import BundleError, UsageError
from kits.core.hub_api import DeploymentState, Desired, DesiredBundle, Reported

_MAX_STARTS = 2


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
        around: Surroundings,
    ) -> None:
        self._slots = slots
        self._line = line
        self._load = load
        self._config = config
        self._report_to = around.report
        self._alerts = around.alerts
        self._trusted = around.trusted
        self._hub = around.hub
        self._clock = around.clock
        self._checkpoint = around.checkpoint
        self._candidate: Loaded | None = None
        self._shadow = Tally()
        self._since = self._clock()
        self._old_p95: float | None = None
        self._confirmed: int | None = None

    # -- the start of the agent ------------------------------------------------------------------

    def start(self) -> None:
        """Brings the last good bundle up; a bundle that keeps the agent from living goes back."""
        job = self._slots.state.job
        if job is not None:
            job = job.model_copy(update={"starts": job.starts + 1})
            self._slots.save(job=job)
            if job.starts > _MAX_STARTS:
                self._give_up(job, f"the agent started {job.starts} times during {job.state!r}")
        self._bring_up()
        self._since = self._clock()

    def _bring_up(self) -> None:
        state = self._slots.state
        if not state.active:
            return
        try:
            self._line.activate(self._load(self._slots.open(state.active)))
        except (BundleError, EngineError) as error:
            warn("active_bundle_unusable", bundle=state.active[:12], error=error.what)
            self._alerts("bundle-unusable", "error", f"{state.active[:12]}: {error.what}")
            if not self._slots.has(state.previous):
                return
            self._go_back(error.what)

    def adopt(self, bundle: Bundle, content: bytes) -> None:
        """The first bundle, given by the configuration: no shadow, no probation.

        Raises:
            BundleError: it does not run here.
        """
        loaded = self._load(bundle)
        self._slots.put(content, bundle.id)
        self._slots.save(active=bundle.id, project=bundle.manifest.project)
        self._line.activate(loaded)

    # -- what to install -------------------------------------------------------------------------

    def offer(self, desired: Desired) -> None:
        """The hub's wish. Refusals are reported once and remembered."""
        wish = desired.bundle
        state = self._slots.state
        if wish is None or f"{wish.bundle}/{wish.deployment}" in state.refused:
            return
        job = state.job
        if job is not None:
            same = job.desired is not None and job.deployment == wish.deployment
            if same or job.state in ("shadow", "active"):
                return
        if wish.bundle == state.active and job is None:
            self._confirm(wish)
            return
        try:
            release = check_statement(wish, self._trusted, state)
        except BundleError as error:
            self._refuse(
                Job(bundle=wish.bundle, state="pending", deployment=wish.deployment), error
            )
            return
        self._enter(
            Job(
                bundle=wish.bundle,
                state="downloading",
                deployment=wish.deployment,
                release=release,
                desired=wish,
            )
        )

    def _confirm(self, wish: DesiredBundle) -> None:
        """The wish is what runs already: say so once per deployment.

        An older release of it is no step back (a stopped rollout leaves the old wish standing);
        only a newer one raises the counter.
        """
        if self._confirmed == wish.deployment:
            return
        self._confirmed = wish.deployment
        try:
            release = check_statement(wish, self._trusted, self._slots.state)
        except BundleError as error:
            log("wish_runs_already", bundle=wish.bundle[:12], unsigned=error.what)
        else:
            self._slots.save(highest_release=release, highest_bundle=wish.bundle)
        self._report("committed", wish.deployment)

    def apply(self, bundle: str) -> None:
        """Installs a bundle that a person at the device put into the slots."""
        if bundle != self._slots.state.active:
            self._enter(Job(bundle=bundle, state="building"))

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
        self._roll_back(job, "rolled back by hand")

    # -- one step --------------------------------------------------------------------------------

    @property
    def busy(self) -> bool:
        """Whether an installation is on its way."""
        return self._slots.state.job is not None

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
        try:
            work(job)
        except HubUnreachableError as error:
            log("download_waits", error=error.what)
        except (BundleError, EngineError) as error:
            self._refuse(job, error)
        return self._slots.state.job != job

    def _download(self, job: Job) -> None:
        if job.desired is None or self._hub is None:
            raise BundleError("nothing to download from")
        if not self._slots.has(job.bundle):
            self._hub.download(job.desired, self._slots.partial(job.bundle))
        self._checkpoint("downloaded")
        self._enter(job.model_copy(update={"state": "verifying", "starts": 0}))

    def _verify(self, job: Job) -> None:
        partial = self._slots.partial(job.bundle)
        if job.desired is None:
            raise BundleError("nothing was signed")
        if not self._slots.has(job.bundle):
            if not partial.exists():
                self._enter(job.model_copy(update={"state": "downloading"}))
                return
            try:
                check_file(partial, job.desired)
            except BundleError:
                partial.unlink()
                raise
            partial.replace(self._slots.path(job.bundle))
        self._checkpoint("verified")
        self._slots.save(highest_release=job.release, highest_bundle=job.bundle)
        self._enter(job.model_copy(update={"state": "building", "starts": 0}))

    def _build(self, job: Job) -> None:
        self._candidate = self._load(self._slots.open(job.bundle))
        self._checkpoint("built")
        self._shadow = self._line.begin_shadow(self._candidate)
        self._since = self._clock()
        self._enter(job.model_copy(update={"state": "shadow", "starts": 0}))

    def _watch_shadow(self, job: Job) -> None:
        if self._candidate is None:
            self._build(job)  # the agent was started anew
            return
        waited = self._clock() - self._since
        needed = self._config.shadow_samples if self._line.active is not None else 0
        if self._shadow.n < needed and waited < self._config.shadow_max_s:
            return
        complaint = shadow_complaint(self._shadow, self._config, expected_disagreement(job.desired))
        self._line.end_shadow()
        if complaint:
            raise BundleError(complaint, where=job.bundle[:12])
        self._switch(job, self._candidate)

    def _switch(self, job: Job, candidate: Loaded) -> None:
        old = self._line.active
        self._old_p95 = self._line.tally.p95_ms() if old is not None else None
        self._checkpoint("before switch")
        self._slots.save(
            active=job.bundle,
            previous=old.id if old is not None else self._slots.state.active,
            project=candidate.ready.bundle.manifest.project,
            job=job.model_copy(update={"state": "active", "starts": 0}),
        )
        self._checkpoint("switched")
        self._line.activate(candidate)
        self._candidate = None
        self._since = self._clock()
        log("bundle_activated", bundle=job.bundle[:12], provider=candidate.provider)
        self._report("active", job.deployment)

    def _watch_probation(self, job: Job) -> None:
        active = self._line.active
        if active is None or active.id != job.bundle:
            self._end_rolled_back(job, "it could not be brought up")
            return
        own_limit = active.ready.bundle.manifest.latency_limit_ms
        complaint = probation_complaint(self._line.tally, self._config, own_limit or self._old_p95)
        if complaint:
            self._roll_back(job, complaint)
            return
        waited = self._clock() - self._since
        enough = self._line.tally.n >= self._config.probation_samples
        if enough or waited >= self._config.probation_max_s:
            self._checkpoint("before commit")
            self._slots.save(job=None)
            self._slots.clean()
            self._confirmed = job.deployment
            log("bundle_committed", bundle=job.bundle[:12])
            self._report("committed", job.deployment)

    # -- ends ------------------------------------------------------------------------------------

    def _refuse(self, job: Job, error: BundleError | EngineError) -> None:
        """Not installed; the old bundle never stopped serving."""
        warn("bundle_refused", bundle=job.bundle[:12], state=job.state, error=error.what)
        self._line.end_shadow()
        self._candidate = None
        self._remember(job, error.what)
        self._alerts("bundle-refused", "error", f"{job.bundle[:12]}: {error.what}")
        self._report("failed", job.deployment, error.what)

    def _give_up(self, job: Job, why: str) -> None:
        if job.state == "active":
            self._go_back(why)
        else:
            self._refuse(job, BundleError(why))

    def _roll_back(self, job: Job, why: str) -> None:
        if not self._slots.has(self._slots.state.previous):
            # nothing to go back to: the bundle stays, a person is told
            self._slots.save(job=None)
            self._alerts(
                "bundle-unusable", "error", f"{job.bundle[:12]}: {why}; no previous bundle"
            )
            self._report("failed", job.deployment, why)
            return
        self._go_back(why)

    def _go_back(self, why: str) -> None:
        """Switches to the previous bundle, on disk first."""
        state = self._slots.state
        job = state.job or Job(bundle=state.active, state="active")
        previous = self._slots.open(state.previous)
        self._slots.save(active=state.previous, previous="", project=previous.manifest.project)
        self._checkpoint("went back")
        self._line.activate(self._load(previous))
        self._end_rolled_back(job, why)

    def _end_rolled_back(self, job: Job, why: str) -> None:
        self._remember(job, why)
        warn("bundle_rolled_back", bundle=job.bundle[:12], why=why)
        self._alerts("bundle-rolled-back", "error", f"{job.bundle[:12]}: {why}")
        self._report("rolled_back", job.deployment, why)

    def _remember(self, job: Job, why: str) -> None:
        refused = dict(self._slots.state.refused)
        if job.deployment is not None:
            refused[f"{job.bundle}/{job.deployment}"] = why
        newest = dict(list(refused.items())[-50:])
        self._slots.save(job=None, refused=newest)
        self._slots.clean()

    def _enter(self, job: Job) -> None:
        self._slots.save(job=job)
        self._checkpoint(f"entered {job.state}")
        log("deployment", bundle=job.bundle[:12], state=job.state)
        self._report(job.state, job.deployment)

    def _report(
        self, state: DeploymentState | None, deployment: int | None, error: str = ""
    ) -> None:
        active = self._line.active
        self._report_to(
            Reported(
                bundle=active.id if active is not None else "",
                deployment=deployment,
                state=state,
                error=error,
                provider=active.provider if active is not None else "",
            )
        )
