"""What a rollout does next, judged from what is known of its devices. Pure: no tables, no clock.

Fleets here are small, so the first wave is one device (the canary) and any failure in it stops the
rollout; percentages made for thousands of devices would never fire. Later waves stop at the larger
of two devices and a tenth of those that were told. What silence says is `reach.py`, who carries the steps
out `waves.py`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from cloud_sync.fleet.reach import (
    AWAY,
    Course,
    Member,
    is_back,
    is_late,
    late_reason,
    silence_of,
    unheard_of,
)

BAD = frozenset({"failed", "rolled_back"})
"""What counts against a bundle. A deployment that gave way to a newer one does not."""
TOLERATED_SHARE = 0.1
TOLERATED_DEVICES = 2


@dataclass(frozen=True, slots=True)
class Stop:
    """The rollout ends before its time."""

    reason: str


@dataclass(frozen=True, slots=True)
class Fail:
    """These devices have failed without saying so; each with the reason."""

    reasons: dict[str, str]


@dataclass(frozen=True, slots=True)
class Miss:
    """These devices were silent at their deadline: they are waited for from now on."""

    devices: frozenset[str]


@dataclass(frozen=True, slots=True)
class Resume:
    """These devices, which were missed, have been heard of: their time counts from now."""

    devices: frozenset[str]


@dataclass(frozen=True, slots=True)
class Drop:
    """These devices get nothing more of this rollout, each with the reason: they count neither way."""

    reasons: dict[str, str]


@dataclass(frozen=True, slots=True)
class Swap:
    """Of the open wave these are away and have not begun: they come last, and as many others that are there now."""

    away: frozenset[str]
    instead: frozenset[str]


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


Step = Stop | Fail | Miss | Resume | Drop | Swap | Promote | Watch | Open | Finish


def next_step(course: Course, now: datetime) -> Step | None:
    """What is to be done at once; None: nothing before something happens or time passes."""
    if course.state not in ("running", "paused"):
        return None
    reason = _stop_reason(course)
    if reason:
        return Stop(reason)
    if course.state == "paused":
        return None
    step = _of_devices(course, now) or _swap(course, now)
    if step is not None:
        return step
    if held_by(course) or any(m.unfinished and not m.missed for m in course.in_play):
        return None
    return _after_wave(course, now)


def _of_devices(course: Course, now: datetime) -> Step | None:
    """What has become of devices without a word of theirs."""
    dropped = {m.device: why for m in course.members if m.unfinished and (why := _why_dropped(m))}
    if dropped:
        return Drop(dropped)
    back = frozenset(m.device for m in course.in_play if is_back(m))
    if back:
        return Resume(back)
    late = [m for m in course.in_play if is_late(m, course, now)]
    missed = frozenset(m.device for m in late if not m.missed and m.is_silent(now))
    if missed:
        return Miss(missed)
    gone = [m for m in late if m.suspect]
    if gone and course.later:
        return Stop("; ".join(f"{m.device} {late_reason(m)}" for m in gone))
    return Fail({m.device: late_reason(m) for m in late}) if late else None


def _why_dropped(member: Member) -> str:
    if member.revoked:
        return "the device was revoked"
    return "gave way to a newer rollout" if member.overtaken else ""


def _swap(course: Course, now: datetime) -> Swap | None:
    """Devices that are there, for those of the open wave that are away and have not begun.

    The canary may be one that a person named, so it has until its deadline to be back.
    """
    if course.soak_until is not None:
        return None
    here = [m for m in course.later if not m.is_silent(now)]
    away = [
        m
        for m in course.open
        if m.unfinished and m.begun_at is None and m.is_silent(now) and (m.missed or course.wave)
    ]
    n = min(len(here), len(away))
    if not n:
        return None
    first = sorted(here, key=lambda m: (m.wave, m.device))[:n]
    return Swap(frozenset(m.device for m in away[:n]), frozenset(m.device for m in first))


def held_by(course: Course) -> list[Member]:
    """The devices that took the bundle and are missed, when it may not spread for that: it may have killed them.

    As long as others were not told yet that is any; later, as many as would stop a rollout.
    """
    suspects = [m for m in course.in_play if m.suspect]
    if course.later or any(_is_canary(m, course) for m in suspects):
        return suspects
    bad = sum(m.state in BAD for m in course.in_play)
    return suspects if suspects and bad + len(suspects) >= _limit(course) else []


def _after_wave(course: Course, now: datetime) -> Step | None:
    """As `next_step`, when nobody in a wave that has begun is on the way."""
    fresh, missed = course.later, [m for m in course.in_play if m.missed]
    if not fresh:
        return None if missed else _end(course)
    holding = sum(m.holds for m in course.open)
    awaited = sum(m.missed for m in course.open)
    if not holding and not awaited:
        return Promote(min(fresh, key=lambda m: (m.is_silent(now), m.wave, not m.online)).device)
    if holding < awaited or not holding:
        return None  # too few have proved it, and nobody is there in place of those that are away
    if course.soak_until is None:
        return Watch()
    return _after_soak(course, course.soak_until, now)


def _after_soak(course: Course, soak_until: datetime, now: datetime) -> Step | None:
    """As `next_step`, while a wave is watched, and after that.

    Who has committed and is silent is waited for. Where the bundle has more to show for itself, the next wave waits for it
    no longer than a deadline.
    """
    unheard = unheard_of(course)
    if now < soak_until:
        return None
    if unheard and now > soak_until + AWAY:
        return Fail({m.device: f"committed, then {silence_of(m)}" for m in unheard})
    bad = sum(m.state in BAD or m.suspect for m in course.in_play)
    few = course.wave > 0 and bad + len(unheard) < _limit(course)
    if unheard and not (few and now > course.deadline_at):
        return None
    return Open(min(m.wave for m in course.later))


def _is_canary(member: Member, course: Course) -> bool:
    """Whether nobody had proved the bundle before this device was told."""
    return member.wave == 0 or course.wave == 0


def _limit(course: Course) -> int:
    """So many failures stop a rollout."""
    return max(TOLERATED_DEVICES, math.ceil(TOLERATED_SHARE * len(course.in_play)))


def _stop_reason(course: Course) -> str:
    """Why a rollout must not go on, in words; empty when it may."""
    bad = [m for m in course.in_play if m.state in BAD]
    canary = [m for m in bad if _is_canary(m, course)]
    if canary:
        return f"the first wave failed: {_told(canary)}"
    limit = _limit(course)
    if len(bad) >= limit:
        return f"{len(bad)} devices failed, {limit} stop a rollout: {_told(bad)}"
    return ""


def _told(members: Sequence[Member]) -> str:
    shown = "; ".join(f"{m.device} {m.state}: {m.error or 'no reason given'}" for m in members[:3])
    more = len(members) - 3
    return f"{shown}; and {more} more" if more > 0 else shown


def _end(course: Course) -> Finish:
    """How a rollout ends of which every device has ended: done is only what all have committed."""
    counted = [m for m in course.members if not (m.revoked and m.state == "superseded")]
    total = len(counted)
    bad = sum(m.state in BAD for m in counted)
    gone = sum(m.state == "superseded" for m in counted)
    yielded = f"{gone} of {total} devices were given a newer rollout before they committed"
    if bad:
        reason = f"{bad} of {total} devices did not commit"
        return Finish("failed", f"{reason}; {yielded}" if gone else reason)
    if not total:
        return Finish("superseded", "all of its devices were revoked")
    return Finish("superseded", yielded) if gone else Finish("done", "")
