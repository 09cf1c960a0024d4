"""The values of a pretended CRM: changes, events, messages, and how it tries again. No behaviour."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from pydantic import JsonValue

What = Literal["created", "changed", "deleted", "merged"]
Fields = dict[str, JsonValue]


@dataclass(frozen=True, slots=True)
class Change:
    """Something that happened to one record.

    Attributes:
        values: what was set, by the CRM's own names.
        previous: what stood there before.
        by: `user`, or `api` for a program with a key: the hub's own write-back, for example.
        state: all fields afterwards; for messages that carry the whole record.
    """

    object_id: str
    what: What
    at: datetime
    values: Mapping[str, JsonValue]
    previous: Mapping[str, JsonValue]
    by: Literal["user", "api"]
    state: Mapping[str, JsonValue]


@dataclass(frozen=True, slots=True)
class SimEvent:
    """What the CRM tells of a change; one change may be several.

    Attributes:
        event_id: the same whenever it is sent again.
        field: the one field it is about; empty: the whole change.
    """

    event_id: str
    change: Change
    field: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    """One request to the hub."""

    headers: Mapping[str, str]
    body: bytes
    path: str = ""
    """What comes after the hub's address."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """How a CRM delivers and tries again. All times are real ones; the sender divides them by its time scale.

    Attributes:
        timeout_s: an answer later than this is none.
        waits_s: before the second attempt, the third, …; after the last one the event is lost.
        jitter: each wait is longer or shorter by up to this share.
        final: statuses after which it does not try again.
        only: statuses after which it tries again, and after no other, nor after silence; empty: after all.
        honours_retry_after: waits at least as long as a 429 says.
        disabled_by: statuses after which the webhook is switched off.
        ban_after: after so many first attempts that failed nothing is sent for `ban_s`: what happens then is lost, and
            what still waits.
        dead_after_s: without one success for so long the webhook is deleted; 0: never.
    """

    timeout_s: float
    waits_s: tuple[float, ...]
    jitter: float = 0.0
    final: frozenset[int] = frozenset()
    only: frozenset[int] = frozenset()
    honours_retry_after: bool = False
    disabled_by: frozenset[int] = frozenset()
    ban_after: int = 0
    ban_s: float = 0
    dead_after_s: float = 0


def doubling_waits(first_s: float, longest_s: float, all_s: float) -> tuple[float, ...]:
    """Waits that are twice as long each time, up to the longest, as many as fit into `all_s` seconds."""
    waits: list[float] = []
    while sum(waits) <= all_s:
        waits.append(min(first_s * 2 ** len(waits), longest_s))
    return tuple(waits[:-1])


@dataclass
class Written:
    """What programs wrote into one record.

    Attributes:
        times: how many writes came.
        same: how many of them changed nothing.
        values: the last ones.
        course: the last writes, oldest first.
    """

    times: int = 0
    same: int = 0
    values: Fields = field(default_factory=dict)
    course: list[Fields] = field(default_factory=list)


@dataclass
class Held:
    """A record as the CRM holds it.

    Attributes:
        fields: by the CRM's own names.
        columns: the same by the made-up world's; empty for a lead from a file.
        truth: how probably it is won.
        fate: what will become of it, where that is known from a file; `after`: what is filled in then.
        outcome: won, lost, or empty while it is open.
        version: rises with every change.
        merged_into: the record that it went into; empty: none.
        made_of: ids of the records that became this one.
        written_last: a program made the last change.
    """

    object_id: str
    fields: Fields
    created_at: datetime
    modified_at: datetime
    columns: dict[str, str | float | bool] = field(default_factory=dict)
    truth: float = 0.0
    fate: str = ""
    after: Fields = field(default_factory=dict)
    outcome: str = ""
    outcome_at: datetime | None = None
    deleted: bool = False
    merged_into: str = ""
    made_of: list[str] = field(default_factory=list)
    version: int = 1
    written_last: bool = False
    written: Written = field(default_factory=Written)
