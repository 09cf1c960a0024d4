"""How an installation comes to nothing: refused before the switch, gone back after it.

The old bundle serves all the while. Why, and what is never to be tried again, is on disk in the same
write that changes the slots; then a person and the hub are told.
"""

from __future__ import annotations

from collections.abc import Callable

from edge_agent.engine.ladder import Loaded
from edge_agent.errors import EngineError
from edge_agent.log import warn
from edge_agent.update.slots import Job, Slots
from edge_agent.update.surroundings import LineControl, Surroundings, Voice
from kits.core.bundle import Bundle
from kits.core.errors import BundleError


class Retreat:
    """Ends installations.

    Args:
        load: bundle → ready on this machine, golden samples checked.
    """

    def __init__(
        self,
        slots: Slots,
        line: LineControl,
        load: Callable[[Bundle], Loaded],
        around: Surroundings,
    ) -> None:
        self._slots = slots
        self._line = line
        self._load = load
        self._around = around
        self.voice = Voice(line, around)
        self.refused = 0
        self.rolled_back = 0

    def refuse(self, job: Job, error: BundleError | EngineError, *, deny: bool = False) -> None:
        """Not installed; what runs is not touched.

        Args:
            deny: never try this bundle again.
        """
        warn("bundle_refused", bundle=job.bundle[:12], state=job.state, error=error.what)
        self._line.end_shadow()
        self._around.checkpoint("before refusal")
        self._slots.end(job, error.what, deny=deny)
        self._around.checkpoint("refused")
        self._slots.clean()
        self.refused += 1
        self._around.alerts("bundle-refused", "error", f"{job.bundle[:12]}: {error.what}")
        self.voice.say("failed", job.deployment, error.what)

    def roll_back(self, job: Job, why: str, *, deny: bool = True) -> None:
        """Switches to the previous bundle, on disk first."""
        state = self._slots.state
        try:
            previous = self._load(self._slots.open(state.previous))
        except (BundleError, EngineError) as error:
            self._stay(job, f"{why}; no previous bundle ({error.what})")
            return
        self._around.checkpoint("before going back")
        project = previous.ready.bundle.manifest.project
        back = {"active": state.previous, "previous": "", "project": project}
        try:
            self._slots.end(job, why, deny=deny, **back)
        except OSError as error:
            # a full disk: the line goes back now, the next step writes it down
            warn("slots_not_written", error=error)
            self._line.activate(previous)
            return
        self._around.checkpoint("went back")
        self._line.end_shadow()
        self._line.activate(previous)
        self._slots.clean()
        self.rolled_back += 1
        warn("bundle_rolled_back", bundle=job.bundle[:12], why=why)
        self._around.alerts("bundle-rolled-back", "error", f"{job.bundle[:12]}: {why}")
        self.voice.say("rolled_back", job.deployment, why)

    def _stay(self, job: Job, why: str) -> None:
        """There is nothing to go back to: the bundle stays, a person is told."""
        self._slots.save(job=None)
        self._around.alerts("bundle-unusable", "error", f"{job.bundle[:12]}: {why}")
        self.voice.say("failed", job.deployment, why)
