"""What one vendor's pretended CRM is made of, and what all of them have in common.

A vendor is a file with a class of this kind and a line in `simulator.py`. It says how columns are called there, which
events a change makes, how they are signed and sent, and what its API answers.
"""

from __future__ import annotations

import hashlib
import itertools
import secrets
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar

from fastapi import FastAPI
from pydantic import JsonValue

from cloud_sync.crm.connection.secrets import Secrets
from cloud_sync.crm.simulator.access import Day, Limiter, Rights, Tokens
from cloud_sync.crm.simulator.firms import Firms
from cloud_sync.crm.simulator.queue import Waiting
from cloud_sync.crm.simulator.records import Shown
from cloud_sync.crm.simulator.signing import SIGNERS, ToSign
from cloud_sync.crm.simulator.values import (
    Change,
    Fields,
    Message,
    Schedule,
    SimEvent,
)
from cloud_sync.crm.simulator.world import COLUMNS, Value
from cloud_sync.pretended import Troubles

_FIRST_IDS = 9_000_000_000
"""The first event has a number below: ten digits, which Salesforce's ids have room for."""


@dataclass
class State:
    """What a vendor's API and messages are about.

    Attributes:
        now: the CRM's clock, aware.
        records: as the user of its API sees them.
        custom: fields that somebody added: name → the vendor's own description of them.
        firms: that leads belong to.
        world_columns: columns of the made-up world, and those of leads from a file.
    """

    seed: int
    secrets: Secrets
    now: Callable[[], datetime]
    records: Shown
    tokens: Tokens
    rights: Rights
    limiter: Limiter
    troubles: Troubles
    day: Day
    custom: dict[str, Fields] = field(default_factory=dict)
    firms: Firms = field(default_factory=Firms)
    world_columns: dict[str, None] = field(default_factory=lambda: dict.fromkeys(COLUMNS))


class Vendor(ABC):
    """One pretended CRM.

    Attributes:
        kind: as in `CrmSettings.kind`.
        scheme: how its messages are signed, unless somebody says otherwise.
        names: column of the made-up world → its name there.
        every_right: what a user of its API may be allowed.
        limit: requests, and in how many seconds.
        token_life_s: how long an access token is good.
    """

    kind: ClassVar[str]
    scheme: ClassVar[str] = "standard"
    names: ClassVar[Mapping[str, str]] = {}
    things: ClassVar[tuple[str, ...]] = ()
    """What a lead may be there; the first is the default. Empty: there is no choice."""
    own_columns: ClassVar[tuple[str, str]] = ("id", "created_at")
    """What an export calls a lead's id and its creation."""
    every_right: ClassVar[frozenset[str]] = frozenset({"read", "write", "fields"})
    limit: ClassVar[tuple[int, float]] = (0, 10)
    token_life_s: ClassVar[float] = 1800
    access_prefix: ClassVar[str] = "sim-access-"
    looks: ClassVar[str] = "whsec"
    """How its webhook secret looks: `whsec`, `uuid`, `pair` (USER:PASSWORD) or `path`."""
    keys: ClassVar[tuple[str, ...]] = ("token",)
    """Names of its API's secrets."""
    fixed_key: ClassVar[str] = ""
    """Name of the one that is an access token for ever; empty: all tokens end."""
    merges_anew: ClassVar[bool] = False
    """Whether a new record is made of two that are merged; else one of them stays."""
    counts_tokens: ClassVar[bool] = False
    """Whether requests cost tokens, of which it has so many in a day."""
    batch: int = 1
    schedule: Schedule

    def __init__(self, state: State, scheme: str = "", thing: str = "") -> None:
        self.state = state
        self.signs = scheme or self.scheme
        self.thing = thing or (self.things[0] if self.things else "")
        # another start has other ids: a hub that knows those of the last one would take its events for repetitions
        self._ids = itertools.count(1 + secrets.randbelow(_FIRST_IDS))

    @classmethod
    def rights(cls, _thing: str, /) -> frozenset[str]:
        """What a user of its API may be allowed, where leads are this."""
        return cls.every_right

    def make_id(self, number: int) -> str:
        """The id of record `number`, from 1."""
        return str(100_000 + number)

    @staticmethod
    def has_id(text: str) -> bool:
        """Whether an id has the form of this CRM's."""
        return text.isascii() and text.isdigit() and len(text) < 16 and text[0] != "0"

    def cell(self, _column: str, value: Value, /) -> JsonValue:
        """A value as this CRM holds it."""
        return value

    def fields(self, columns: Mapping[str, Value]) -> Fields:
        """Columns by this CRM's names; one that has none there keeps its own."""
        return {
            self.names.get(name, name): self.cell(name, value) for name, value in columns.items()
        }

    def export(self, fields: Fields) -> Fields:
        """Fields as an export to CSV shows them."""
        return fields

    def firms(self) -> list[Fields]:
        """The firms that leads belong to, as an export of their own shows them; none where that of leads does."""
        return []

    def fresh(self) -> Fields:
        """Fields every new record has besides."""
        return {}

    @abstractmethod
    def outcome(self, outcome: str, at: datetime) -> Fields:
        """The fields that say that a lead was won or lost."""

    def settings(self, _url: str, /) -> Fields:
        """What a hub's connection to it needs besides kind, address and secrets, as `CrmSettings` names it."""
        return {}

    def events(self, change: Change) -> list[SimEvent]:
        """What it tells of a change."""
        return [SimEvent(self.event_id(), change)]

    def heard(self, change: Change, /) -> None:
        """Something happened to a record: for a CRM with a stream that can be replayed."""
        del change  # most tell by messages, or are asked by time

    def event_id(self) -> str:
        """The next one: a UUID, the same in the same order for the same seed."""
        digest = hashlib.sha256(f"{self.kind}:{self.state.seed}:{next(self._ids)}".encode())
        text = digest.hexdigest()
        return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-a{text[17:20]}-{text[20:32]}"

    @abstractmethod
    def message(self, waiting: Sequence[Waiting], url: str) -> Message:
        """The request that carries these events."""

    def taken(self, status: int, _body: bytes, /) -> bool:
        """Whether this answer means that they arrived."""
        return 200 <= status < 300

    @abstractmethod
    def routes(self, app: FastAPI) -> None:
        """Adds its API to `app`."""

    def signed(self, url: str, body: bytes, message_id: str) -> dict[str, str]:
        """Headers by the scheme in force."""
        now = self.state.now().timestamp()
        ask = ToSign(url, body, now, message_id, self.state.secrets.webhook)
        headers = SIGNERS[self.signs](ask)
        return {"Content-Type": "application/json", **headers}


def millis(at: datetime) -> int:
    """Milliseconds since 1970."""
    return int(at.timestamp() * 1000)


def iso(at: datetime) -> str:
    """`2026-05-01T09:00:00.000Z`."""
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"
