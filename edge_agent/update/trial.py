"""The two trials of a bundle: in the shadow of the one that decides, then deciding, on probation.

When it is judged, what that changes, and what is committed in the end. By what it is judged is
`probation.py`, how it goes back `retreat.py`. Time alone never ends a trial: it takes parts.
"""

from __future__ import annotations

from edge_agent.engine.ladder import Loaded
from edge_agent.log import log, warn
from edge_agent.update.config import UpdateConfig
from edge_agent.update.probation import (
    Tally,
    empty_complaint,
    enough,
    failing_complaint,
    fewest,
    moved_complaint,
    shadow_complaint,
    urgent_complaint,
)
from edge_agent.update.records import Job
from edge_agent.update.retreat import Retreat
from edge_agent.update.second_look import SecondLook
from edge_agent.update.slots import Slots
from edge_agent.update.surroundings import LineControl, Load, Surroundings
from edge_agent.update.waiting import Waiting
from kits.core.errors import BundleError

_OVER = ("bundle-refused", "bundle-rolled-back", "bundle-unusable")


class Trial:
    """Tries one candidate at a time."""

    def __init__(
        self,
        slots: Slots,
        line: LineControl,
        load: Load,
        config: UpdateConfig,
        around: Surroundings,
        retreat: Retreat,
    ) -> None:
        self._slots = slots
        self._line = line
        self._config = config
        self._around = around
        self._at = around.checkpoint
        self._retreat = retreat
        self._waiting = Waiting(retreat.voice, around.clock)
        self._look = SecondLook(slots, line, load, config, around.clock)
        self._candidate: Loaded | None = None
        self._shadow = Tally()
        self._since = around.clock()
        self.committed = 0

    @property
    def waits_for(self) -> str:
        """What keeps it, or empty."""
        return self._waiting.for_what

    @property
    def has_candidate(self) -> bool:
        """Whether a bundle judges along; not after a restart, until it has been loaded again."""
        return self._candidate is not None

    def begin(self, candidate: Loaded) -> None:
        """The candidate judges along from now on, without effect."""
        self._candidate = candidate
        self._shadow = self._line.begin_shadow(candidate)
        self._since = self._around.clock()
        self._waiting.over()

    def drop(self) -> None:
        """The candidate, if there is one, is not wanted any more."""
        self._look.over()
        self._line.end_shadow()
        self._candidate = None
        self._waiting.over()

    def watch_shadow(self, job: Job) -> None:
        """Switches to the candidate once enough parts speak for it.

        Raises:
            BundleError: they speak against it.
        """
        candidate, config, tally = self._candidate, self._config, self._shadow
        wanted = config.shadow_samples if self._line.active is not None else 0
        waited_s = self._around.clock() - self._since
        watched = enough(tally.n, wanted, waited_s, config.shadow_max_s)
        if candidate is None or not (watched or tally.failures):
            self._waiting.look(job, tally.n, wanted)
            return
        expected = job.signed.release.expected_disagreement if job.signed is not None else None
        complaint = shadow_complaint(tally, config, expected)
        self._line.end_shadow()
        if complaint:
            raise BundleError(complaint, where=job.bundle[:12])
        self._switch(job, candidate)

    def _switch(self, job: Job, candidate: Loaded) -> None:
        self._at("before switch")
        probation = job.model_copy(
            update={
                "state": "active",
                "baseline": self._shadow.baseline() if self._shadow.n else None,
                "before": self._shadow.baseline_of_other() if self._shadow.n else None,
                "provider": candidate.provider,
                "transitions": job.transitions + 1,
            }
        )
        self._slots.save(
            active=job.bundle,
            previous=self._to_go_back_to(job),
            committed_by=0,
            project=candidate.ready.bundle.manifest.project,
            job=probation,
        )
        self._at("switched")
        self._line.activate(candidate)
        self._candidate = None
        self._since = self._around.clock()
        self._waiting.over()
        log("bundle_activated", bundle=job.bundle[:12], provider=candidate.provider)
        self._retreat.voice.say("active", job.deployment)

    def _to_go_back_to(self, job: Job) -> str:
        """The bundle that decided until now; never the new one itself, nor one that went wrong."""
        state, old = self._slots.state, self._line.active
        known = (old.id if old is not None else state.active, state.previous)
        good = (bundle for bundle in known if bundle != job.bundle and bundle not in state.denied)
        return next(good, "")

    def watch_probation(self, job: Job) -> None:
        """Takes the bundle back at a complaint, commits it once enough parts speak for it."""
        active = self._line.active
        if active is None or active.id != job.bundle:
            self._retreat.roll_back(job, "it does not decide although it should", deny=False)
            return
        job = self._with_its_life(job)
        declared_ms = active.ready.bundle.manifest.latency_limit_ms
        complaint = (
            urgent_complaint(
                self._line.tally,
                self._config,
                job.baseline,
                declared_ms,
                timed=_is_timed(job, active),
            )
            or self._look.urgent()
        )
        if not complaint:
            complaint = self._weighed(job)
        if complaint:
            self._look.over()
            self._retreat.roll_back(job, complaint)

    def _with_its_life(self, job: Job) -> Job:
        """The installation, with a note once the bundle has decided for long: see `startup.py`."""
        if job.lived or self._around.clock() - self._since < self._config.probation_max_s:
            return job
        lived = job.model_copy(update={"lived": True})
        try:
            self._slots.save(job=lived)
        except OSError as error:
            warn("slots_not_written", error=error)  # the bundle is judged all the same
            return job
        return lived

    def _weighed(self, job: Job) -> str:
        """Commits the bundle on probation when enough speaks for it; else why it must go back, or empty.

        What other parts may have led to is looked at twice.
        """
        tally, config, look = self._line.tally, self._config, self._look
        over = self._long_enough(job, tally.n)
        if look.under_way:
            if not (over and look.long_enough()):
                return ""
            complaint = failing_complaint(tally) or look.final(job)
        else:
            complaint = empty_complaint(tally, job.baseline)
            small = moved_complaint(tally, config, job.baseline, doubt=True) if over else ""
            doubt = complaint or small
            if doubt and look.begin(job, doubt):
                return ""
            if complaint or not over:
                return complaint
            complaint = failing_complaint(tally) or moved_complaint(tally, config, job.baseline)
        if not complaint:
            self._commit(job)
        return complaint

    def _long_enough(self, job: Job, n: int) -> bool:
        waited_s, config = self._around.clock() - self._since, self._config
        wanted, least_s = config.probation_samples, config.probation_min_s
        if not self._slots.has(self._slots.state.previous):
            # nothing to compare with and nothing to go back to: see that it works at all
            wanted, least_s = fewest(wanted), 0.0
        if not enough(n, wanted, waited_s, config.probation_max_s):
            self._waiting.look(job, n, wanted)
            return False
        return waited_s >= least_s

    def _commit(self, job: Job) -> None:
        stuck = self._around.draining()
        if stuck:
            self._retreat.voice.say_once("active", job.deployment, stuck)
            return
        self._at("before commit")
        self._slots.save(job=None, committed_by=job.deployment or 0)
        self._at("committed")
        self._look.over()
        self._slots.clean()
        self._waiting.over()
        self.committed += 1
        for name in _OVER:
            self._around.alerts(name, "info", "a bundle has proved itself")
        log("bundle_committed", bundle=job.bundle[:12])
        self._retreat.voice.say("committed", job.deployment)


def _is_timed(job: Job, active: Loaded) -> bool:
    """Whether its latency is the bundle's: after a restart a lower rung may have to do, which is none
    of its doing, until the engine is built anew or the driver answers."""
    return not active.waits_for_engine and job.provider in ("", active.provider)
