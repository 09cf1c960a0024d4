"""Leads whose outcome is known, as a pretended CRM exports them: what a bundle is trained on before it is connected."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from typing import TYPE_CHECKING

from pydantic import JsonValue

if TYPE_CHECKING:
    from cloud_sync.crm.simulator.simulator import Simulator

ID, CREATED, DECIDED, OUTCOME = "record_id", "created_at", "decided_at", "outcome"


def history_csv(simulator: Simulator, n: int, years: float) -> str:
    """So many leads of the last years, oldest first; columns by the CRM's own names, `outcome` is won or lost."""
    end = simulator.state.now()
    found = simulator.world.past(n, end - timedelta(days=365 * years), end)
    rows: list[dict[str, JsonValue]] = [
        {
            ID: number,
            CREATED: lead.created_at.isoformat(timespec="seconds"),
            **simulator.vendor.export(simulator.vendor.fields(lead.columns)),
            DECIDED: lead.decided_at.isoformat(timespec="seconds"),
            OUTCOME: "won" if lead.won else "lost",
        }
        for number, lead in enumerate(found, 1)
    ]
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()
