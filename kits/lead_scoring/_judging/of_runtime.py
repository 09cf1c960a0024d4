"""What a runtime may say of itself beside predictions: its team, its backtest, what the court found. Defaults where it is silent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

from pydantic import JsonValue

from kits.lead_scoring._court.verdicts import Court
from kits.lead_scoring._models.spec import Tried
from kits.lead_scoring._reasons.spec import Tally
from kits.lead_scoring.config import TeamConfig


@runtime_checkable
class KnowsTeam(Protocol):
    """A runtime that knows what the team can do, and what a lead is worth."""

    @property
    def team(self) -> TeamConfig: ...


@runtime_checkable
class Backtested(Protocol):
    """A runtime that kept what models said of leads which they had not seen: sample id → probability."""

    @property
    def backtest(self) -> Mapping[str, float]: ...


@runtime_checkable
class KnowsWholeYear(Protocol):
    """A runtime whose probabilities know the time of year, and what they were without: sample id → probability."""

    @property
    def backtest_of_whole_year(self) -> Mapping[str, float]: ...


@runtime_checkable
class KnowsProtected(Protocol):
    """A runtime that knows which columns are never learned from, but reported by group."""

    @property
    def protected(self) -> tuple[str, ...]: ...


@runtime_checkable
class KnowsCourt(Protocol):
    """A runtime that kept the court's findings."""

    @property
    def court(self) -> Mapping[str, JsonValue]: ...


@runtime_checkable
class KnowsTried(Protocol):
    """A runtime that kept which models were tried."""

    @property
    def tried(self) -> tuple[Tried, ...]: ...


@runtime_checkable
class KnowsStillOpen(Protocol):
    """A runtime whose probabilities go with how long a lead is open: age in days → leads still open then, and the log-odds it adds."""

    @property
    def still_open(self) -> Mapping[float, tuple[Tally, float]]: ...


def team_of(runtime: object) -> TeamConfig:
    """What the team can do; the kit's defaults where a runtime does not say."""
    return runtime.team if isinstance(runtime, KnowsTeam) else TeamConfig()


def court_of(runtime: object) -> Court | None:
    """What the court found; None where a runtime does not say."""
    kept = runtime.court if isinstance(runtime, KnowsCourt) else {}
    return Court.from_json(kept) if kept else None


def tried_by(runtime: object) -> tuple[Tried, ...]:
    """Models that were tried; none where a runtime does not say."""
    return runtime.tried if isinstance(runtime, KnowsTried) else ()


def protected_by(runtime: object) -> tuple[str, ...]:
    """Columns that are reported by group; none where a runtime does not say."""
    return runtime.protected if isinstance(runtime, KnowsProtected) else ()


def backtest_of_whole_year(runtime: object) -> Mapping[str, float]:
    """Sample id → probability without the time of year, of leads whose model knew one."""
    return runtime.backtest_of_whole_year if isinstance(runtime, KnowsWholeYear) else {}


def still_open_by(runtime: object) -> Mapping[float, tuple[Tally, float]]:
    """What became of leads that stayed open, by age; none where a runtime does not say."""
    return runtime.still_open if isinstance(runtime, KnowsStillOpen) else {}


def backtest_of(runtime: object) -> Mapping[str, float]:
    """Sample id → probability by a model that had not seen that lead; none where a runtime does not say."""
    return runtime.backtest if isinstance(runtime, Backtested) else {}
