"""`alerts.md`: every alert that a device or the hub can raise, from the tables they declare.

The programs are looked up by name, so the toolchain depends on none of them.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable

from kits.core.alerts import AlertInfo
from kits.toolchain.reference_tables import NOTE, table

_TABLES = (
    ("edge_agent.known_alerts", "Of devices"),
    ("cloud_sync.effects.known_alerts", "Of the hub"),
)


def render_alerts() -> str:
    """`alerts.md`."""
    parts = [
        "# Alerts\n",
        NOTE,
        "They stand on the hub's page *Alerts*, and go to a webhook and to mail as "
        "[configured](../how-to/get-told-of-alerts.md). A device shows its own in "
        "`edge-agent status`, with or without a hub. What is over closes by itself where the "
        "program can know it; the rest is closed by *Acknowledge* on the page. For a device, severity "
        "info under one of these names says that it is over.\n",
    ]
    for module, title in _TABLES:
        known: Iterable[AlertInfo] = importlib.import_module(module).ALERTS
        rows = [
            f"`{info.name}` | {', '.join(info.severities)} | {info.meaning} | {info.remedy}"
            for info in known
        ]
        parts += [f"## {title}\n", table("alert|severity|meaning|what to do", rows)]
    return "\n".join(parts)
