"""Made-up leads as a CRM exports them: a table of contacts, and records of leads that are still to come."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from kits.lead_scoring._lead import WON, Value
from kits.lead_scoring._simulated.firm import LEAKS, MadeLead

ID, EMAIL, CREATED, STATUS, CLOSED = "lead_id", "email", "create_date", "lead_status", "close_date"
STATUS_WON, STATUS_LOST = "Customer", "Unqualified"


def write_contacts(path: Path, leads: Iterable[MadeLead]) -> int:
    """A CSV as sales would export it, with everything that was filled in later; how many rows."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = [contact_row(lead) for lead in leads]
        writer = csv.DictWriter(file, list(rows[0]) if rows else [])
        writer.writeheader()
        writer.writerows(rows)
    return len(rows)


def contact_row(lead: MadeLead) -> dict[str, Value]:
    """One row of the export."""
    return {
        ID: lead.id,
        EMAIL: f"person{lead.id}@firm{int(lead.id) % 997}.example",
        CREATED: lead.at.isoformat(timespec="minutes"),
        **lead.fields,
        **lead.later,
        STATUS: STATUS_WON if lead.outcome == WON else STATUS_LOST,
    }


def write_records(path: Path, leads: Iterable[MadeLead]) -> int:
    """JSON lines for `cloud-sync crm simulate --records`: what the CRM has now, and what will become of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [json.dumps(record(lead), ensure_ascii=False) + "\n" for lead in leads]
    path.write_text("".join(lines), encoding="utf-8")
    return len(lines)


def record(lead: MadeLead) -> Mapping[str, object]:
    """A lead as a CRM's record; nothing of it is known later than it came."""
    known = {name: value for name, value in lead.fields.items() if value is not None}
    return {
        "id": lead.id,
        "fields": {
            EMAIL: f"person{lead.id}@firm{int(lead.id) % 997}.example",
            CREATED: lead.at.isoformat(timespec="minutes"),
            **known,
        },
        "outcome": lead.outcome,
        "after_outcome": {name: lead.later[name] for name in LEAKS if lead.later[name] is not None},
    }
