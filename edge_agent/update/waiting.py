"""Says to the hub that an installation waits for parts: a line that stands still is not silent.

It decides nothing; how long a rollout bears with it is the hub's business.
"""

from __future__ import annotations

from collections.abc import Callable

from edge_agent.update.records import Job
from edge_agent.update.surroundings import Voice

_STANDS_STILL_S = 60.0


class Waiting:
    """Watches the count of samples of one state of an installation.

    Attributes:
        for_what: what is waited for, or empty; for the status page.
    """

    def __init__(self, voice: Voice, clock: Callable[[], float]) -> None:
        self._voice = voice
        self._clock = clock
        self._seen = -1
        self._since = clock()
        self.for_what = ""

    def look(self, job: Job, n: int, wanted: int) -> None:
        """`n` of `wanted` samples have been judged so far."""
        if n != self._seen:
            self._seen, self._since = n, self._clock()
            if self.for_what:
                self.for_what = ""
                self._voice.say(job.state, job.deployment)
        elif not self.for_what and self._clock() - self._since >= _STANDS_STILL_S:
            self.for_what = f"parts, {n} of {wanted} judged so far"
            self._voice.say(job.state, job.deployment, waits_for=self.for_what)

    def over(self) -> None:
        """Nothing is waited for any more; the next word says how it went on."""
        self._seen, self.for_what = -1, ""
