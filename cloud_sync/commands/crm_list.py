"""The verb `crm list`: one row for each connection, as wide as the terminal. What a row is about is `crm/connection/health.py`."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from cloud_sync.commands.options import DATA, DataOption, JsonOption, opened, table
from kits.core.console import Console

if TYPE_CHECKING:
    from cloud_sync.crm.connection.health import Health

WIDTH = 160
"""Characters of a row where it goes into a file or a pipe."""
LEAST = 16
"""Characters that the state has at least, with what the CRM said last."""
STATE = "state"
WAY = ("last event", "kind", "project", "sweep")
"""Columns that give way to it, in this order."""
_GAP = 2


def crm_list(data: DataOption = DATA, as_json: JsonOption = False) -> None:
    """List connections, and what waits there; `crm show NAME` has the whole of what is wrong."""
    from cloud_sync.crm.connection.health import connections
    from kits.core.sample import utc_now

    console = Console(as_json)
    with opened(data) as hub, hub.database.session() as session:
        found = connections(session, utc_now())
    width = shutil.get_terminal_size((WIDTH, 24)).columns
    console.answer(fitted([_row(one) for one in found], width), [one.as_json() for one in found])
    if not found:
        console.next(f"cloud-sync crm add NAME --kind hubspot --project PROJECT --data {data}")
        return
    failing = next((one.name for one in found if one.error), "")
    waiting = next((one.name for one in found if one.dead), "")
    if waiting or failing:
        verb = f"retry {waiting}" if waiting else f"show {failing}"
        console.next(f"cloud-sync crm {verb} --data {data}")


def _row(one: Health) -> dict[str, str]:
    last = one.last_event_at
    return {
        "name": one.name, "kind": one.kind, "project": one.project or "–",
        STATE: " ".join(f"{one.state}: {one.error}".split()) if one.error else one.state,
        "leads": f"{one.leads:,}", "due": f"{one.due:,}", "write": f"{one.waiting:,}", "dead": f"{one.dead:,}",
        "sweep": _swept(one),
        "last event": last.strftime("%Y-%m-%d %H:%M UTC") if last else "never",
    }  # fmt: skip


def _swept(one: Health) -> str:
    if not one.swept:
        return "–"
    listed = f"{one.sweep['listed']:,}"
    return {"none": "not yet", "running": f"under way: {listed}"}.get(
        str(one.sweep["state"]), listed
    )


def fitted(rows: Sequence[Mapping[str, str]], width: int) -> str:
    """A table no wider than this, as long as names and figures let it be: the state is shortened, some columns give way."""
    if not rows:
        return table([], ())
    widths = {key: max(len(key), *(len(row[key]) for row in rows)) for key in rows[0]}
    for count in range(len(WAY) + 1):
        shown = [key for key in widths if key not in WAY[:count]]
        room = width - sum(widths[key] + _GAP for key in shown if key != STATE)
        if room >= min(LEAST, widths[STATE]):
            break
    return table([[_cut(row, key, room) for key in shown] for row in rows], shown)


def _cut(row: Mapping[str, str], key: str, room: int) -> str:
    text = row[key]
    most = max(room, LEAST)
    return text if key != STATE or len(text) <= most else text[: most - 1] + "…"
