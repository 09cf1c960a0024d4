"""Alarms in time: when a score that comes and goes is an alarm, and when it is over (terms of ISA-18.2).

A pure state machine over (time, score): on-delay, off-delay and deadband. Evaluation, `kit replay` and
the agent run this same code, so that the rates that were measured are those of the device. Cases, shelving
and what is done about an alarm are not known here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field

from kits.core.section import Section

if TYPE_CHECKING:
    from kits.core.operating_point import Band

Level = Literal["normal", "warn", "alarm"]
LEVELS: tuple[Level, ...] = ("normal", "warn", "alarm")
"""In rising order."""


class AlarmRule(Section):
    """How long a level must hold before it counts; part of an operating point."""

    model_config = ConfigDict(defer_build=True)

    on_delay_s: float = Field(0.0, ge=0, description="the score must stay up this long, seconds")
    off_delay_s: float = Field(0.0, ge=0, description="… and down this long to clear, seconds")
    deadband: float = Field(
        0.0, ge=0, lt=1, description="clears only below the threshold by this share of it"
    )
    max_gap_s: float = Field(
        0.0, ge=0, description="a longer gap between scores starts both delays anew; 0: none does"
    )


@dataclass(frozen=True, slots=True)
class Transition:
    """A change of level.

    Attributes:
        at_s: when it took effect, i.e. after the delay; seconds on the caller's clock.
        since_s: when the score first stood there.
    """

    at_s: float
    since_s: float
    old: Level
    new: Level
    score: float


class AlarmMemory(BaseModel):
    """What an `AlarmState` must know after a restart: its level, and since when the score stands where.

    Both lists have one moment per threshold, in rising order; None: it does not stand there.
    """

    model_config = ConfigDict(extra="ignore", frozen=True, defer_build=True)

    level: Level = "normal"
    last_s: float | None = None
    above_s: tuple[float | None, float | None] = (None, None)
    below_s: tuple[float | None, float | None] = (None, None)


class AlarmState:
    """The level of one asset.

    Args:
        band: thresholds: alarm at or above `act_at`, warn from `review_from`.
    """

    def __init__(self, band: Band, rule: AlarmRule) -> None:
        self._thresholds = (band.review_from, band.act_at)
        self._rule = rule
        self.level: Level = "normal"
        self._last_s = -math.inf
        self._above: list[float | None] = [None, None]
        self._below: list[float | None] = [None, None]

    def step(self, at_s: float, score: float) -> Transition | None:
        """Takes the next score; what changed, or None.

        A score that is not a number changes nothing and stops no delay: the sensor is at fault, not the
        machine. Time never runs backwards here: an earlier `at_s` counts as the last one.
        """
        if not math.isfinite(score):
            return None
        at_s = self._moment(at_s)
        standing = LEVELS.index(self.level)
        for rung in range(len(self._thresholds)):
            self._watch(rung, at_s, score, held=standing > rung)
        rung = self._reached(at_s, standing)
        if rung == standing:
            return None
        since = self._above[rung - 1] if rung > standing else self._below[rung]
        old, self.level = self.level, LEVELS[rung]
        return Transition(at_s, at_s if since is None else since, old, self.level, score)

    @property
    def memory(self) -> AlarmMemory:
        """All that the next step depends on, beside thresholds and rule."""
        return AlarmMemory(
            level=self.level,
            last_s=self._last_s if math.isfinite(self._last_s) else None,
            above_s=(self._above[0], self._above[1]),
            below_s=(self._below[0], self._below[1]),
        )

    def resume(self, memory: AlarmMemory) -> None:
        """Goes on from what another state of the same asset knew."""
        self.level = memory.level
        self._last_s = -math.inf if memory.last_s is None else memory.last_s
        self._above, self._below = list(memory.above_s), list(memory.below_s)

    def _moment(self, at_s: float) -> float:
        at_s = max(at_s, self._last_s)
        if self._rule.max_gap_s and at_s - self._last_s > self._rule.max_gap_s:
            self._above, self._below = [None, None], [None, None]
        self._last_s = at_s
        return at_s

    def _watch(self, rung: int, at_s: float, score: float, *, held: bool) -> None:
        """Since when the score stands above (or, once held, below) a threshold."""
        limit = self._thresholds[rung]
        if held:
            limit -= self._rule.deadband * abs(limit)
        up = score >= limit
        self._above[rung] = (
            (self._above[rung] if self._above[rung] is not None else at_s) if up else None
        )
        self._below[rung] = (
            None if up else (self._below[rung] if self._below[rung] is not None else at_s)
        )

    def _reached(self, at_s: float, standing: int) -> int:
        reached = standing
        for rung, since in enumerate(self._above):
            if rung >= standing and since is not None and at_s - since >= self._rule.on_delay_s:
                reached = rung + 1
        if reached > standing:
            return reached
        for rung in range(standing - 1, -1, -1):
            since = self._below[rung]
            if since is None or at_s - since < self._rule.off_delay_s:
                break
            reached = rung
        return reached
