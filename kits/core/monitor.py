"""Whether a promised error rate still holds, told from audit samples one at a time, whenever one comes.

A bet against "at most ε of the automatic decisions are wrong": fair or losing while that is true, so it grows to 1/δ
with probability δ at most, however long and however often one looks. It draws no samples and closes nothing: the
agent and the hub do.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import lru_cache

from pydantic import BaseModel, ConfigDict, Field

_STAKES = 16
"""Error rates that are bet on, spaced evenly by their odds between the promise and `_WORST`."""
_WORST = 0.75
_SLOWNESS = 4.0
"""How slowly the money goes into new bets: a larger figure keeps more for a change late in the course."""


class MonitorState(BaseModel):
    """All that a monitor must remember between two audits, as JSON."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    epsilon: float = Field(gt=0, lt=1, description="promised share of wrong decisions")
    delta: float = Field(gt=0, lt=1, description="probability of a false alarm, over all time")
    seen: int = Field(0, ge=0, description="audited decisions")
    wrong: int = Field(0, ge=0, description="of these, wrong ones")
    money: tuple[float, ...] = Field((), description="what each bet is worth now")
    most: float = Field(0.0, ge=0, description="the most all bets and the reserve were ever worth")


@dataclass(frozen=True, slots=True)
class PromiseMonitor:
    """An anytime-valid test of one promise; immutable, `after` gives the next one.

    The wealth of a gambler who bets on error rates p > ε: each audit multiplies a bet by p/ε when the decision was
    wrong and by (1−p)/(1−ε) when it was right (testing by betting: Waudby-Smith & Ramdas 2024; Ville 1939 bounds the
    probability that it ever reaches 1/δ). A reserve is paid into fresh bets little by little, so that a change after
    thousands of good decisions is still seen (Shin, Ramdas & Rinaldo 2023), without spending more than δ in all.

    Audits must be drawn at random from the automatic decisions, whatever their score.
    """

    epsilon: float
    delta: float
    seen: int = 0
    wrong: int = 0
    money: tuple[float, ...] = field(default=(0.0,) * _STAKES)
    most: float = 1.0

    def __post_init__(self) -> None:
        if not 0 < self.epsilon < _WORST or not 0 < self.delta < 1:
            raise ValueError(
                f"epsilon {self.epsilon} and delta {self.delta} must lie within (0, 0.75) and (0, 1)"
            )
        if len(self.money) != _STAKES:
            raise ValueError(f"{len(self.money)} bets where {_STAKES} are made")

    @property
    def evidence(self) -> float:
        """The most the bets were ever worth, from 1 on; the promise is given up at 1/δ."""
        return self.most

    @property
    def broken(self) -> bool:
        """Whether the promise is refuted at 1−δ. It stays so: the gate is opened again by a new calibration."""
        return self.most >= 1.0 / self.delta

    def after(self, wrong: bool) -> PromiseMonitor:
        """The monitor after one more audited decision."""
        share = (_reserve(self.seen) - _reserve(self.seen + 1)) / _STAKES
        money = tuple(
            min((worth + share) * odds, 1e300)
            for worth, odds in zip(self.money, _odds(self.epsilon, wrong))
        )
        total = sum(money) + _reserve(self.seen + 1)
        return replace(
            self,
            seen=self.seen + 1,
            wrong=self.wrong + wrong,
            money=money,
            most=max(self.most, total),
        )

    def after_all(self, wrong: Iterable[bool]) -> PromiseMonitor:
        """The monitor after several audited decisions, in their order."""
        monitor = self
        for one in wrong:
            monitor = monitor.after(one)
        return monitor

    def state(self) -> MonitorState:
        """What to keep."""
        return MonitorState(
            epsilon=self.epsilon,
            delta=self.delta,
            seen=self.seen,
            wrong=self.wrong,
            money=self.money,
            most=self.most,
        )

    @staticmethod
    def of(state: MonitorState) -> PromiseMonitor:
        """The monitor that was kept.

        Raises:
            ValueError: the state is none of this monitor's.
        """
        return PromiseMonitor(
            state.epsilon,
            state.delta,
            state.seen,
            state.wrong,
            state.money or (0.0,) * _STAKES,
            max(state.most, 1.0),
        )

    def text(self) -> str:
        """One sentence for people."""
        told = f"{self.wrong} of {self.seen} audited decisions were wrong; promised are {self.epsilon:.1%} at most"
        if self.broken:
            return f"{told}: the promise is refuted with {1 - self.delta:.0%} confidence"
        return (
            f"{told}: evidence against it {self.most:.1f}, it is given up at {1 / self.delta:.0f}"
        )


def _reserve(seen: int) -> float:
    """Money not yet bet after so many audits: it falls slower than any power."""
    return 1.0 / (1.0 + math.log1p(seen) / _SLOWNESS)


def _rates(epsilon: float) -> tuple[float, ...]:
    """Error rates worth betting on, evenly by log odds."""
    low, high = _log_odds(epsilon * 1.2 if epsilon * 1.2 < _WORST else epsilon), _log_odds(_WORST)
    steps = (low + (high - low) * n / (_STAKES - 1) for n in range(_STAKES))
    return tuple(1.0 / (1.0 + math.exp(-step)) for step in steps)


def _log_odds(rate: float) -> float:
    return math.log(rate / (1.0 - rate))


@lru_cache(maxsize=64)
def _odds(epsilon: float, wrong: bool) -> tuple[float, ...]:
    """What each bet is multiplied by at an audit."""
    rates = _rates(epsilon)
    return tuple(rate / epsilon if wrong else (1.0 - rate) / (1.0 - epsilon) for rate in rates)
