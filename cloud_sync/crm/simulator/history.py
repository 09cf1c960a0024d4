"""Leads whose outcome is known, as a pretended CRM exports them: what a bundle is trained on before it is connected."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from pydantic import JsonValue

if TYPE_CHECKING:
    from cloud_sync.crm.simulator.simulator import Simulator


FIRST = 500_001
"""Number of the first lead: those of the pretended CRM itself count from 1, and are other people."""


def history_csv(simulator: Simulator, n: int, years: float) -> str:
    """So many leads of the last years, oldest first, as an export of this CRM shows them.

    What says how each ended is the CRM's own (`lifecyclestage`, `Status`, …); nothing in them is later than the lead's
    creation, but for that.
    """
    vendor = simulator.vendor
    identity, created = vendor.own_columns
    end = simulator.state.now()
    found = simulator.world.past(n, end - timedelta(days=365 * years), end)
    rows: list[dict[str, JsonValue]] = [
        {
            identity: vendor.make_id(number),
            created: lead.created_at.isoformat(timespec="seconds"),
            **vendor.export(
                {
                    **vendor.fresh(),
                    **vendor.fields(lead.columns),
                    **vendor.outcome("won" if lead.won else "lost", lead.decided_at),
                }
            ),
        }
        for number, lead in enumerate(found, FIRST)
    ]
    return _csv(rows)


def firms_csv(simulator: Simulator) -> str:
    """The firms that leads belong to, where this CRM exports them by themselves; empty: it shows them with leads."""
    rows = simulator.vendor.firms()
    return _csv(rows) if rows else ""


def _csv(rows: Sequence[Mapping[str, JsonValue]]) -> str:
    text = io.StringIO()
    columns = list(dict.fromkeys(name for row in rows for name in row))
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()
