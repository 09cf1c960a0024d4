"""How much was ever pruned here, by kind: one setting, to which each turn adds what went in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from pydantic import JsonValue
from sqlalchemy.orm import Session

from cloud_sync.store.models import Setting

SETTING = "pruned"


def pruned_ever(session: Session) -> dict[str, int]:
    """Kind → how much was ever pruned here."""
    row = session.get(Setting, SETTING)
    return {k: n for k, n in (row.value if row else {}).items() if isinstance(n, int)}


def add_pruned(session: Session, pruned: Mapping[str, int]) -> None:
    """Adds what one turn removed; any number of processes may add at a time."""
    row = session.get(Setting, SETTING, with_for_update=True)
    sums: dict[str, JsonValue] = dict(Counter(pruned_ever(session)) + Counter(pruned))
    if row is None:
        session.add(Setting(key=SETTING, value=sums))
    else:
        row.value = sums
