"""Intents that a firm's templates name, as its mails are labelled.

`Complaint` among those that are never answered is the `complaint` of the mails: two persons wrote them, at two times.
"""

from __future__ import annotations

from collections.abc import Collection

from kits.core.labelling import spelled_as
from kits.support_triage._drafting.templates import FirmTemplates

_BY_INTENT = ("needs", "facts", "answers", "pinned")
_USUAL = "oos"
"""Never answered where a firm says nothing."""


def as_labelled(firm: FirmTemplates, labels: Collection[str]) -> FirmTemplates:
    """The templates with the names that these labels have."""
    known = sorted(labels)
    changes: dict[str, object] = {}
    for name in _BY_INTENT:
        table = getattr(firm, name)
        spelled = {spelled_as(intent, known): said for intent, said in table.items()}
        changes[name] = {
            **spelled,
            **{intent: table[intent] for intent in table if intent in known},
        }
    changes["silent"] = tuple(dict.fromkeys(spelled_as(label, known) for label in firm.silent))
    return firm.model_copy(update=changes)


def unlabelled(firm: FirmTemplates, labels: Collection[str]) -> tuple[str, ...]:
    """Intents that the templates name and no label is."""
    named = {intent for name in _BY_INTENT for intent in getattr(firm, name)}
    return tuple(sorted({*named, *firm.silent} - {_USUAL, *labels}))
