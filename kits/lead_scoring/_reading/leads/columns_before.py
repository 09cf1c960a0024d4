"""Columns that the leads that are there have, and those that are added to them lack: renamed, or in a table that was not brought along."""

from __future__ import annotations

from collections.abc import Sequence

from kits.core.column_names import squeezed
from kits.core.kit import Finding
from kits.lead_scoring._reading.columns.known import Known
from kits.lead_scoring._reading.leads.before import Before

_HALF = 0.5
_SHOWN = 5


def columns_gone(known: Known, before: Before) -> Finding | None:
    """What is said of columns that most of the latest leads have, and a table to be added to them has not; None: there is none."""
    here = {squeezed(name) for name in (*known.sheet.columns, *known.columns, *known.names)}
    gone = [name for name, share in before.filled.items() if share > _HALF and squeezed(name) not in here]  # fmt: skip
    if not gone:
        return None
    there = {squeezed(name) for name in before.filled}
    new = [name for name in known.names if squeezed(name) not in there]
    told = f"these leads lack {_listed(gone)}, which the leads before them have"
    if new:
        told += f", and have {_listed(new)}, which those lack"
    return Finding(
        "columns-gone",
        "warn",
        f"{told}: for learning a column that was renamed is two, each empty for a part of the leads",
        (*gone, *new),
        "call a column that was renamed as before and import again; bring tables that were joined along with the leads; else nothing",
    )


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(sorted(names)[:_SHOWN]) + more
