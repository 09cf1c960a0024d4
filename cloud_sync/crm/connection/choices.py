"""Whether the values that are said to mean won or lost are among the CRM's own: a value that no record has teaches nothing.

It is told and never refused: people may add a choice there later.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from cloud_sync.crm.connection.settings import CrmSettings
from cloud_sync.crm.kinds.base import Chooses, Crm
from cloud_sync.crm.kinds.table import filled
from cloud_sync.effects.checks import Check
from cloud_sync.effects.targets import DeliveryError
from kits.core.errors import closest

_NAMED = 10
"""Choices that are named."""
_VALUE = 40
"""Characters of a value that is shown."""


def check_outcome(crm: Crm, settings: CrmSettings) -> Iterator[Check]:
    """A check for each of won and lost that has a value which the outcome's field has not.

    Args:
        settings: as a person said them: the values that are usual for a kind need not be there in each CRM.
    """
    said = {"won": settings.outcome.won, "lost": settings.outcome.lost}
    field = filled(settings).outcome.field
    if not (field and any(said.values()) and isinstance(crm, Chooses)):
        return
    try:
        choices = crm.choices(field)
    except DeliveryError:
        return  # that it does not answer, or not us, `Crm.check` has told
    known = {value.casefold() for value in choices}
    for part, values in said.items():
        odd = [value for value in values if value.strip().casefold() not in known]
        if choices and odd:
            shown = ", ".join(repr(value[:_VALUE]) for value in odd[:_NAMED])
            fix = f"{_meant(odd[0], choices)}; right if somebody adds it there"
            yield Check(f"outcome.{part}", True, f"{field} has no {shown}", fix)


def _meant(value: str, choices: Mapping[str, str]) -> str:
    """Which choice is meant, by its value or by its label, else which there are."""
    labels = {label.casefold(): own for own, label in choices.items() if label}
    words = labels | {own.casefold(): own for own in choices}
    own = words.get(closest(value.strip().casefold(), words))
    if own is not None:
        return f"did you mean {_shown(own, choices)}?"
    more = len(choices) - _NAMED
    named = ", ".join(_shown(one, choices) for one in list(choices)[:_NAMED])
    return f"there are: {named}" + (f" and {more} more" if more > 0 else "")


def _shown(own: str, choices: Mapping[str, str]) -> str:
    """`closedlost (Closed lost)`."""
    label = choices[own][:_VALUE]
    return own[:_VALUE] + (f" ({label})" if label and label != own else "")
