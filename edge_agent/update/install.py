"""The installation of a bundle as a state machine that survives being killed at any step.

downloading → verifying → building (engine, golden samples) → shadow → active (probation) →
committed. Each state is on disk before its work begins, and each state's work may be repeated. The
file's arrival is `arrival.py`, the two trials are `trial.py`, any complaint ends it (`retreat.py`),
what may be begun is `offers.py`.
"""

from __future__ import annotations

from edge_agent.engine.ladder import Loaded
from edge_agent.errors import EngineError, HubUnreachableError, NoRoomError
from edge_agent.log import log, warn
from edge_agent.update.arrival import Arrival
from edge_agent.update.background import Errand, OverdueError
from edge_agent.update.config import UpdateConfig
from edge_agent.update.lives import Lives
from edge_agent.update.records import Job, Signed, Wish
from edge_agent.update.retreat import Retreat
from edge_agent.update.slots import Slots
from edge_agent.update.startup import MAX_TRANSITIONS, Startup
from edge_agent.update.surroundings import LineControl, Load, Surroundings
from edge_agent.update.trial import Trial
from kits.core.bundle import Bundle
from kits.core.errors import BundleError, UsageError


class Installer:
    """Brings bundles to the line.

    Args:
        load: bundle → ready on this machine, golden samples checked.
    """

    def __init__(
        self,
        slots: Slots,
        line: LineControl,
        load: Load,
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
        self._startup = Startup(slots, line, load, config, lives, self.retreat, around.clock)
        self._trial = Trial(slots, line, load, config, around, self.retreat)
        self._arrival = Arrival(slots, around)
        self._building: Errand[Loaded] = Errand(
            around.background, around.load_limit_s, around.clock
        )
        self.waiting = False
        """Whether the last step could do nothing but wait for hub or disk."""

    def start(self) -> None:
        """Brings the last good bundle up; see `startup.py`."""
        self._slots.sweep()
        self._startup.run()

    def close(self) -> None:
        """No byte more is fetched; the next start goes on from there."""
        self._arrival.close()

    @property
    def safe_mode(self) -> bool:
        """Whether repeated crashes of a committed bundle forbid to install anything now."""
        crashing = self._lives.crashes >= self._config.max_crashes
        return crashing and self._slots.state.job is None

    @property
    def committed(self) -> int:
        """Bundles that have proved themselves since the start."""
        return self._trial.committed

    @property
    def waits_for(self) -> str:
        """What the installation on its way waits for, or empty."""
        return self._trial.waits_for

    @property
    def busy(self) -> bool:
        """Whether an installation is on its way."""
        return self._slots.state.job is not None

    def runs(self, bundle: str) -> bool:
        """Whether this bundle decides now."""
        return self._line.active is not None and self._line.active.id == bundle

    def adopt(self, bundle: Bundle, content: bytes) -> None:
        """The first bundle, given by the configuration: no shadow, no probation.

        Raises:
            BundleError, EngineError: it does not run here.
            OSError: the disk does not take it.
        """
        loaded = self._load(bundle, build=False)
        self._slots.put(content, bundle.id)
        self._slots.save(active=bundle.id, project=bundle.manifest.project)
        self._line.activate(loaded)

    # -- wishes of a person at the device --------------------------------------------------------

    def apply(self, bundle: str) -> None:
        """Installs a bundle that a person at the device put into the slots, against the hub's wish.

        Raises:
            UsageError: it went back here before, or another one is on probation.
        """
        state, why = self._slots.state, "another bundle was applied by hand"
        denied, job = state.denied.get(bundle), state.job
        if denied is not None:
            raise UsageError(
                f"this bundle went back here: {denied}", fix=f"edge-agent allow {bundle[:12]}"
            )
        check_none_on_probation(job)
        if self.runs(bundle) or (job is not None and job.bundle == bundle):
            return
        under_way = (
            Wish() if job is None else Wish(bundle=job.bundle, deployment=job.deployment or 0)
        )
        known = (state.wish, state.standing, under_way)
        refused = self._slots.refusals(why, (wish for wish in known if wish.bundle != bundle))
        self.begin(Job(bundle=bundle, state="building"), refused=refused)
        if job is not None and job.deployment is not None:
            self.retreat.voice.say("failed", job.deployment, why)

    def rollback(self) -> None:
        """Back to the previous bundle, by a person's wish and against the hub's.

        Raises:
            UsageError: there is none, or it cannot be loaded now.
        """
        state, wish = self._slots.state, self._slots.state.wish
        if self.retreat.unwritten:
            raise UsageError("it went back already, but the disk is full", fix="make room")
        if not self._slots.has(state.previous):
            raise UsageError(
                "there is no previous bundle to go back to", fix="edge-agent apply BUNDLE"
            )
        wished = wish.deployment if wish.bundle == state.active else state.committed_by
        job = state.job or Job(bundle=state.active, state="active", deployment=wished or None)
        self._trial.drop()
        overruled = tuple(one for one in (wish, state.standing) if one.bundle != state.previous)
        if not self.retreat.roll_back(job, "rolled back by hand", deny=False, overruled=overruled):
            raise UsageError("the previous bundle cannot be loaded now", fix="edge-agent status")

    # -- wishes of the hub -----------------------------------------------------------------------

    def begin(self, job: Job, **changes: object) -> None:
        """Begins an installation; one that has not switched yet is given up for it."""
        self._trial.drop()
        self._enter(job, **changes)

    def withdraw(self, why: str) -> None:
        """The installation on its way is not wanted any more; who has switched goes back."""
        job = self._slots.state.job
        if job is None or self.retreat.unwritten:
            return
        self._trial.drop()
        if job.state != "active":
            self.retreat.withdraw(job, why)
        elif self._slots.has(self._slots.state.previous):
            self.retreat.roll_back(job, why, deny=False)
        else:
            self.retreat.withdraw(job, f"{why}; it stays, there is none before it")

    def rename(self, job: Job, deployment: int, path: str, signed: Signed) -> None:
        """The same bundle is wished for by another deployment: what is on its way goes on for it."""
        self._slots.accept(signed.release)
        known = {"deployment": deployment, "path": path, "signed": signed}
        self._slots.save(job=job.model_copy(update=known))
        self.retreat.voice.say(job.state, deployment)

    # -- one step --------------------------------------------------------------------------------

    def step(self) -> bool:
        """Does the work of the present state; True when the state changed."""
        self.waiting = False
        if self.retreat.unwritten or self.retreat.owed:
            done = self.retreat.finish()
            self.waiting = self.retreat.unwritten
            return done or (not self.waiting and self._brought_up())
        job = self._slots.state.job
        if self._brought_up():
            return True
        if job is None:
            return False
        try:
            self._work(job)
        except HubUnreachableError as error:
            self.waiting = True
            log("download_waits", error=error.what)
        except NoRoomError as error:
            self.waiting = True
            self._around.alerts("no-room-for-bundle", "warning", error.what)
            self.retreat.voice.say_once(job.state, job.deployment, error.what)
        except OSError as error:
            self.waiting = True
            warn("step_not_written", state=job.state, error=error)
            text = f"the disk does not take it: {error.strerror}"
            self.retreat.voice.say_once(job.state, job.deployment, text)
        except (BundleError, EngineError) as error:
            self._trial.drop()
            endless = job.transitions >= MAX_TRANSITIONS and not job.crashed_before
            self.retreat.refuse(job, error, deny=endless)
        return self._slots.state.job != job

    def _brought_up(self) -> bool:
        """Whether something decides again where nothing did; what is on its way is judged by it."""
        if not self._startup.again():
            return False
        self._trial.drop()
        return True

    def _work(self, job: Job) -> None:
        if job.state != "active" and self.runs(job.bundle):
            # the start had to go back to the very bundle that was to be installed
            self._trial.drop()
            self._slots.save(job=None)
        elif job.state == "downloading":
            self._download(job)
        elif job.state == "verifying":
            self._verify(job)
        elif job.state == "active":
            self._trial.watch_probation(job)
        elif self._trial.has_candidate and job.state == "shadow":
            self._trial.watch_shadow(job)
        else:
            self._build(job)

    def _download(self, job: Job) -> None:
        if self._arrival.download(job):
            self._enter(job.model_copy(update={"state": "verifying"}))

    def _verify(self, job: Job) -> None:
        state = "building" if self._arrival.verify(job) else "downloading"
        self._enter(job.model_copy(update={"state": state}))

    def _build(self, job: Job) -> None:
        """Loads the candidate, which may build an engine; again where the agent was started anew."""
        try:
            built = self._building.look(
                job.bundle, lambda: self._load(self._slots.open(job.bundle), build=True)
            )
        except OverdueError as error:
            limit_s = self._around.load_limit_s
            raise EngineError(
                f"it hangs: engine and golden samples take longer than {limit_s:.0f} s",
                where=job.bundle[:12],
            ) from error
        if built is None:
            return
        candidate = built.result()
        self._at("built")
        self._trial.begin(candidate)
        if job.state == "building":
            self._enter(job.model_copy(update={"state": "shadow"}))

    def _enter(self, job: Job, **changes: object) -> None:
        """Writes the next state; from building on, what crashes the agent is laid at its door."""
        if job.state == "building":
            crashed = self._lives.crashes > 0
            job = job.model_copy(update={"crashed_before": crashed})
            if crashed:
                self._lives.forget()
        job = job.model_copy(update={"transitions": job.transitions + job.may_be_to_blame})
        self._at(f"before {job.state}")
        if job.transitions > MAX_TRANSITIONS:
            raise BundleError(f"no end after {MAX_TRANSITIONS} steps", where=job.bundle[:12])
        self._slots.save(job=job, **changes)
        self._at(f"entered {job.state}")
        self.retreat.voice.say(job.state, job.deployment)


def check_none_on_probation(job: Job | None) -> None:
    """A person's bundle waits for the one that decides but has not proved itself.

    Raises:
        UsageError: there is such a one: it would become what is gone back to.
    """
    if job is not None and job.state == "active":
        raise UsageError(
            "a bundle is on probation here",
            where=job.bundle[:12],
            fix="wait until it is committed, or edge-agent rollback",
        )
