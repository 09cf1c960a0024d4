"""How an installation comes to nothing: refused before the switch, gone back after it.

The old bundle serves all the while. Why, and what is never to be tried again, is on disk in the same
write that changes the slots; then a person and the hub are told. What the disk does not take, and a
bundle that cannot be loaded just now, are tried again (`finish`) with nothing forgotten.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from edge_agent.engine.ladder import Loaded
from edge_agent.errors import EngineError
from edge_agent.log import log, warn
from edge_agent.update.records import Job, Wish
from edge_agent.update.slots import Slots
from edge_agent.update.surroundings import LineControl, Load, Surroundings, Voice
from kits.core.errors import BundleError

_FIRST_PAUSE_S = 1.0
_LAST_PAUSE_S = 60.0


@dataclass(frozen=True)
class _Ending:
    """An installation that came to nothing, and all that is written about it."""

    how: Literal["refused", "withdrawn", "gone back", "stays", "begun anew"]
    job: Job
    why: str
    deny: bool = False
    overruled: tuple[Wish, ...] = ()
    slots: Mapping[str, object] = field(default_factory=dict)


class Retreat:
    """Ends installations.

    Args:
        load: bundle → ready on this machine; never asked to build an engine first, because the
            bundle that went wrong decides until it answers.
    """

    def __init__(self, slots: Slots, line: LineControl, load: Load, around: Surroundings) -> None:
        self._slots = slots
        self._line = line
        self._load = load
        self._around = around
        self._unwritten: _Ending | None = None
        self._pause_s = 0.0
        self._again_at = 0.0
        self.voice = Voice(line, around)
        self.refused = 0
        self.rolled_back = 0

    # -- before the switch -----------------------------------------------------------------------

    def refuse(self, job: Job, error: BundleError | EngineError, *, deny: bool = False) -> None:
        """Not installed; what runs is not touched.

        Args:
            deny: never try this bundle again.
        """
        warn("bundle_refused", bundle=job.bundle[:12], state=job.state, error=error.what)
        if job.is_same(self._slots.state.job):
            self._line.end_shadow()
        self._around.checkpoint("before refusal")
        self._end(_Ending("refused", job, error.what, deny))

    def withdraw(self, job: Job, why: str) -> None:
        """Not wanted any more: no fault of the bundle. What runs is not touched."""
        self._line.end_shadow()
        self._end(_Ending("withdrawn", job, why))

    # -- after it --------------------------------------------------------------------------------

    def roll_back(
        self, job: Job, why: str, *, deny: bool = True, overruled: tuple[Wish, ...] = ()
    ) -> bool:
        """Switches to the previous bundle, on disk first; False when it cannot be loaded now.

        A bundle that is denied then runs on for the moment, its installation is over, and `finish`
        goes on trying. Where nothing runs at all the installation is over too, so that whatever heals
        the device may begin: the same wish, another one, a later start of either bundle. For anything
        less nothing is changed.

        Args:
            deny: never try this bundle again.
            overruled: wishes of the hub against which a person decides.
        """
        previous = self._slots.state.previous
        if not self._slots.has(previous):
            self._end(_Ending("stays", job, f"{why}; there is no previous bundle"))
            return False
        loaded = self._loaded(previous)
        if isinstance(loaded, Loaded):
            self._go_back(_Ending("gone back", job, why, deny, overruled), previous, loaded)
            return True
        text = f"{why}; the previous bundle cannot be loaded now ({loaded})"
        if deny:
            self._end(_Ending("stays", job, text, deny))
        elif self._line.active is None:
            self._nothing_runs(job, text)
        else:
            self.voice.say_once(job.state, job.deployment, text)
        return False

    def _nothing_runs(self, job: Job, why: str) -> None:
        """Neither bundle comes up: no installation may stand in the way of what heals that."""
        if job.is_same(self._slots.state.job):
            self._end(_Ending("begun anew", job, why))
        else:
            self._around.alerts("bundle-unusable", "error", f"{job.bundle[:12]}: {why}")
            self.voice.say_once(job.state, job.deployment, why)

    def _loaded(self, previous: str) -> Loaded | str:
        """The previous bundle, or why it does not come up now."""
        try:
            return self._load(self._slots.open(previous), build=False)
        except (BundleError, EngineError) as error:
            warn("previous_bundle_unusable", bundle=previous[:12], error=error.what)
            return error.what

    def _go_back(self, ending: _Ending, previous: str, loaded: Loaded) -> None:
        self._around.checkpoint("before going back")
        project = loaded.ready.bundle.manifest.project
        slots = {"active": previous, "previous": "", "project": project, "committed_by": 0}
        self._line.end_shadow()
        # whether or not the disk takes it: the line must not stay on what went wrong
        self._end(replace(ending, slots=slots), then=lambda: self._line.activate(loaded))

    def recovered(self) -> None:
        """Something decides again where nothing could be loaded before."""
        self._around.alerts("bundle-unusable", "info", "a bundle decides again")
        self.voice.say_again(self._slots.state.job)

    # -- what could not be done at once ----------------------------------------------------------

    @property
    def unwritten(self) -> bool:
        """Whether the disk has not taken yet how an installation ended: nothing else may be done."""
        return self._unwritten is not None

    @property
    def owed(self) -> bool:
        """Whether a denied bundle decides although there is one to go back to."""
        state = self._slots.state
        return (
            state.job is None and state.active in state.denied and self._slots.has(state.previous)
        )

    def finish(self) -> bool:
        """Tries again what could not be done; True when it is done."""
        if self._unwritten is not None:
            return self._end(self._unwritten)
        if not self.owed or self._around.clock() < self._again_at:
            return False
        self._pause_s = min(max(self._pause_s * 2, _FIRST_PAUSE_S), _LAST_PAUSE_S)
        self._again_at = self._around.clock() + self._pause_s
        state = self._slots.state
        loaded = self._loaded(state.previous)
        if not isinstance(loaded, Loaded):
            return False
        job = Job(bundle=state.active, state="active")
        ending = _Ending("gone back", job, state.denied[state.active], deny=True)
        self._go_back(ending, state.previous, loaded)
        return True

    def _end(self, ending: _Ending, then: Callable[[], None] = lambda: None) -> bool:
        """Writes an ending and tells of it; False when the disk did not take it."""
        try:
            self._slots.end(
                ending.job,
                ending.why,
                deny=ending.deny,
                again=ending.how == "begun anew",
                overruled=ending.overruled,
                **ending.slots,
            )
        except OSError as error:
            warn("slots_not_written", error=error)
            self._unwritten = ending
            then()
            text = f"{ending.why}; not written down yet: {error.strerror}"
            self.voice.say_once(ending.job.state, ending.job.deployment, text)
            return False
        self._unwritten = None
        self._around.checkpoint("went back" if ending.how == "gone back" else "refused")
        then()
        self._slots.clean()
        self._tell(ending)
        return True

    def _tell(self, ending: _Ending) -> None:
        bundle, deployment, why = ending.job.bundle[:12], ending.job.deployment, ending.why
        log("installation_ended", bundle=bundle, how=ending.how, why=why)
        if ending.how == "gone back":
            self.rolled_back += 1
            self._around.alerts("bundle-rolled-back", "error", f"{bundle}: {why}")
            self.voice.say("rolled_back", deployment, why)
            return
        if ending.how == "refused":
            self.refused += 1
            self._around.alerts("bundle-refused", "error", f"{bundle}: {why}")
        elif ending.how in ("stays", "begun anew"):
            self._around.alerts("bundle-unusable", "error", f"{bundle}: {why}")
        if ending.how == "begun anew":
            self.voice.say_once(ending.job.state, deployment, why)
        else:
            self.voice.say("failed", deployment, why)
