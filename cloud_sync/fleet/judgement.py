"""What a rollout does next, judged from what is known of its devices. Pure: no tables, no clock.

Fleets here are small, so the first wave is one device (the canary) and any failure in it stops the
rollout; percentages made for thousands of devices would never fire. Later waves stop at the larger
of two devices and a tenth of the fleet. Who carries the steps out is `waves.py`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

FINAL = frozenset({"committed", "failed", "rolled_back", "superseded"})
"""States that a deployment does not leave by itself; the last is given by the hub alone."""
BAD = frozenset({"failed", "rolled_back"})
"""What counts against a bundle. A deployment that gave way to a newer one does not."""
TOLERATED_SHARE = 0.1
TOLERATED_DEVICES = 2
LAST_WORD = timedelta(minutes=5)
"""A watched device must have been heard of within this much of the soak's end, or later. Devices
send a row about their health every minute."""


@dataclass(frozen=True, slots=True)
class Member:
    """A device of a rollout.

    Attributes:
        error: the reason of its state, in the device's words or the hub's.
        left: it runs another bundle now, which a newer rollout gave it.
        waits_for: what keeps its installation, by its own word; `waited_until` is when it last said
            so, or went on.
    """

    device: str
    wave: int = 0
    state: str = "pending"
    error: str = ""
    online: bool = False
    heard_at: datetime | None = None
    left: bool = False
    waits_for: str = ""
    waited_until: datetime | None = None

    @property
    def unfinished(self) -> bool:
        """Whether it may still commit."""
        return self.state not in FINAL


@dataclass(frozen=True, slots=True)
class Course:
    """Where a rollout stands: its state, the open wave (from 0) and that wave's times."""

    state: str
    wave: int
    deadline: timedelta
    deadline_at: datetime
    soak: timedelta
    soak_until: datetime | None
    members: Sequence[Member]


@dataclass(frozen=True, slots=True)
class Stop:
    """The rollout ends before its time."""

    reason: str


@dataclass(frozen=True, slots=True)
class Fail:
    """These devices have failed by saying nothing; each with the reason."""

    reasons: dict[str, str]


@dataclass(frozen=True, slots=True)
class Promote:
    """This device joins the open wave, of which nobody has committed."""

    device: str


@dataclass(frozen=True, slots=True)
class Watch:
    """The soak of the open wave begins."""


@dataclass(frozen=True, slots=True)
class Open:
    """This wave begins."""

    wave: int


@dataclass(frozen=True, slots=True)
class Finish:
    """All waves are over."""

    state: str
    reason: str


Step = Stop | Fail | Promote | Watch | Open | Finish


def next_step(course: Course, now: datetime) -> Step | None:
    """What is to be done at once; None: nothing before something happens or time passes."""
    if course.state not in ("running", "paused"):
        return None
    reason = _stop_reason(course)
    if reason:
        return Stop(reason)
    if course.state == "paused":
        return None
    begun = [m for m in course.members if m.wave <= course.wave]
    late = {m.device: _late_reason(m) for m in begun if _is_late(m, course, now)}
    if late:
        return Fail(late)
    if any(m.unfinished for m in begun):
        return None
    return _after_wave(course, now)


def _after_wave(course: Course, now: datetime) -> Step | None:
    """As `next_step`, when nobody in a wave that has begun may still commit."""
    wave = [m for m in course.members if m.wave == course.wave]
    later = [m for m in course.members if m.wave > course.wave]
    fresh = [m for m in later if m.unfinished]
    if not any(_holds(m) for m in wave) and fresh:
        return Promote(min(fresh, key=lambda m: (m.wave, not m.online)).device)
    if not fresh:
        return _end(course)
    if course.soak_until is None:
        return Watch()
    if now < course.soak_until:
        return None
    unheard = unheard_of(course)
    if unheard:
        late = now > course.deadline_at
        return Fail({m.device: f"committed, then {_silent(m)}" for m in unheard}) if late else None
    return Open(min(m.wave for m in fresh))


def _holds(member: Member) -> bool:
    return member.state == "committed" and not member.left


def unheard_of(course: Course) -> list[Member]:
    """The committed devices of the open wave that were silent in the last part of its soak."""
    if course.soak_until is None or not course.soak:
        return []
    since = course.soak_until - min(LAST_WORD, course.soak / 2)
    return [
        m
        for m in course.members
        if m.wave == course.wave
        and m.state == "committed"
        and (m.heard_at is None or m.heard_at < since)
    ]


def deadline_of(member: Member, course: Course) -> datetime:
    """When a device counts as silent.

    One that says what it waits for is not silent: its time counts from its last sign of life, and
    from the moment it went on.
    """
    if member.waited_until is None:
        return course.deadline_at
    alive = member.heard_at if member.waits_for and member.heard_at else member.waited_until
    return max(course.deadline_at, max(alive, member.waited_until) + course.deadline)


def _is_late(member: Member, course: Course, now: datetime) -> bool:
    return member.unfinished and now > deadline_of(member, course)


def _late_reason(member: Member) -> str:
    if member.waits_for:
        return f"{_silent(member)}, and not committed (it waited for {member.waits_for})"
    said = f"was {member.state}" if member.state != "pending" else "it had not begun"
    why = f": {member.error}" if member.error else ""
    return f"not committed by the deadline ({said}{why})"


def _silent(member: Member) -> str:
    at = member.heard_at
    return f"not heard of since {at:%d %b %H:%M} UTC" if at else "never heard of"


def _stop_reason(course: Course) -> str:
    """Why a rollout must not go on, in words; empty when it may."""
    bad = [m for m in course.members if m.wave <= course.wave and m.state in BAD]
    canary = [m for m in bad if m.wave == 0]
    if canary:
        return f"the first wave failed: {_told(canary)}"
    limit = max(TOLERATED_DEVICES, math.ceil(TOLERATED_SHARE * len(course.members)))
    if len(bad) >= limit:
        return f"{len(bad)} devices failed, {limit} stop a rollout: {_told(bad)}"
    return ""


def _told(members: Sequence[Member]) -> str:
    shown = "; ".join(f"{m.device} {m.state}: {m.error or 'no reason given'}" for m in members[:3])
    more = len(members) - 3
    return f"{shown}; and {more} more" if more > 0 else shown


def _end(course: Course) -> Finish:
    """How a rollout ends of which every device has ended: done is only what all have committed."""
    total = len(course.members)
    bad = sum(m.state in BAD for m in course.members)
    gone = sum(m.state == "superseded" for m in course.members)
    yielded = f"{gone} of {total} devices were given a newer rollout before they committed"
    if bad:
        reason = f"{bad} of {total} devices did not commit"
        return Finish("failed", f"{reason}; {yielded}" if gone else reason)
    return Finish("superseded", yielded) if gone else Finish("done", "")
