"""Correspondence: what a runtime offers beside `predict` when its samples are letters that may be answered.

Protocols and values only. The runtime says which records it needs, what a writer may see and which
sentences stand up to a check; fetching records, asking a writer and putting the draft into a mailbox
are the agent's work. Nothing here sends anything.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from pydantic import JsonValue

from kits.core.prediction import Draft, Prediction
from kits.core.runtime import Payload


@dataclass(frozen=True, slots=True)
class Lookup:
    """A record that a reply needs: `kind` as `order`, `key` as the order's number in the mail."""

    kind: str
    key: str


@dataclass(frozen=True, slots=True)
class Record:
    """What a firm's own system answered to a lookup.

    Attributes:
        fields: flat, typed by its client; empty when there is no such record.
    """

    lookup: Lookup
    fields: Mapping[str, JsonValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of the firm's own knowledge base; `source` names file and place."""

    source: str
    text: str
    score: float = 0.0


@dataclass(frozen=True, slots=True)
class Brief:
    """All that a writer outside this process may see: no personal data, no records, no addresses.

    Attributes:
        thread: what the customer wrote, personal data replaced by placeholders (`<EMAIL_1>`).
        language: ISO 639-1 code the answer is to be in.
    """

    thread: str
    language: str
    intent: str
    passages: tuple[Passage, ...]


@runtime_checkable
class Correspondent(Protocol):
    """A runtime whose samples may be answered."""

    def lookups(self, payload: Payload, prediction: Prediction) -> tuple[Lookup, ...]:
        """Records worth having before a reply is drafted."""

    def brief(self, payload: Payload, prediction: Prediction) -> Brief | None:
        """What a writer may see; None when there is nothing to write about, or nobody to answer."""

    def draft(
        self,
        payload: Payload,
        prediction: Prediction,
        records: Sequence[Record] = (),
        written: str = "",
    ) -> Draft | None:
        """A reply in which every sentence is cited, a template's, or filled from a record.

        Args:
            written: a writer's proposal; what cannot be verified in it is cut. Empty: from templates and passages.

        Returns:
            None when there is nobody to answer (a machine wrote it) or nothing to say.
        """
