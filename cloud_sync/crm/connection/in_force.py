"""Which settings of a connection are in force, and who said so: a person, the kind of CRM, the bundle, or nobody.

For people and `--json`; what a secret is, is not told here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import JsonValue

from cloud_sync.crm.connection.changing import open_value
from cloud_sync.crm.connection.editing import flat
from cloud_sync.crm.connection.secrets import Secrets
from cloud_sync.crm.connection.settings import CrmSettings
from cloud_sync.crm.kinds.table import filled


@dataclass(frozen=True, slots=True)
class InForce:
    """One setting. `source`: you, the kind's name, the bundle, or default."""

    key: str
    value: JsonValue
    source: str


def settings_in_force(settings: CrmSettings, learned: Sequence[str]) -> list[InForce]:
    """All settings.

    Args:
        learned: columns that the bundle in force learned from; empty: there is none, or it does not say.
    """
    usual = flat(CrmSettings(kind=settings.kind))
    said, counts = flat(settings), flat(filled(settings))
    found = []
    for key, value in counts.items():
        source = "default"
        if said[key] != usual.get(key) or key == "kind":
            source = "you"
        elif value != said[key]:
            source = settings.kind
        if key == "columns" and not value and learned:
            found.append(InForce(key, [*learned], "bundle"))
        else:
            found.append(InForce(key, open_value(key, value), source))
    return found


def secrets_held(secrets: Secrets) -> list[str]:
    """What secrets there are, by name and number."""
    count = len(secrets.webhook)
    messages = [f"of messages ({count})"] if count else []
    return messages + [f"{name} of its API" for name in sorted(secrets.api)]
