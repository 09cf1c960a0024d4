"""Who of a rollout can be heard, and what silence says of the bundle. Pure: no tables, no clock.

A device that never took the bundle and is away says nothing of it: it is passed over, and gets the bundle when it is back.
One that took it and then fell silent says much: it is waited for, and counts against the bundle meanwhile. What follows for
the rollout is `judgement.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

FINAL = frozenset({"committed", "failed", "rolled_back", "superseded"})
"""States that a deployment does not leave by itself; the last is given by the hub alone."""
TAKEN = frozenset({"verifying", "building", "shadow", "active"})
"""States in which the bundle is on the device, or may have been begun with."""
LAST_WORD = timedelta(minutes=5)
"""Who was heard of within this much is there. Devices send a row about their health every minute."""
AWAY = timedelta(hours=72)
"""A device that took the bundle and is silent for so long counts as failed: a weekend, and some hours."""
SIGN_OF_LIFE = "a sign of life"
"""What the hub waits for, of a device that was silent at its deadline; no device says so itself."""


@dataclass(frozen=True, slots=True)
class Member:
    """A device of a rollout.

    Attributes:
        error: the reason of its state, in the device's words or the hub's.
        left: it runs another bundle now, which a newer rollout gave it.
        begun_at: when it first spoke of this deployment.
        waits_for: what keeps its installation, by its own word, or `SIGN_OF_LIFE`; `waited_until` is
            when that was last said, or when it went on.
        revoked: it is no device of this hub any more.
        overtaken: it is told a newer rollout.
    """

    device: str
    wave: int = 0
    state: str = "pending"
    error: str = ""
    online: bool = False
    heard_at: datetime | None = None
    left: bool = False
    begun_at: datetime | None = None
    waits_for: str = ""
    waited_until: datetime | None = None
    revoked: bool = False
    overtaken: bool = False

    @property
    def unfinished(self) -> bool:
        """Whether it may still commit."""
        return self.state not in FINAL

    @property
    def holds(self) -> bool:
        """Whether it has committed and runs the bundle still."""
        return self.state == "committed" and not self.left

    @property
    def missed(self) -> bool:
        """Whether it was silent at its deadline, and was not heard of since."""
        return self.unfinished and self.waits_for == SIGN_OF_LIFE

    @property
    def took(self) -> bool:
        """Whether the bundle may be what keeps it from speaking."""
        return self.state in TAKEN

    @property
    def suspect(self) -> bool:
        """Whether it took the bundle and is missed since."""
        return self.missed and self.took

    def is_silent(self, now: datetime) -> bool:
        """Whether nothing was heard of it lately."""
        return self.heard_at is None or now - self.heard_at > LAST_WORD


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

    @property
    def in_play(self) -> list[Member]:
        """The devices whose wave has begun; and those that were told, and then put into a later one."""
        return [m for m in self.members if m.wave <= self.wave or m.begun_at is not None]

    @property
    def open(self) -> list[Member]:
        """The devices of the open wave."""
        return [m for m in self.members if m.wave == self.wave]

    @property
    def later(self) -> list[Member]:
        """Those that were not told yet."""
        return [
            m
            for m in self.members
            if m.wave > self.wave and m.begun_at is None and m.unfinished and not m.revoked
        ]


def deadline_of(member: Member, course: Course) -> datetime:
    """When a device is late, or when one that is missed counts as failed.

    Its time counts from when it began. One that says what it waits for is not silent: its time counts from its last
    sign of life, and from the moment it went on.
    """
    if member.missed and member.waited_until is not None:
        return member.waited_until + AWAY
    at = course.deadline_at
    if member.begun_at is not None:
        at = max(at, member.begun_at + course.deadline)
    if member.waited_until is None:
        return at
    alive = member.heard_at if member.waits_for and member.heard_at else member.waited_until
    return max(at, max(alive, member.waited_until) + course.deadline)


def is_back(member: Member) -> bool:
    """Whether a device that was missed has been heard of since."""
    since, heard = member.waited_until, member.heard_at
    return member.missed and since is not None and heard is not None and heard > since


def is_late(member: Member, course: Course, now: datetime) -> bool:
    """Whether its time is over. It never is for one that is away and has not taken the bundle."""
    if member.missed and not member.took:
        return False
    return member.unfinished and now > deadline_of(member, course)


def late_reason(member: Member) -> str:
    """Why a device that did not commit in time has failed."""
    if member.missed:
        return f"took the bundle (was {member.state}), then {silence_of(member)}"
    if member.waits_for:
        return f"not committed (it waited for {member.waits_for})"
    said = f"was {member.state}" if member.state != "pending" else "it had not begun"
    why = f": {member.error}" if member.error else ""
    return f"not committed by the deadline ({said}{why})"


def silence_of(member: Member) -> str:
    """Since when nothing was heard, in words."""
    at = member.heard_at
    return f"not heard of since {at:%d %b %H:%M} UTC" if at else "never heard of"


def unheard_of(course: Course) -> list[Member]:
    """The committed devices of the open wave that were silent in the last part of its soak."""
    if course.soak_until is None or not course.soak:
        return []
    since = course.soak_until - min(LAST_WORD, course.soak / 2)
    return [
        m
        for m in course.open
        if m.state == "committed" and not m.revoked and (m.heard_at is None or m.heard_at < since)
    ]
