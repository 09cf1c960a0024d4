"""What the ledger keeps of a decided mail, and rows of it that wait for the outbox."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from kits.core.events import EventClass

State = Literal["decided", "acted"]
FIELDS = (
    "sample_id, message_id, who, state, folder, validity, uid, verdict, label, bundle, audit, at,"
    " filed_to, plan, row, content, media_type, worth, sealed, draft_id, fate, gone_at, said_label,"
    " attempts"
)
NAMES = tuple(name.strip() for name in FIELDS.split(","))


@dataclass(frozen=True, slots=True)
class MailRecord:
    """A decided mail.

    Attributes:
        who: its correspondent, as a keyed digest of the address.
        folder, validity, uid: where it lay when it was decided.
        audit: whether it was left to a person to learn the true error rate.
        at: when it was decided, seconds since 1970.
        filed_to: where it was put, empty while it lies where it was.
        plan: what is to be done, JSON.
        row: the decision's row, JSON; empty once the outbox was given it.
        content: bytes that travel with the row; None: none.
        sealed: the draft, readable with the correspondent's key only.
        draft_id: Message-ID of the draft; empty: none.
        fate: what became of the draft; empty: it is not known yet.
        gone_at: since when the draft is not in its folder any more, seconds since 1970.
        said_label: the intent a person gave it by filing it; empty: none.
        attempts: at acting on it that the server refused.
    """

    sample_id: str
    message_id: str
    who: str
    state: State
    folder: str
    validity: int
    uid: int
    verdict: str
    label: str
    bundle: str
    audit: bool
    at: float
    filed_to: str = ""
    plan: str = "{}"
    row: str = ""
    content: bytes | None = None
    media_type: str = ""
    worth: float = 0.0
    sealed: bytes | None = None
    draft_id: str = ""
    fate: str = ""
    gone_at: float | None = None
    said_label: str = ""
    attempts: int = 0

    @classmethod
    def of(cls, row: Sequence[Any]) -> MailRecord:
        """From a row of `FIELDS`."""
        values = list(row)
        values[10] = bool(values[10])
        return cls(*values)

    @property
    def values(self) -> tuple[object, ...]:
        """In the order of `FIELDS`."""
        return tuple(getattr(self, name) for name in NAMES)


@dataclass(frozen=True, slots=True)
class UntoldRow:
    """A row for the outbox that is not known to be committed there."""

    number: int
    klass: EventClass
    worth: float
    body: str
    media_type: str
    content: bytes | None
