"""A second look at a bundle on probation: has it changed, or the parts?

Orders and lots change what comes by, and with it the scores of any bundle. So before one goes back for that, the bundle
before it judges along, without effect: what both see alike is the parts' doing. It costs a second model for as long, and
only where there is a doubt.
"""

from __future__ import annotations

from collections.abc import Callable

from edge_agent.errors import EngineError
from edge_agent.log import log, warn
from edge_agent.update.config import UpdateConfig
from edge_agent.update.probation import (
    EMPTY_JUMP,
    MISSED_ALL,
    Baseline,
    Tally,
    enough,
    moved,
)
from edge_agent.update.records import Job
from edge_agent.update.slots import Slots
from edge_agent.update.surroundings import LineControl, Load
from kits.core.errors import BundleError


class SecondLook:
    """Looks at one bundle on probation at a time."""

    def __init__(
        self,
        slots: Slots,
        line: LineControl,
        load: Load,
        config: UpdateConfig,
        clock: Callable[[], float],
    ) -> None:
        self._slots = slots
        self._line = line
        self._load = load
        self._config = config
        self._clock = clock
        self._since = 0.0
        self._tally: Tally | None = None
        self._doubt = ""

    @property
    def under_way(self) -> bool:
        """Whether the bundle before judges along."""
        return self._tally is not None

    def begin(self, job: Job, doubt: str) -> bool:
        """The bundle before judges along from now on; False where it cannot, and the doubt must do."""
        previous = self._slots.state.previous
        if job.before is None or not self._slots.has(previous):
            return False
        try:
            loaded = self._load(self._slots.open(previous), build=False)
        except (BundleError, EngineError) as error:
            warn("no_second_look", bundle=previous[:12], error=error.what)
            return False
        self._tally = self._line.begin_shadow(loaded)
        self._since, self._doubt = self._clock(), doubt
        log("second_look", bundle=job.bundle[:12], doubt=doubt)
        return True

    def over(self) -> None:
        """Nothing is looked at any more."""
        if self._tally is not None:
            self._line.end_shadow()
            self._tally = None

    def urgent(self) -> str:
        """Why the bundle on probation must go back at once, or empty."""
        tally = self._tally
        if tally is None or tally.other_found or found(tally) < MISSED_ALL:
            return ""
        return f"{self._doubt}; the bundle before found something on {found(tally)} of {tally.n}"

    def long_enough(self) -> bool:
        """Whether both have judged enough of the same parts."""
        tally, config = self._tally, self._config
        waited_s = self._clock() - self._since
        return tally is not None and enough(
            tally.n, config.shadow_samples, waited_s, config.shadow_max_s
        )

    def final(self, job: Job) -> str:
        """Why the bundle on probation may not be committed, or empty: it changed, and the one before did not."""
        if self._tally is None or job.baseline is None or job.before is None:
            return self._doubt
        changed = apart(self._tally, self._config, job.baseline, job.before)
        return f"{self._doubt}; {changed}" if changed else ""


def found(tally: Tally) -> int:
    """Samples on which a bundle found something."""
    return tally.n - tally.failures - tally.found_nothing


def apart(look: Tally, config: UpdateConfig, baseline: Baseline, before: Baseline) -> str:
    """How the bundle on probation has changed where the one before has not, or empty.

    Args:
        look: what the one before makes of the parts, with what the one on probation says of them as the other's.
        baseline: what the one on probation did in its shadow; `before`: the other, meanwhile.
    """
    mine, limit = moved(list(look.other_scores), config, baseline)
    other, _ = moved(look.seen_scores(), config, before)
    if mine - other > limit:
        return f"the bundle before sees less of it (index {mine:.2f}, its own {other:.2f})"
    rise = _empty_rise(look.n, look.n - look.other_found, baseline)
    rise_before = _empty_rise(look.n, look.n - found(look), before)
    if rise - rise_before > EMPTY_JUMP:
        return (
            f"found nothing on {look.n - look.other_found} of {look.n} parts more,"
            f" the bundle before on {look.n - found(look)}"
        )
    return ""


def _empty_rise(n: int, empty: int, baseline: Baseline) -> float:
    return empty / max(n, 1) - baseline.empty / max(baseline.n, 1)
