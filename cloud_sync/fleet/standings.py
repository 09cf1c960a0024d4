"""How each device of a rollout stands, in words: state, since when, and why.

One wording for page, command line and API; nothing is decided or written here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from cloud_sync.fleet import waves
from cloud_sync.fleet.judgement import held_by
from cloud_sync.fleet.reach import AWAY, Course, Member, deadline_of, silence_of, unheard_of
from cloud_sync.store.models import Deployment, Rollout
from kits.core.sample import utc_now


def waits_for(session: Session, rollout: Rollout) -> str:
    """What a rollout that is under way waits for, and what a person can do; empty when it goes its way."""
    members = waves.members_of(session, [rollout.id])[rollout.id]
    return waits_of(waves.course_of(rollout, members), utc_now())


@dataclass(frozen=True, slots=True)
class Standing:
    """One device of a rollout; `wave` counts from 1, `before` is the bundle it ran before."""

    device: str
    wave: int
    state: str
    since: datetime
    reason: str
    before: str


def of(session: Session, rollout: Rollout) -> list[Standing]:
    """All devices of a rollout, in its order."""
    members = waves.members_of(session, [rollout.id])[rollout.id]
    course, known = waves.course_of(rollout, members), {m.device: m for m in members}
    return [
        Standing(
            d.device, d.wave + 1, d.state, d.updated_at, reason_of(d, known[d.device], course),
            d.previous_bundle,
        )
        for d in rollout.deployments
    ]  # fmt: skip


def waits_of(course: Course, now: datetime) -> str:
    """As `waits_for`, of what is known."""
    if course.state not in ("running", "paused"):
        return ""
    words = [held_words(course, now), _unreached(course)]
    return "; ".join(word for word in words if word)


def held_words(course: Course, now: datetime) -> str:
    """Who keeps it from spreading by its silence, and what to do; empty: nobody.

    A device that has committed has a deadline's time to be heard of before a person is troubled.
    """
    soaked = course.soak_until is not None and now > course.deadline_at
    held = held_by(course) or (unheard_of(course) if soaked else [])
    if not held:
        return ""
    named = ", ".join(m.device for m in held[:3]) + (" and others" if len(held) > 3 else "")
    took = "took the bundle and" if held[0].unfinished else "committed and"
    return f"it does not spread: {named} {took} cannot be heard; look there, or abort the rollout"


def _unreached(course: Course) -> str:
    """Who gets it later."""
    away = sum(m.missed and not m.took for m in course.in_play)
    total = len(course.members)
    return f"{away} of {total} devices are away and get it when they are back" if away else ""


def reason_of(deployment: Deployment, member: Member, course: Course) -> str:
    """Why a device is in its state, or what is waited for."""
    if not member.unfinished:
        return _reason_of_end(member, course)
    if course.state in ("running", "paused") and member.missed:
        return _reason_of_missed(member, course)
    if course.state in ("running", "paused") and deployment.begun_at is None:
        return _reason_of_pending(member, course)
    words = [member.error]
    if member.waits_for and member.waits_for not in member.error:
        words.append(f"waits for {member.waits_for}")
    if member.waits_for:
        words.append(f"counts as silent at {_time(deadline_of(member, course))}")
    return "; ".join(word for word in words if word) or "under way"


def _reason_of_missed(member: Member, course: Course) -> str:
    if member.took:
        until = _time(deadline_of(member, course))
        return (
            f"took the bundle, then {silence_of(member)}: look there; counts as failed at {until}"
        )
    return f"away, {silence_of(member)}: gets the bundle when it is back"


def _reason_of_pending(member: Member, course: Course) -> str:
    if member.wave > course.wave:
        return f"waits for wave {member.wave + 1}"
    if course.state == "paused":
        return "the rollout is paused"
    if member.online:
        return "told, has not begun"
    heard = f"last heard of {_time(member.heard_at)}" if member.heard_at else "never heard of"
    return f"offline, {heard}"


def _reason_of_end(member: Member, course: Course) -> str:
    if member.state != "committed":
        return member.error or "no reason given"
    if member.left:
        return "runs what a newer rollout gave it"
    soaked = course.soak_until is not None and utc_now() >= course.soak_until
    if soaked and course.soak_until and course.state == "running" and member in unheard_of(course):
        return (
            "silent at the end of the soak: must be heard of by"
            f" {_time(course.soak_until + AWAY)}, else it counts as failed"
        )
    return "proved itself on probation"


def _time(at: datetime) -> str:
    return f"{at:%d %b %H:%M} UTC"
