"""What a CRM must be able to do, and the values that come from there and go there.

A new CRM is a folder with a class of this protocol (`client.py`) and a function that reads its messages (`events.py`), a
scheme they are verified by, and a line in `table.py`. When a lead is scored, and what is written when, is not known here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol, runtime_checkable

from cloud_sync.crm.client.budget import Budget
from cloud_sync.crm.connection.settings import CrmSettings
from cloud_sync.effects.checks import Check
from cloud_sync.store.types import JsonObject

Met = Callable[[str, str], bool]
"""Column and value → whether the bundle that scores the leads met this value there in training."""
What = Literal["created", "changed", "deleted", "merged", "joined", "erased"]
"""What happened to a record; merged: it went into another one, which joined it; erased: the person is to be forgotten,
everywhere."""


@dataclass(frozen=True, slots=True)
class Request:
    """A message as it came: nothing of it is believed before a scheme has verified it.

    Attributes:
        url: as the CRM called it: the public address, with path and query as they came.
        headers: names in lower case.
        peer: address of who sent it, behind the proxy that is trusted; empty: not known.
        tail: what follows the connection's name in the path: the secret of some schemes.
        called: its address by the `Host` it names, which anybody can write: for telling what is wrong, for nothing else.
    """

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes
    peer: str = ""
    tail: str = ""
    called: str = ""


@dataclass(frozen=True, slots=True)
class CrmEvent:
    """One thing a CRM says has happened to a record. A hint: the record is read anew before it is scored.

    Attributes:
        event_id: names it for ever within the connection; the same event delivered again has the same.
        fields: which fields changed; None: not said.
        ours: the CRM says that our own credentials changed it.
        skip: why nothing is to be done about it; empty: it makes the lead due.
        body: as it came, unknown keys included.
        into: of a merge, the record it went into; empty: the CRM does not say.
    """

    event_id: str
    object_id: str
    what: What
    at: datetime
    fields: frozenset[str] | None = None
    ours: bool = False
    skip: str = ""
    body: JsonObject = field(default_factory=dict)
    into: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the CRM is to be answered once its events are stored (Salesforce wants an `Ack`)."""

    body: bytes = b"{}"
    media_type: str = "application/json"
    status: int = 200


@dataclass(frozen=True, slots=True)
class Record:
    """A lead as the CRM has it now.

    Attributes:
        fields: its columns, by the CRM's own names; values as `kits.lead_scoring` takes them (JSON).
        modified_at: what is older than this never overwrites it.
        outcome: won, lost, or empty while it is open.
        opted_out: it says that this person does not want to be scored.
        persons: addresses and names, read to tell test leads only (`CrmSettings.persons`); stored nowhere.
        archived: it was put away there: nobody works on it, and it takes no score until it is back.
    """

    object_id: str
    fields: JsonObject
    modified_at: datetime
    created_at: datetime | None = None
    outcome: Literal["won", "lost", ""] = ""
    outcome_at: datetime | None = None
    opted_out: bool = False
    persons: tuple[str, ...] = field(default=(), repr=False)
    archived: bool = False


@dataclass(frozen=True, slots=True)
class ScoreWrite:
    """What a CRM shall show of one lead.

    Attributes:
        version: rises with every change of this lead's score.
        points: 1 to 99.
        probability, percentile: 0 to 1.
        band: hot, warm or cold; empty together with everything else when the score is to be taken away.
        reasons: sentences, each marked (+) where it speaks for the lead and (−) where against; those that speak with
            the score first.
        trend: improving, steady, declining; empty for a first score by a bundle.
        since: when this version came to be. It names the write together with lead and version: a connection that was
            removed and is added again, and a restored hub, count versions anew.
    """

    object_id: str
    version: int
    points: int | None
    probability: float | None
    percentile: float | None
    band: str
    reasons: tuple[str, ...]
    trend: Literal["improving", "steady", "declining", ""] = ""
    scored_at: datetime | None = None
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class WriteOutcome:
    """What became of one write.

    Attributes:
        retry: False when the same again cannot succeed.
        into: records one of which was written in its place, because this one was merged into it.
    """

    object_id: str
    ok: bool
    error: str = ""
    retry: bool = True
    gone: bool = False
    into: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """Events since a cursor, and where to go on."""

    events: tuple[CrmEvent, ...]
    cursor: str
    more: bool = False


@dataclass(frozen=True, slots=True)
class Listed:
    """A record that a list names, without its columns.

    Attributes:
        modified_at: as in `Record`.
        decided: it was won or lost.
    """

    object_id: str
    modified_at: datetime
    decided: bool = False


@dataclass(frozen=True, slots=True)
class Listing:
    """A page of a list of records, and where to go on; `more` is False when all were named."""

    records: tuple[Listed, ...]
    cursor: str
    more: bool = False


def forgets(_name: str, _value: str) -> None:
    """For secrets that never change by themselves."""


def nothing_met(_column: str, _value: str) -> bool:
    """Where no bundle is in force, or it does not tell."""
    return False


def alone() -> float:
    """The share of who asks a CRM alone."""
    return 1.0


@dataclass(frozen=True, slots=True)
class Access:
    """What a CRM's class is made from.

    Attributes:
        name: of the connection, for errors.
        settings: with the kind's defaults filled in (`table.py`).
        secrets: by the names of `table.py`; never in a repr.
        share: of the connection's requests that this process may send, above 0 and up to 1.
        remember: keeps a secret that the CRM has changed (Salesforce turns refresh tokens over): name, value.
        met: what its bundle knows of the columns' values.
    """

    name: str
    settings: CrmSettings
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    remember: Callable[[str, str], None] = forgets
    share: Callable[[], float] = alone
    met: Met = nothing_met


class Crm(Protocol):
    """A CRM's API; what its messages say is for `events.py` beside it, which needs no credentials.

    All methods raise `DeliveryError` (`effects/targets.py`) when it does not do as asked.
    """

    kind: str
    """As in `CrmSettings.kind`."""
    batch: int
    """How many leads one write may carry."""
    singly: bool
    """Whether each of them takes a request of its own."""
    polls: bool
    """Whether `changed_since` is to be asked."""
    budget: Budget
    """How often it may be asked, and what is left of the day."""

    def read(self, object_ids: Sequence[str]) -> list[Record]:
        """The records as they are now, at most `batch` at once; those that are gone are left out."""
        ...

    def labels(self) -> Mapping[str, str]:
        """Column → what people call it in the CRM, as of the last reading; what nobody calls otherwise is left out."""
        ...

    def changed_since(self, cursor: str) -> Page:
        """What happened since; an empty cursor begins now. For CRMs that are asked."""
        ...

    def listed(self, cursor: str, since: datetime | None) -> Listing:
        """A page of all records that are there, the newest first; an empty cursor begins.

        What is there all the time is named at least once, whatever changes meanwhile; the order is one that a change
        of a record does not touch. For kinds that have lists (`table.py`).

        Args:
            since: only what was changed then or later, by the CRM's clock; None: everything.
        """
        ...

    def write(self, writes: Sequence[ScoreWrite]) -> list[WriteOutcome]:
        """Writes scores, at most `batch`; an outcome for each. Raises DeliveryError when none was taken."""
        ...

    def make_fields(self) -> list[Check]:
        """Creates the fields scores are written to, where they are missing."""
        ...

    def check(self) -> list[Check]:
        """What is there and what is missing, rights included; changes nothing."""
        ...


@runtime_checkable
class Chooses(Protocol):
    """A CRM that tells which values a field may have."""

    def choices(self, field: str) -> Mapping[str, str]:
        """Value → what people call it; empty where a field takes any, or the CRM does not say. Raises DeliveryError."""
