"""From a change of level to the next step of an asset's case. Pure functions: no clock, no files, no rows.

One open case per asset, in the words of ISA-18.2: it is opened, escalates and eases, returns to normal, is
acknowledged, and closed. What is told of a step and what is done about it is the desk's business.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from edge_agent.alarms.memory import Asset, Case
from kits.core.alarm import LEVELS, Level, Transition
from kits.core.events import CaseBody, CaseStep
from kits.core.sample import new_sample_id

_RANK = {level: rank for rank, level in enumerate(LEVELS)}


@dataclass(frozen=True, slots=True)
class Sight:
    """What one window says of an asset.

    Attributes:
        at_s: its end on the source's own clock, seconds.
        at: when it was captured.
        reason: the model's words, for people.
    """

    asset: str
    at_s: float
    at: datetime
    score: float
    label: str = ""
    reason: str = ""
    sample_id: str = ""
    bundle: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """A step that a window caused; a quiet one is a row and no action."""

    body: CaseBody
    quiet: bool = False


def rises(transition: Transition | None) -> bool:
    """Whether it is a change for the worse."""
    return transition is not None and _RANK[transition.new] > _RANK[transition.old]


def owed(asset: Asset, transition: Transition | None, open_at: Level) -> bool:
    """Whether an asset without a case should have one, shelved or not."""
    if _RANK[asset.alarm.level] < _RANK[open_at]:
        return False
    return asset.missed or rises(transition)


def opened(sight: Sight, level: Level, since: datetime) -> Case:
    """A new case."""
    return Case(
        case_id=new_sample_id(sight.at),
        opened_at=sight.at,
        since=since,
        level=level,
        **_of(sight),
    )


def moved(case: Case, transition: Transition, sight: Sight) -> tuple[CaseStep, Case]:
    """The step that a change of level is in an open case, and the case after it."""
    step: CaseStep = "escalated" if rises(transition) else "eased"
    changes: dict[str, object] = {"level": transition.new, "returned_s": None}
    if transition.new == "normal":
        step = "returned"
        changes["returned_s"] = transition.at_s
    if rises(transition):
        changes |= {**_of(sight), "acknowledged_by": ""}  # a new alarm is to be seen anew
    return step, case.model_copy(update=changes)


def is_over(case: Case, at_s: float, close_after_s: float) -> bool:
    """Whether it has been normal for long enough to be closed by itself."""
    back = case.returned_s
    return close_after_s > 0 and back is not None and at_s - back >= close_after_s


def since_of(sight: Sight, transition: Transition) -> datetime:
    """When the score first stood there, on the clock of captures."""
    return sight.at - timedelta(seconds=max(0.0, transition.at_s - transition.since_s))


def body_of(
    asset: str,
    case: Case,
    step: CaseStep,
    *,
    at: datetime,
    since: datetime | None = None,
    sight: Sight | None = None,
    note: str = "",
    who: str = "",
) -> CaseBody:
    """The row of a step; `sight` is the window behind it, without one the case's own last one."""
    return CaseBody(
        case_id=case.case_id,
        asset=asset,
        transition=step,
        level=case.level,
        score=sight.score if sight is not None else case.score,
        label=(sight.label if sight is not None else "") or case.label,
        reason=(sight.reason if sight is not None else "") or case.reason,
        sample_id=sight.sample_id if sight is not None else case.sample_id,
        bundle=sight.bundle if sight is not None else case.bundle,
        at=at,
        since=since or case.since,
        note=note,
        who=who,
    )


def _of(sight: Sight) -> dict[str, object]:
    return {
        "label": sight.label, "reason": sight.reason, "score": sight.score,
        "sample_id": sight.sample_id, "bundle": sight.bundle,
    }  # fmt: skip
